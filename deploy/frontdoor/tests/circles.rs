//! Files of a crate do not import each other in circles, so that each can be read after those that it imports.

#[path = "common/sources.rs"]
mod sources;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use sources::{ELSEWHERE, FOLDERS, root};

/// Files that import each other, and the reason.
const CIRCLES: &[(&[&str], &str)] = &[(
    &["deploy/host/src/app.rs", "deploy/host/src/application.rs"],
    "an app hosts an application, and the demonstration of an application fills an app",
)];

/// A module: its path from the root of its crate.
type Module = Vec<String>;

fn crates(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
        if entry.join("src/lib.rs").is_file() || entry.join("src/main.rs").is_file() {
            found.push(entry.clone());
        } else if entry.is_dir() {
            crates(&entry, found);
        }
    }
}

fn modules(folder: &Path, path: &[String], found: &mut BTreeMap<Module, (PathBuf, String)>) {
    for file in std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
        let stem = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let inner: Module = path.iter().cloned().chain([stem.clone()]).collect();
        if file.is_dir() {
            modules(&file, &inner, found);
        } else if file.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&file).expect("text");
            let module = if ["lib", "main", "mod"].contains(&&*stem) { path.to_vec() } else { inner };
            found.insert(module, (file, code_of(&text)));
        }
    }
}

/// The text without comments and without its module of tests.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let text = text.split("#[cfg(test)]\nmod specs {").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Modules that only tests are built with.
fn test_modules(module: &Module, code: &str) -> Vec<Module> {
    let lines: Vec<&str> = code.lines().collect();
    let declared = lines.windows(2).filter(|pair| pair[0].trim().starts_with("#[cfg(") && !pair[0].contains("not("));
    let names = declared.filter_map(|pair| {
        let name = pair[1].trim().trim_start_matches("pub ").trim_start_matches("pub(crate) ").strip_prefix("mod ")?;
        Some(name.strip_suffix(';')?.to_owned())
    });
    names.map(|name| module.iter().cloned().chain([name]).collect()).collect()
}

/// The paths of all `use` declarations that are public (re-exports) or are not.
fn uses(code: &str, public: bool) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for statement in code.split(';') {
        let start = statement.lines().position(|line| {
            let line = line.trim_start();
            line.starts_with("use ") || (line.starts_with("pub") && line.contains(" use "))
        });
        let Some(start) = start else { continue };
        let declaration = statement.lines().skip(start).collect::<Vec<_>>().join(" ");
        let (visibility, tree) = declaration.split_once("use ").expect("a use");
        if visibility.trim().starts_with("pub") == public {
            expand(&mut Vec::new(), tree.trim(), &mut paths);
        }
    }
    paths
}

/// The paths of a tree such as `a::{b, c::d}`.
fn expand(prefix: &mut Vec<String>, tree: &str, paths: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    if let Some(group) = tree.strip_prefix('{') {
        let (mut depth, mut part) = (0_u32, String::new());
        for character in group.strip_suffix('}').unwrap_or(group).chars().chain([',']) {
            match character {
                ',' if depth == 0 => expand(prefix, &std::mem::take(&mut part), paths),
                _ => {
                    depth = (depth + u32::from(character == '{')).saturating_sub(u32::from(character == '}'));
                    part.push(character);
                }
            }
        }
        return;
    }
    match tree.split_once("::") {
        Some((head, rest)) => {
            prefix.push(head.trim().to_owned());
            expand(prefix, rest, paths);
            prefix.pop();
        }
        None if tree.is_empty() => {}
        None => {
            let name = tree.split(" as ").next().unwrap_or_default();
            paths.push(prefix.iter().cloned().chain([name.to_owned()]).collect());
        }
    }
}

/// The path from the root of the crate; `None` for another crate's.
fn absolute(module: &Module, path: &[String], files: &BTreeMap<Module, (PathBuf, String)>) -> Option<Vec<String>> {
    let ups = path.iter().take_while(|part| *part == "super").count();
    let child = module.iter().chain(path.first()).cloned().collect::<Module>();
    match path.first().map(String::as_str) {
        Some("crate") => Some(path[1..].to_vec()),
        Some("self") => Some(module.iter().chain(&path[1..]).cloned().collect()),
        Some("super") => Some(module[..module.len().checked_sub(ups)?].iter().chain(&path[ups..]).cloned().collect()),
        Some(_) if files.contains_key(&child) => Some(module.iter().chain(path).cloned().collect()),
        Some(_) | None => None,
    }
}

/// For each file of a crate, the files that it imports from.
fn imports(files: &BTreeMap<Module, (PathBuf, String)>) -> BTreeMap<Module, BTreeSet<Module>> {
    let mut exported: BTreeMap<(Module, String), Vec<String>> = BTreeMap::new();
    for (module, (_, code)) in files {
        for path in uses(code, true) {
            if let (Some(from), Some(name)) = (absolute(module, &path, files), path.last()) {
                exported.insert((module.clone(), name.clone()), from);
            }
        }
    }
    let resolve = |mut path: Vec<String>| {
        for _ in 0..5 {
            let length = (0..=path.len()).rev().find(|length| files.contains_key(&path[..*length]))?;
            let (module, rest) = (path[..length].to_vec(), path[length..].to_vec());
            match rest.first().and_then(|name| exported.get(&(module.clone(), name.clone()))) {
                Some(from) => path = from.iter().chain(&rest[1..]).cloned().collect(),
                None => return Some(module),
            }
        }
        None
    };
    let of = |(module, (_, code)): (&Module, &(PathBuf, String))| {
        let own = uses(code, false).into_iter().filter_map(|path| resolve(absolute(module, &path, files)?));
        (module.clone(), own.filter(|other| other != module).collect())
    };
    files.iter().map(of).collect()
}

/// The modules that a module imports, directly or through others.
fn reached(from: &Module, imports: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(module) = open.pop() {
        open.extend(imports[module].iter().filter(|next| seen.insert((*next).clone())));
    }
    seen
}

#[test]
fn files_do_not_import_each_other_in_circles() {
    let root = root();
    let mut folders = Vec::new();
    FOLDERS.iter().for_each(|folder| crates(&root.join(folder), &mut folders));
    folders.retain(|folder| !folder.starts_with(root.join(ELSEWHERE)));
    assert!(folders.len() > 15, "the crates were not found: {folders:?}");
    let (mut found, mut edges) = (BTreeSet::new(), 0);
    for folder in folders {
        let mut files = BTreeMap::new();
        modules(&folder.join("src"), &[], &mut files);
        let tests: Vec<Module> = files.iter().flat_map(|(module, (_, code))| test_modules(module, code)).collect();
        files.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
        let imports = imports(&files);
        edges += imports.values().map(BTreeSet::len).sum::<usize>();
        let reach: BTreeMap<&Module, BTreeSet<Module>> =
            imports.keys().map(|module| (module, reached(module, &imports))).collect();
        for module in imports.keys().filter(|module| reach[module].contains(*module)) {
            let circle = reach[module].iter().filter(|other| reach[other].contains(module));
            let name = |module: &Module| files[module].0.strip_prefix(&root).expect("inside").display().to_string();
            found.insert(circle.map(name).collect::<Vec<String>>());
        }
    }
    assert!(edges > 500, "the imports were not found: {edges}");
    let allowed: BTreeSet<Vec<String>> =
        CIRCLES.iter().map(|(files, _)| files.iter().map(|file| (*file).to_owned()).collect()).collect();
    assert_eq!(found, allowed);
}

#[test]
fn paths_are_read_from_use_declarations() {
    let code = "use a::{b, c::{d, e as f}};\npub use g::h;\nfn i() {}\n";
    let paths = |public| uses(code, public).iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(
        (paths(false), paths(true)),
        (vec!["a::b".into(), "a::c::d".into(), "a::c::e".into()], vec!["g::h".into()])
    );
}
