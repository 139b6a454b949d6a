//! The two published lists: strict when they are read, and described by their JSON Schemas.

use crate::common::{CHECKED, at, contents, country, key, key_from, trust};
use passes::{
    PassContents, RevocationList, TrustList, UnreadableRevocations, UnreadableTrust, Uvci,
    trust_list::TrustListDocument,
};
use serde_json::{Value, json};

fn list() -> Value {
    let keys = trust(&[&key(1), &key_from(2, "2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z")]);
    serde_json::to_value(keys.document()).expect("JSON")
}

fn revocations() -> RevocationList {
    RevocationList::new(at(CHECKED), [contents().vaccination.uvci.revocation_hash()]).expect("a list")
}

/// Compares a schema with its file. With the variable `WRITE_SCHEMAS` it writes the file.
fn committed(schema: &schemars::Schema, file: &str) -> Value {
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    let made = serde_json::to_string_pretty(schema).expect("JSON") + "\n";
    if std::env::var_os("WRITE_SCHEMAS").is_some() {
        std::fs::write(&path, &made).expect("written");
    }
    let file = std::fs::read_to_string(&path).expect("the schema");
    assert_eq!(made, file, "`WRITE_SCHEMAS=1 cargo test --package passes --test documents` writes it");
    serde_json::from_str(&file).expect("JSON")
}

#[test]
fn the_lists_satisfy_their_json_schemas() {
    for (schema, file, document) in [
        (schemars::schema_for!(TrustListDocument), "trust-list.schema.json", list()),
        (
            schemars::schema_for!(RevocationList),
            "revocation-list.schema.json",
            serde_json::to_value(revocations()).expect("JSON"),
        ),
    ] {
        let schema = committed(&schema, file);
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{file}");
        let validator = jsonschema::draft202012::new(&schema).expect("a JSON Schema");
        let faults: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new(), "{file}");
        let mut unknown = document.clone();
        unknown["more"] = json!(1);
        assert!(!validator.is_valid(&unknown), "{file}");
    }
}

#[test]
fn a_trust_list_is_read_as_it_was_published() {
    let read = TrustList::parse(&list().to_string()).expect("a trust list");
    assert_eq!(read.document(), serde_json::from_value(list()).expect("a document"));
    assert_eq!(read.issued_at(), at("2026-01-01T00:00:00Z"));
    assert_eq!(list()["keys"][1]["country"], "GB");
    assert_eq!(list()["keys"][1]["validUntil"], "2027-01-31T00:00:00Z");
}

#[test]
fn a_trust_list_whose_members_disagree_with_a_certificate_is_refused() {
    for (member, value) in [
        ("kid", json!("AAAAAAAAAAA=")),
        ("country", json!("FR")),
        ("publicKey", list()["keys"][0]["publicKey"].clone()),
        ("validFrom", json!("2025-01-01T00:00:00Z")),
        ("validUntil", json!("2099-01-01T00:00:00Z")),
    ] {
        let mut changed = list();
        changed["keys"][1][member] = value;
        match TrustList::parse(&changed.to_string()) {
            Err(UnreadableTrust::Differs { at: 1, member: found }) => assert_eq!(found, member),
            other => panic!("{member}: {other:?}"),
        }
    }
    let mut other = list();
    other["keys"][0]["certificate"] = json!("AAAA");
    assert!(matches!(TrustList::parse(&other.to_string()), Err(UnreadableTrust::Key { at: 0, .. })));
}

#[test]
fn a_list_that_is_incomplete_or_too_long_is_refused() {
    for change in [
        |list: &mut Value| list["more"] = json!(1),
        |list: &mut Value| drop(list.as_object_mut().expect("an object").remove("issuedAt")),
        |list: &mut Value| drop(list["keys"][0].as_object_mut().expect("an object").remove("publicKey")),
        |list: &mut Value| list["keys"][0]["more"] = json!(1),
    ] {
        let mut changed = list();
        change(&mut changed);
        assert!(matches!(TrustList::parse(&changed.to_string()), Err(UnreadableTrust::Malformed(_))), "{changed}");
    }
    let mut long = list();
    long["keys"] = vec![list()["keys"][0].clone(); 101].into();
    assert!(matches!(TrustList::parse(&long.to_string()), Err(UnreadableTrust::TooMany(101))));
    assert!(matches!(TrustList::parse(&" ".repeat(1024 * 1024 + 1)), Err(UnreadableTrust::TooLong)));

    for text in
        ["{}", r#"{"issuedAt": "2026-11-28T08:00:00Z", "revoked": ["AAAA"]}"#, r#"{"issuedAt": "x", "revoked": []}"#]
    {
        assert!(matches!(RevocationList::parse(text), Err(UnreadableRevocations::Malformed(_))), "{text}");
    }
    assert!(matches!(RevocationList::parse(&" ".repeat(8 * 1024 * 1024 + 1)), Err(UnreadableRevocations::TooLong)));
    let many =
        (0..=200_000).map(|n| Uvci::new(country("GB"), &format!("{n}")).expect("an identifier").revocation_hash());
    assert!(matches!(RevocationList::new(at(CHECKED), many), Err(UnreadableRevocations::TooMany(200_001))));
}

#[test]
fn a_revocation_list_holds_the_first_16_bytes_of_the_hash_of_the_identifier() {
    let text = serde_json::to_string(&revocations()).expect("JSON");
    // printf %s URN:UVCI:01:GB:DADFCC47C7334E45A906DB12FD859FB7#N | sha256sum
    assert_eq!(text, r#"{"issuedAt":"2026-11-28T08:00:00Z","revoked":["iuTjR+QD+VYEEXduDr6XIg=="]}"#);
    assert_eq!(RevocationList::parse(&text).expect("a list"), revocations());
    assert!(revocations().has(&contents().vaccination.uvci) && revocations().len() == 1);
}

#[test]
fn contents_are_written_and_read_as_json_and_unknown_members_are_refused() {
    let json = serde_json::to_value(contents()).expect("JSON");
    assert_eq!(serde_json::from_value::<PassContents>(json.clone()).expect("contents"), contents());
    for pointer in ["", "/name", "/vaccination"] {
        let mut changed = json.clone();
        changed.pointer_mut(pointer).expect("an object")["more"] = json!(1);
        assert!(serde_json::from_value::<PassContents>(changed).is_err(), "{pointer}");
    }
}

#[test]
fn the_example_of_the_readme_is_issued() {
    let readme = include_str!("../../README.md");
    let example = readme.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let example: PassContents = serde_json::from_str(example).expect("contents");
    assert!(passes::issue(&key(1), &example).is_ok());
}
