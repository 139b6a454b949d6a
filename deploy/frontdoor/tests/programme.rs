//! `frontdoor programme`, as authors of programmes use it: its output and its exit codes.

use std::{path::Path, process::Command};

const EDITIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/programmes/editions");

/// Runs the command. Returns its exit code and its output.
fn programme(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_frontdoor")).arg("programme").args(arguments).output();
    let output = output.expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

/// Writes a copy of a file of the demonstration, in which one text is replaced.
fn changed(folder: &Path, name: &str, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(format!("{EDITIONS}/{name}")).expect("a file of the demonstration");
    assert!(text.contains(from), "{name} has {from}");
    let file = folder.join(name);
    std::fs::write(&file, text.replacen(from, to, 1)).expect("written");
    file.display().to_string()
}

#[test]
fn the_editions_of_the_demonstration_are_checked_and_tested() {
    for name in ["covid-19", "influenza", "mmr", "pneumococcal"] {
        let (edition, cases) = (format!("{EDITIONS}/{name}.1.json"), format!("{EDITIONS}/{name}.1.cases.csv"));
        let (code, text) = programme(&["check", &edition]);
        assert!(code == Some(0) && text.ends_with(": 0 findings\n"), "{code:?} {text}");
        let (code, text) = programme(&["test", &edition, &cases]);
        assert!(code == Some(0) && text.contains(" cases, 0 failed, 0 entries without a case"), "{code:?} {text}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_an_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let edition = format!("{EDITIONS}/mmr.1.json");
    let cases = format!("{EDITIONS}/mmr.1.cases.csv");
    let faulty = changed(folder.path(), "mmr.1.json", "\"until\": \"2035-12-31\"", "\"until\": \"2025-12-31\"");
    for task in [vec!["check", &faulty], vec!["test", &faulty, &cases]] {
        let (code, text) = programme(&task);
        assert!(code == Some(1) && text.contains("Campaign `children` begins on 2026-01-01, after"), "{code:?} {text}");
    }
    let failing = changed(folder.path(), "mmr.1.cases.csv", "not contraindicated", "not too-young");
    let (code, text) = programme(&["test", &edition, &failing]);
    assert!(
        code == Some(1) && text.contains("line ") && text.contains(" cases, 1 failed, 1 entries"),
        "{code:?} {text}"
    );
    assert!(text.contains("no case that passes tests contraindication `weak-immune-system`"), "{text}");

    let malformed = changed(folder.path(), "influenza.1.json", "\"seasons\"", "\"season\"");
    let missing = folder.path().join("none.json").display().to_string();
    for (task, why) in [
        (vec!["check", &malformed], "influenza.1.json: this is not an edition of a programme: "),
        (vec!["check", &missing], "none.json: No such file"),
        (vec!["test", &edition, &missing], "none.json: No such file"),
        (vec!["test", &edition, &edition], "mmr.1.json: line 2: "),
    ] {
        let (code, text) = programme(&task);
        assert!(code == Some(2) && text.contains(why), "{task:?}: {code:?} {text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn the_help_says_what_the_commands_do_and_what_the_columns_are() {
    let (code, text) = programme(&["--help"]);
    assert!(code == Some(0) && text.contains("Exits with 0 if all is well"), "{text}");
    let (code, text) = programme(&["test", "--help"]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let columns = "`case`, `born`, `cohorts`, `contraindications`, `doses`, `on`, `site` and `answer`";
    assert!(code == Some(0) && text.contains(columns), "{text}");
}
