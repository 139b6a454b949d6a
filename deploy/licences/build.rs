//! Collects what the binary `frontdoor` is made of: the crates that cargo resolves for it, the C and C++ code in some of them, and
//! the libraries of the system that are linked. Their notices are read from the sources that cargo has fetched.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use serde_json::{Value, json};

/// The package whose dependencies are collected.
const BINARY: &str = "frontdoor";
/// Beginnings of the names of files with notices.
const NOTICES: [&str; 6] = ["license", "licence", "copying", "notice", "unlicense", "copyright"];
/// The folders below a crate in which notices of vendored code are.
const VENDORED_DEPTH_MAX: usize = 2;
/// Notices are texts of some kilobytes; other files with such names are not notices.
const NOTICE_BYTES_MAX: u64 = 256 * 1024;

/// Code in C that a crate brings along: crate, library, licence, its folder there, and how to find its version.
const VENDORED: [(&str, &str, &str, &str, Version); 5] = [
    ("aws-lc-sys", "AWS-LC", "Apache-2.0 OR ISC", "aws-lc", Version::OfCrate),
    (
        "libmimalloc-sys",
        "mimalloc (C library)",
        "MIT",
        "c_src/mimalloc/v3",
        Version::Defined("include/mimalloc.h", "MI_MALLOC_VERSION"),
    ),
    ("libsqlite3-sys", "SQLite", "blessing", "sqlite3", Version::Defined("sqlite3.h", "SQLITE_VERSION")),
    ("rdkafka-sys", "librdkafka", "BSD-2-Clause", "librdkafka", Version::AfterPlus),
    ("zstd-sys", "Zstandard", "BSD-3-Clause", "zstd", Version::AfterPlus),
];
/// The notice of code that is in the public domain and has no file that says so.
const PUBLIC_DOMAIN: &str = "The authors disclaim copyright to this source code.";
/// Libraries that are linked from the machine on which the binary is built. Their versions are those of that machine.
const OF_THE_SYSTEM: [(&str, &str, &str); 3] = [
    ("OpenSSL", "Apache-2.0", "The TLS of the Kafka client. Copyright The OpenSSL Project Authors."),
    (
        "GNU C Library",
        "LGPL-2.1-or-later",
        "The C library. The image is linked with it statically; with the sources and `make image` anybody can link it with another one.",
    ),
    ("libgcc", "GPL-3.0-or-later WITH GCC-exception-3.1", "Support of the compiler. The exception allows any use."),
];
/// Files of other projects that the binary embeds: package of npm, licence, its folder, and its notice, which the package lacks.
const EMBEDDED: [(&str, &str, &str, &str); 1] = [(
    "nhsuk-frontend",
    "MIT",
    "../../query-side/pages/node_modules/nhsuk-frontend",
    include_str!("nhsuk-frontend.txt"),
)];

/// How the version of a vendored library is found.
enum Version {
    /// That of the crate.
    OfCrate,
    /// The part of the crate's version after the plus sign.
    AfterPlus,
    /// A `#define` in this header.
    Defined(&'static str, &'static str),
}

struct Component {
    name: String,
    version: String,
    licence: String,
    /// The package URL, for crates.
    url: Option<String>,
    notices: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    for changed in ["build.rs", "../../Cargo.lock", "../../query-side/pages/package-lock.json"] {
        println!("cargo::rerun-if-changed={changed}");
    }
    let metadata = MetadataCommand::new()
        .manifest_path("../../Cargo.toml")
        .features(CargoOpt::AllFeatures)
        .other_options(["--locked", "--filter-platform", &env::var("TARGET")?].map(str::to_owned))
        .exec()?;
    let mut components = Vec::new();
    for package in linked(&metadata)? {
        components.extend(of_crate(package)?);
    }
    for (name, licence, notice) in OF_THE_SYSTEM {
        components.push(Component {
            name: name.to_owned(),
            version: "of the system".to_owned(),
            licence: licence.to_owned(),
            url: None,
            notices: vec![notice.to_owned()],
        });
    }
    for (name, licence, folder, notice) in EMBEDDED {
        let Ok(package) = fs::read_to_string(Path::new(folder).join("package.json")) else {
            println!("cargo::error={name} is not there: `make styles` fetches it (from npm)");
            return Ok(());
        };
        let package: Value = serde_json::from_str(&package)?;
        let version = package["version"].as_str().unwrap_or_default().to_owned();
        let url = Some(format!("pkg:npm/{name}@{version}"));
        let notices = vec![notice.trim().to_owned()];
        components.push(Component { name: name.to_owned(), version, licence: licence.to_owned(), url, notices });
    }
    borrow_notices(&mut components);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("components.txt"), list(&components, "\t"))?;
    fs::write(out.join("licences.txt"), text(&components))?;
    fs::write(out.join("sbom.json"), serde_json::to_string_pretty(&bill(&components))?)?;
    Ok(())
}

/// The packages of others that are linked into the binary, or whose macros write its code.
fn linked(metadata: &Metadata) -> Result<Vec<&Package>, Box<dyn Error>> {
    let resolved = metadata.resolve.as_ref().ok_or("cargo has resolved nothing")?;
    let nodes: BTreeMap<&PackageId, _> = resolved.nodes.iter().map(|node| (&node.id, node)).collect();
    let binary = metadata.workspace_packages().into_iter().find(|package| *package.name == *BINARY);
    let mut open = vec![&binary.ok_or("the binary's package is not there")?.id];
    let mut seen: BTreeSet<&PackageId> = open.iter().copied().collect();
    while let Some(id) = open.pop() {
        for dependency in &nodes.get(id).ok_or("a package is not resolved")?.deps {
            let is_linked = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if is_linked && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    let mut others: Vec<&Package> =
        metadata.packages.iter().filter(|package| seen.contains(&package.id) && package.source.is_some()).collect();
    others.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(others)
}

/// A crate, and what it brings along.
fn of_crate(package: &Package) -> Result<Vec<Component>, Box<dyn Error>> {
    let folder = package.manifest_path.parent().ok_or("a manifest has no folder")?.as_std_path();
    let (name, version) = (package.name.to_string(), package.version.to_string());
    let licence = package.license.clone().unwrap_or_else(|| "in its notice".to_owned());
    let mut found = vec![Component {
        url: Some(format!("pkg:cargo/{name}@{version}")),
        notices: notices(folder, 0)?,
        name,
        version,
        licence,
    }];
    for (_, library, licence, place, way) in VENDORED.iter().filter(|(of, ..)| *of == package.name.as_str()) {
        let folder = folder.join(place);
        let version = match way {
            Version::OfCrate => package.version.to_string(),
            Version::AfterPlus => package.version.build.trim_start_matches("zstd.").to_owned(),
            Version::Defined(header, name) => defined(&folder.join(header), name)?,
        };
        let mut notices = notices(&folder, VENDORED_DEPTH_MAX)?;
        if notices.is_empty() {
            notices.push(PUBLIC_DOMAIN.to_owned());
        }
        let (name, licence) = ((*library).to_owned(), (*licence).to_owned());
        found.push(Component { name, version, licence, url: None, notices });
    }
    Ok(found)
}

/// The texts of the files with notices in a folder, and in those below it down to this depth.
fn notices(folder: &Path, depth: usize) -> Result<Vec<String>, Box<dyn Error>> {
    let mut found = Vec::new();
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (kind, name) = (entry.metadata()?, entry.file_name().to_string_lossy().to_lowercase());
        let is_notice = NOTICES.iter().any(|notice| name.starts_with(notice)) && !name.ends_with(".rs");
        if kind.is_dir() && (depth > 0 || is_notice) {
            found.extend(notices(&entry.path(), depth.saturating_sub(1))?);
        } else if kind.is_file() && is_notice && kind.len() <= NOTICE_BYTES_MAX {
            let text = String::from_utf8_lossy(&fs::read(entry.path())?).trim().replace("\r\n", "\n");
            if !text.is_empty() && !found.contains(&text) {
                found.push(text);
            }
        }
    }
    Ok(found)
}

/// The version that a header defines, as text or as a number with two digits for each part after the first.
fn defined(header: &Path, name: &str) -> Result<String, Box<dyn Error>> {
    let text = fs::read_to_string(header)?;
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("#define ")?.trim_start().strip_prefix(name));
    let value = lines.find_map(|rest| rest.strip_prefix(char::is_whitespace)?.split_whitespace().next());
    let value = value.ok_or_else(|| format!("{}: no {name}", header.display()))?;
    Ok(match value.parse::<u32>() {
        Ok(number) => format!("{}.{}.{}", number / 10_000, number / 100 % 100, number % 100),
        Err(_) => value.trim_matches('"').to_owned(),
    })
}

/// Some crates of a family have no file with their licence. They get the notices of another crate whose name begins alike and whose
/// licence is the same; the others keep none, and are listed with the name of their licence.
fn borrow_notices(components: &mut [Component]) {
    let family = |name: &str| name.split(['-', '_']).next().unwrap_or_default().to_owned();
    let known: BTreeMap<(String, String), Vec<String>> = components
        .iter()
        .filter(|component| !component.notices.is_empty())
        .map(|component| ((family(&component.name), component.licence.clone()), component.notices.clone()))
        .collect();
    for component in components.iter_mut().filter(|component| component.notices.is_empty()) {
        if let Some(notices) = known.get(&(family(&component.name), component.licence.clone())) {
            component.notices.clone_from(notices);
        }
    }
}

/// A line for each component, with its licence after this separator.
fn list(components: &[Component], separator: &str) -> String {
    let line = |Component { name, version, licence, .. }: &Component| format!("{name} {version}{separator}{licence}\n");
    components.iter().map(line).collect()
}

/// The list of components, and each notice once, with the components that it is of.
fn text(components: &[Component]) -> String {
    let mut text = String::from("Frontdoor is under the Apache License, Version 2.0. It is made with:\n\n");
    text += &list(components, ": ");
    let mut owners: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for component in components {
        for notice in &component.notices {
            owners.entry(notice).or_default().push(format!("{} {}", component.name, component.version));
        }
    }
    let mut sorted: Vec<(&str, Vec<String>)> = owners.into_iter().collect();
    sorted.sort_by(|a, b| a.1.cmp(&b.1));
    for (notice, of) in sorted {
        text += &format!("\n{}\n{}\n\n{notice}\n", "-".repeat(80), of.join(", "));
    }
    text
}

/// The bill of materials as CycloneDX 1.6.
fn bill(components: &[Component]) -> Value {
    let of = |component: &Component| {
        let mut entry = json!({
            "type": "library",
            "name": component.name,
            "version": component.version,
            "licenses": [{"expression": component.licence}],
        });
        if let Some(url) = &component.url {
            entry["purl"] = json!(url);
            entry["bom-ref"] = json!(url);
        }
        entry
    };
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {
            "type": "application",
            "name": BINARY,
            "version": version,
            "licenses": [{"expression": "Apache-2.0"}],
        }},
        "components": components.iter().map(of).collect::<Vec<_>>(),
    })
}
