//! The example in README.md is a release without findings, and its cases pass.

use pathways::{Release, run_cases};

fn block(language: &str) -> &'static str {
    let (_, after) = include_str!("../README.md").split_once(&format!("```{language}\n")).expect("an example");
    after.split("```").next().expect("an end")
}

#[test]
fn the_example_is_in_order_and_its_cases_pass() {
    let release = Release::parse(block("json")).unwrap_or_else(|error| panic!("{error}"));
    let results = run_cases(&release, block("csv")).expect("a table");
    let failures: Vec<_> = results.iter().filter_map(|result| result.failure.as_deref()).collect();
    assert_eq!((results.len(), failures), (3, Vec::new()));
    let schema = serde_json::from_str(include_str!("../pathway.schema.json")).expect("JSON");
    let example = serde_json::from_str(block("json")).expect("JSON");
    assert!(jsonschema::draft202012::new(&schema).expect("a JSON Schema").is_valid(&example));
}
