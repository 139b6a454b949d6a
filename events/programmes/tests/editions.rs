//! The demonstration programmes: in order, tested by their cases, unchanged since they were released.

use std::{collections::BTreeSet, sync::LazyLock};

use programmes::{
    AgeLimit, ContentHash, EDITIONS, Eligibility, Obstacle, Programme, ProgrammeCatalogue, ProgrammeDocument,
    cases::untested, check, run_cases,
};
use serde_json::Value;

/// The content hash of each edition that was ever published. A line never changes: a correction is another edition.
const RELEASED: &str = include_str!("../editions/hashes.txt");

const CASES: [&str; 4] = [
    include_str!("../editions/covid-19.1.cases.csv"),
    include_str!("../editions/influenza.1.cases.csv"),
    include_str!("../editions/mmr.1.cases.csv"),
    include_str!("../editions/pneumococcal.1.cases.csv"),
];

fn editions() -> &'static [Programme; 4] {
    static PARSED: LazyLock<[Programme; 4]> = LazyLock::new(|| {
        EDITIONS.map(|(name, text)| Programme::parse(text).unwrap_or_else(|error| panic!("{name}: {error}")))
    });
    &PARSED
}

#[test]
fn the_editions_have_no_findings() {
    for (name, text) in EDITIONS {
        let document = ProgrammeDocument::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let sentences: Vec<_> = check(&document).iter().map(ToString::to_string).collect();
        assert_eq!(sentences, Vec::<String>::new(), "{name}");
        assert_eq!(name, format!("{}.{}", document.programme, document.edition));
    }
    let services: Vec<_> = editions().iter().map(Programme::service_type).collect();
    let known = ["vaccination-covid-19", "vaccination-influenza", "vaccination-mmr", "vaccination-pneumococcal"];
    assert_eq!(services, known);
}

#[test]
fn the_cases_pass_and_meet_every_campaign_dose_and_contraindication() {
    for (programme, table) in editions().iter().zip(CASES) {
        let results = run_cases(programme, table).unwrap_or_else(|error| panic!("{}: {error}", programme.id()));
        let failures: Vec<_> = results.iter().filter_map(|result| result.failure.as_deref()).collect();
        assert_eq!(failures, Vec::<&str>::new(), "{}", programme.id());
        assert!(results.len() >= 20, "{}", programme.id());
        assert_eq!(untested(programme, &results), Vec::<String>::new(), "{}", programme.id());
    }
}

#[test]
fn the_cases_together_meet_every_obstacle_that_a_programme_can_have() {
    let answers: BTreeSet<&str> = CASES
        .iter()
        .flat_map(|table| table.lines().skip(1))
        .filter_map(|line| line.rsplit([',', ' ']).next())
        .collect();
    for code in [
        "contraindicated",
        "unknown-contraindication",
        "deferred-without-day",
        "deferred",
        "course-complete",
        "too-young",
        "too-soon",
        "campaign-over",
        "not-in-group",
        "not-of-age-yet",
        "campaign-not-begun",
        "had-in-campaign",
        "not-at-site",
    ] {
        assert!(answers.contains(code), "{code}");
    }
}

#[test]
fn an_edition_is_never_changed() {
    let published: Vec<_> = RELEASED.lines().map(|line| line.split_once("  ").expect("a hash and a name")).collect();
    let present: Vec<_> = editions()
        .iter()
        .map(|edition| (edition.content_hash(), format!("{}.{}", edition.id(), edition.edition())))
        .collect();
    assert_eq!(published.len(), present.len());
    for (hash, name) in &present {
        let published = published.iter().find(|(_, published)| published == name).map(|(hash, _)| *hash);
        assert_eq!(published, Some(hash.to_string().as_str()), "{name}");
    }
}

#[test]
fn a_later_edition_changes_no_answer_of_an_earlier_one() {
    let (earlier, text) = (&editions()[0], EDITIONS[0].1);
    let shortened = text
        .replace("\"until\": \"2027-03-31\"", "\"until\": \"2026-11-01\"")
        .replace("\"edition\": 1", "\"edition\": 2");
    let later = Programme::parse(&shortened).expect("in order");
    let table = CASES[0].lines().take(2).collect::<Vec<_>>().join("\n");
    let answer =
        |edition: &Programme| run_cases(edition, &table).expect("a table")[0].answer.clone().expect("an answer");
    assert!(matches!(answer(earlier), Eligibility::Eligible { dose: 1, .. }));
    assert!(
        matches!(answer(&later), Eligibility::Not { why: Obstacle::CampaignOver { .. }, .. }),
        "{:?}",
        answer(&later)
    );
    assert_ne!(earlier.content_hash(), later.content_hash());
    let catalogue: ProgrammeCatalogue = [Programme::parse(text).expect("in order"), later].into_iter().collect();
    let kept = catalogue.edition("covid-19", 1).expect("the edition of the decision");
    assert!(matches!(answer(kept), Eligibility::Eligible { dose: 1, .. }));
}

/// Every object of the document with the name of one of its members, as JSON pointers.
fn members(value: &Value, pointer: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                found.push((pointer.to_owned(), name.clone()));
                members(value, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| members(item, &format!("{pointer}/{at}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(include_str!("../programme.schema.json")).expect("JSON");
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    jsonschema::draft202012::new(&schema).expect("a JSON Schema")
}

#[test]
fn the_editions_satisfy_the_json_schema() {
    let validator = validator();
    for (name, text) in EDITIONS {
        let document: Value = serde_json::from_str(text).expect("JSON");
        let faults: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_json_schema_and_the_reader_demand_the_same_members() {
    let validator = validator();
    let (mut optional, mut required) = (0, 0);
    for (name, text) in EDITIONS {
        let document: Value = serde_json::from_str(text).expect("JSON");
        let mut found = Vec::new();
        members(&document, "", &mut found);
        let agree = |changed: &Value, what: &str| {
            let reads = ProgrammeDocument::parse(&changed.to_string()).is_ok();
            assert_eq!(validator.is_valid(changed), reads, "{name} {what}: the reader says {reads}");
            reads
        };
        // Each object once of its form would do; each third takes less time, and meets every form.
        for (pointer, member) in found.iter().step_by(3) {
            let mut without = document.clone();
            without.pointer_mut(pointer).and_then(Value::as_object_mut).expect("an object").remove(member);
            let is_optional = agree(&without, &format!("{pointer} without {member}"));
            *(if is_optional { &mut optional } else { &mut required }) += 1;
            let mut with = document.clone();
            with.pointer_mut(pointer).expect("an object")["unknown"] = Value::from(1);
            assert!(!agree(&with, &format!("{pointer} with another member")));
            if !is_optional {
                let mut other = document.clone();
                other.pointer_mut(pointer).expect("an object")[member] = Value::Null;
                assert!(!agree(&other, &format!("{pointer} with null as {member}")));
            }
        }
    }
    assert!(optional > 10 && required > 50, "{optional} {required}");
}

#[test]
fn the_json_schema_and_the_reader_have_the_same_ages() {
    let schema: Value = serde_json::from_str(include_str!("../programme.schema.json")).expect("JSON");
    let of_reader = schemars::schema_for!(AgeLimit);
    assert_eq!(Some(&schema["$defs"]["age"]["pattern"]), of_reader.get("pattern"));
}

#[test]
fn the_content_hash_depends_on_texts_and_not_on_formatting() {
    for (name, text) in EDITIONS {
        let hash = |text: &str| -> ContentHash { ProgrammeDocument::parse(text).expect(name).content_hash() };
        let value: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(hash(text), hash(&value.to_string()), "{name}");
        assert_eq!(hash(text), hash(&format!("\u{feff}{text}")), "{name}");
        assert_ne!(hash(text), hash(&text.replacen("vaccin", "Vaccin", 1)), "{name}");
    }
}
