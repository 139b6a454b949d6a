//! `frontdoor pathway`, as authors of pathways use it: its output and its exit codes.

use std::{path::Path, process::Command};

const RELEASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/pathways/releases");

/// Runs the command. Returns its exit code and its output.
fn pathway(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_frontdoor")).arg("pathway").args(arguments).output();
    let output = output.expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

/// Writes a copy of a file of the demonstration, in which one text is replaced.
fn changed(folder: &Path, name: &str, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(format!("{RELEASES}/{name}")).expect("a file of the demonstration");
    assert!(text.contains(from), "{name} has {from}");
    let file = folder.join(name);
    std::fs::write(&file, text.replacen(from, to, 1)).expect("written");
    file.display().to_string()
}

#[test]
fn the_releases_of_the_demonstration_are_checked_tested_and_drawn() {
    for pathway_name in ["headache", "abdominal-pain", "child-fever", "chest-pain", "minor-skin-problem"] {
        let (release, cases) =
            (format!("{RELEASES}/{pathway_name}.1.json"), format!("{RELEASES}/{pathway_name}.1.cases.csv"));
        let (code, text) = pathway(&["check", &release]);
        assert!(code == Some(0) && text.ends_with(": 0 findings\n"), "{code:?} {text}");
        let (code, text) = pathway(&["test", &release, &cases]);
        assert!(code == Some(0) && text.contains(" cases, 0 failed, 0 outcomes without a case"), "{code:?} {text}");
        let (code, text) = pathway(&["graph", &release]);
        assert!(code == Some(0) && text.starts_with("flowchart"), "{code:?} {text}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_an_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let release = format!("{RELEASES}/headache.1.json");
    let cases = format!("{RELEASES}/headache.1.cases.csv");
    let faulty = changed(folder.path(), "headache.1.json", "\"redFlag\": true", "\"redFlag\": false");
    for task in [vec!["check", &faulty], vec!["test", &faulty, &cases]] {
        let (code, text) = pathway(&task);
        assert!(code == Some(1) && text.contains("red flag"), "{code:?} {text}");
    }
    let failing = changed(folder.path(), "headache.1.cases.csv", "call-999", "self-care");
    let (code, text) = pathway(&["test", &release, &failing]);
    assert!(code == Some(1) && text.contains("line ") && text.contains("1 failed"), "{code:?} {text}");

    let malformed = changed(folder.path(), "chest-pain.1.json", "\"questions\"", "\"question\"");
    let missing = folder.path().join("none.json").display().to_string();
    for (task, why) in [
        (vec!["check", &malformed], "chest-pain.1.json: this is not a release of a pathway: "),
        (vec!["check", &missing], "none.json: No such file"),
        (vec!["test", &release, &missing], "none.json: No such file"),
        (vec!["test", &release, &release], "headache.1.json: line 2: "),
    ] {
        let (code, text) = pathway(&task);
        assert!(code == Some(2) && text.contains(why), "{task:?}: {code:?} {text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}
