//! The rules of CONTRIBUTING.md that a machine can check: a type name is used once, and comments name things.

#[path = "common/sources.rs"]
mod sources;

use std::collections::BTreeMap;

use sources::{ELSEWHERE, FOLDERS, root, rust_files};

/// A type name that has to be used more than once, and the reason.
const TWICE: &[(&str, &str)] = &[];

/// The maximum share, in percent, of comment lines that contain one of these words or begin with a question.
const QUESTIONS_PERCENT_MAX: f64 = 1.0;
const PEOPLE: &[&str] = &["who", "whom", "whose", "whoever", "nobody", "somebody", "everybody"];
const QUESTIONS: &[&str] = &["What", "Who", "Whether"];

fn sources() -> Vec<(String, String)> {
    let root = root();
    let mut files = Vec::new();
    FOLDERS.iter().for_each(|folder| rust_files(&root.join(folder), &mut files));
    let named = files.into_iter().map(|file| {
        let text = std::fs::read_to_string(&file).expect("text");
        (file.strip_prefix(&root).expect("inside").display().to_string(), text)
    });
    named.filter(|(name, _)| !name.starts_with(ELSEWHERE)).collect()
}

/// The name of the type that a line of code defines, where it begins in the first column.
fn defined(line: &str) -> Option<&str> {
    let line = match line.strip_prefix("pub") {
        Some(rest) => {
            rest.strip_prefix("(crate)").or(rest.strip_prefix("(super)")).unwrap_or(rest).strip_prefix(' ')?
        }
        None => line,
    };
    let (kind, rest) = line.split_once(' ')?;
    ["struct", "enum", "trait", "type"].contains(&kind).then_some(())?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    Some(&rest[..end]).filter(|name| !name.is_empty())
}

#[test]
fn a_type_name_is_used_once_in_the_workspace() {
    let mut files_of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, text) in sources() {
        let is_test = file.contains("/tests/") || file.ends_with("tests.rs") || file.ends_with("testing.rs");
        if is_test {
            continue;
        }
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for name in code.lines().filter_map(defined) {
            files_of.entry(name.to_owned()).or_default().push(file.clone());
        }
    }
    assert!(files_of.len() > 300, "the types were not found: {}", files_of.len());
    let twice = files_of.iter().filter(|(_, files)| files.len() > 1);
    let (allowed, others): (Vec<_>, Vec<_>) =
        twice.partition(|(name, _)| TWICE.iter().any(|(allowed, _)| allowed == name));
    assert!(others.is_empty(), "a type name means two things: {others:#?}");
    assert_eq!(allowed.len(), TWICE.len(), "an exception is not needed any more");
}

/// The text of a comment line, or of the comment at a line's end.
fn comment(line: &str) -> Option<&str> {
    let text = match line.trim_start().strip_prefix("//") {
        Some(text) => text,
        None => {
            [";", "{", ",", ")", "}"].iter().find_map(|end| line.split_once(&format!("{end} // "))).map(|(_, t)| t)?
        }
    };
    Some(text.trim_start_matches(['/', '!']).trim_start())
}

fn asks(comment: &str) -> bool {
    let words = comment.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_lowercase);
    let first = comment.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    QUESTIONS.contains(&first) || words.into_iter().any(|word| PEOPLE.contains(&&*word))
}

#[test]
fn comments_name_things() {
    let (mut all, mut asking) = (0_u32, Vec::new());
    for (file, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            let Some(comment) = comment(line) else { continue };
            all += 1;
            if asks(comment) {
                asking.push(format!("{file}:{}: {comment}", number + 1));
            }
        }
    }
    let percent = 100.0 * asking.len() as f64 / f64::from(all);
    assert!(all > 3_000 && percent < QUESTIONS_PERCENT_MAX, "{percent:.2} % of {all} lines: {asking:#?}");
}

#[test]
fn the_rules_are_checked_on_what_they_are_meant_for() {
    assert_eq!(defined("pub(crate) struct LogInner {"), Some("LogInner"));
    assert_eq!(defined("type Answer = u8;"), Some("Answer"));
    assert_eq!(defined("    struct Nested;"), None);
    assert!(asks("Whether it is so.") && asks("A caller whose token is old.") && !asks("The whole log."));
    assert_eq!(comment("    let x = 1; // The first one."), Some("The first one."));
    assert_eq!(comment("let url = \"http://localhost\";"), None);
}
