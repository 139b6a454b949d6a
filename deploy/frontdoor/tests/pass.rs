//! `frontdoor pass`, as an issuer and a verifier use it: its output, its exit codes, and what it keeps to itself.

#[path = "common/pass_files.rs"]
mod pass_files;

use std::{os::unix::fs::PermissionsExt, path::Path};

use pass_files::{HOLDER, Issuer, run};

/// A time for which no key of the tests is valid.
const OUTSIDE: &str = "2020-01-01T00:00:00Z";

/// The file of the key that begins on a day.
fn key_file(issuer: &Issuer, day: &str) -> String {
    let entries = std::fs::read_dir(issuer.path("keys")).expect("a folder");
    let mut files = entries.map(|entry| entry.expect("a file").path().display().to_string());
    let begins = format!("\"validFrom\": \"{day}");
    let list = |file: &str| run(&["pass", "trust-list", "--keys", file, "--at", "2026-11-01T00:00:00Z"]).1;
    files.find(|file| list(file).contains(&begins)).expect("a key of that day")
}

/// Everything that the tests' holder must not see printed.
fn assert_nothing_personal(text: &str) {
    for personal in [HOLDER.surname, HOLDER.born, HOLDER.uvci, "840539006", "MUSTERMANN"] {
        assert!(!text.contains(personal), "{personal} is printed: {text}");
    }
}

#[test]
fn a_pass_is_issued_and_accepted_and_its_contents_are_shown_on_request_alone() {
    let issuer = Issuer::new("2026-11-01T00:00:00Z");
    let pass = issuer.pass("2026-11-27T08:00:00Z");
    let (code, text) = issuer.check(&pass, "2026-11-28T08:00:00Z", &[]);
    assert_eq!(
        (code, text.as_str()),
        (Some(0), "accepted: issued 2026-11-27T08:00:00Z, expires 2026-12-27T08:00:00Z\n")
    );
    assert_nothing_personal(&text);
    let (code, text) = issuer.check(&pass, "2026-11-28T08:00:00Z", &["--show"]);
    assert!(code == Some(0) && text.contains(HOLDER.surname) && text.contains(HOLDER.born), "{text}");
}

#[test]
fn a_refused_pass_is_refused_in_one_line_with_its_reason_and_exit_code_1() {
    let issuer = Issuer::new("2026-11-01T00:00:00Z");
    let pass = issuer.pass("2026-11-27T08:00:00Z");
    let now = "2026-11-28T08:00:00Z";
    let other = Issuer::new("2026-11-01T00:00:00Z").pass("2026-11-27T08:00:00Z");
    let other_character = if &pass[300..301] == "A" { "B" } else { "A" };
    let tampered = format!("{}{other_character}{}", &pass[..300], &pass[301..]);
    for (pass, now, why) in [
        (&pass, "2026-12-27T08:00:00Z", "the pass has expired"),
        (&pass, "2026-11-27T07:00:00Z", "the pass is not valid yet"),
        (&other, now, "the key is not on the trust list"),
        (&tampered, now, "the compressed data is damaged"),
        (&"a text".to_owned(), now, "the text does not begin with HC1:"),
    ] {
        assert_eq!(issuer.check(pass, now, &[]), (Some(1), format!("refused: {why}\n")), "{why}");
        assert_nothing_personal(&issuer.check(pass, now, &["--show"]).1);
    }
    issuer.revoke(HOLDER.uvci);
    assert_eq!(issuer.check(&pass, now, &[]), (Some(1), "refused: the pass was revoked\n".to_owned()));
}

#[test]
fn a_key_is_in_a_file_that_only_its_user_can_read_and_is_never_overwritten() {
    let issuer = Issuer::new("2026-11-01T00:00:00Z");
    let folder = issuer.folder.path().join("keys");
    let files: Vec<_> =
        std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    let mode = |path: &Path| std::fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(file)), (0o700, 0o600));
    assert!(issuer.made.contains("signs passes from 2026-11-01T00:00:00Z to 2027-11-01T00:00:00Z"), "{}", issuer.made);
    assert!(
        issuer.made.contains("valid until 2027-12-01T00:00:00Z") && !issuer.made.contains("PRIVATE"),
        "{}",
        issuer.made
    );
    let list = issuer.trust_list("2026-11-01T00:00:00Z");
    assert!(list.contains("\"country\": \"GB\"") && !list.contains("PRIVATE"), "{list}");
}

#[test]
fn a_second_key_takes_over_and_the_passes_of_the_first_stay_valid() {
    let issuer = Issuer::new("2026-11-01T00:00:00Z");
    let old = issuer.pass("2026-11-27T08:00:00Z");
    issuer.add_key("2026-12-01T00:00:00Z");
    let new = issuer.pass("2026-12-02T08:00:00Z");
    let now = "2026-12-03T00:00:00Z";
    issuer.trust_list(now);
    assert_eq!((issuer.check(&old, now, &[]).0, issuer.check(&new, now, &[]).0), (Some(0), Some(0)));
    assert_eq!(issuer.pass("2026-11-27T08:00:00Z"), old, "the same key signs it again");
    // The key of the second pass alone.
    let taken = run(&["pass", "trust-list", "--keys", &key_file(&issuer, "2026-12-01"), "--at", now]).1;
    std::fs::write(issuer.path("trust.json"), taken).expect("written");
    assert_eq!((issuer.check(&old, now, &[]).0, issuer.check(&new, now, &[]).0), (Some(1), Some(0)));
}

#[test]
fn what_cannot_be_read_is_said_with_its_place_and_exit_code_2() {
    let issuer = Issuer::new("2026-11-01T00:00:00Z");
    let pass = issuer.pass("2026-11-27T08:00:00Z");
    let (trust, revoked, keys) = (issuer.path("trust.json"), issuer.path("revoked.json"), issuer.path("keys"));
    let file = issuer.path("pass.txt");
    std::fs::write(&file, pass).expect("written");
    let wrong = issuer.path("wrong.json");
    std::fs::write(&wrong, "{\"vaccination\": 1}").expect("written");
    let bad_uvci = issuer.path("bad.txt");
    std::fs::write(&bad_uvci, format!("{}\nURN:UVCI:01:GB:A#A\n", HOLDER.uvci)).expect("written");
    for (task, why) in [
        (vec!["check", &file, "--trust", &revoked, "--revoked", &revoked], "revoked.json: this is not a trust list: "),
        (vec!["check", &file, "--trust", &trust, "--revoked", &trust], "trust.json: this is not a revocation list: "),
        (vec!["check", "/nowhere", "--trust", &trust, "--revoked", &revoked], "/nowhere: No such file"),
        (vec!["issue", "--keys", &keys, "--contents", &wrong], "wrong.json: "),
        (vec!["issue", "--keys", &trust, "--contents", &issuer.path("contents.json")], "trust.json: it is not PEM"),
        (vec!["trust-list", "--keys", issuer.folder.path().to_str().expect("text")], "there is no certificate"),
        (vec!["revocation-list", &bad_uvci], "bad.txt: line 2: the check character after # is wrong"),
    ] {
        let (code, text) = run(&[&["pass"], &task[..]].concat());
        assert!(code == Some(2) && text.contains(why) && text.lines().count() == 1, "{task:?}: {code:?} {text}");
        assert_nothing_personal(&text);
    }
    let outside = issuer.write_contents(OUTSIDE);
    let (code, text) = run(&["pass", "issue", "--keys", &keys, "--contents", &outside]);
    assert!(code == Some(2) && text.contains("no key is valid from the pass's issue"), "{code:?} {text}");
}
