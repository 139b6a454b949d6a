//! The example in README.md is a programme without findings, and its cases pass.

use programmes::{Programme, cases::untested, run_cases};

fn block(language: &str) -> &'static str {
    let (_, after) = include_str!("../README.md").split_once(&format!("```{language}\n")).expect("an example");
    after.split("```").next().expect("an end")
}

#[test]
fn the_example_is_in_order_and_its_cases_pass() {
    let programme = Programme::parse(block("json")).unwrap_or_else(|error| panic!("{error}"));
    let results = run_cases(&programme, block("csv")).expect("a table");
    let failures: Vec<_> = results.iter().filter_map(|result| result.failure.as_deref()).collect();
    assert_eq!((results.len(), failures), (4, Vec::new()));
    assert_eq!(untested(&programme, &results), ["dose 2", "contraindication `allergic-reaction`"]);
    let schema = serde_json::from_str(include_str!("../programme.schema.json")).expect("JSON");
    let example = serde_json::from_str(block("json")).expect("JSON");
    assert!(jsonschema::draft202012::new(&schema).expect("a JSON Schema").is_valid(&example));
}

#[test]
fn every_obstacle_is_in_the_table() {
    let (_, table) = include_str!("../README.md").split_once("| `why` | Obstacle |").expect("the table");
    for table_of_cases in
        [include_str!("../editions/covid-19.1.cases.csv"), include_str!("../editions/mmr.1.cases.csv")]
    {
        for line in table_of_cases.lines().skip(1).filter(|line| line.contains(",not")) {
            let code = line.rsplit(' ').next().expect("an answer");
            assert!(table.contains(&format!("`{code}`")), "{code}");
        }
    }
}
