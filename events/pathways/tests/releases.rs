//! The demonstration pathways: in order, tested by their cases, unchanged since they were released.

use std::{collections::BTreeSet, sync::LazyLock};

use pathways::{
    AnswerType, AnswerValue, ContentHash, Decimal, Demographics, Party, PathwayAnswer, PathwayDocument, Question,
    RELEASES, Release, Sex, Step, cases::outcomes_without_case, check, mermaid, next, run_cases,
};
use proptest::prelude::*;
use serde_json::Value;

/// The content hash of each release that was ever published. A line never changes: a correction is another release.
const RELEASED: &str = include_str!("../releases/hashes.txt");

const CASES: [&str; 5] = [
    include_str!("../releases/abdominal-pain.1.cases.csv"),
    include_str!("../releases/chest-pain.1.cases.csv"),
    include_str!("../releases/child-fever.1.cases.csv"),
    include_str!("../releases/headache.1.cases.csv"),
    include_str!("../releases/minor-skin-problem.1.cases.csv"),
];

fn releases() -> &'static [Release; 5] {
    static PARSED: LazyLock<[Release; 5]> = LazyLock::new(|| {
        RELEASES.map(|(name, text)| Release::parse(text).unwrap_or_else(|error| panic!("{name}: {error}")))
    });
    &PARSED
}

#[test]
fn the_releases_have_no_findings_and_15_questions() {
    for (name, text) in RELEASES {
        let document = PathwayDocument::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let sentences: Vec<_> = check(&document).iter().map(ToString::to_string).collect();
        assert_eq!(sentences, Vec::<String>::new(), "{name}");
        assert!(document.questions.len() >= 15, "{name}");
        assert_eq!(name, format!("{}.{}", document.pathway, document.release));
        assert!(document.questions[0].red_flag, "{name} begins with a red flag");
    }
}

#[test]
fn the_cases_pass_and_reach_every_outcome_for_both_parties() {
    for (release, table) in releases().iter().zip(CASES) {
        let results = run_cases(release, table).unwrap_or_else(|error| panic!("{}: {error}", release.pathway()));
        let failures: Vec<_> = results.iter().filter_map(|result| result.failure.as_deref()).collect();
        assert_eq!(failures, Vec::<&str>::new(), "{}", release.pathway());
        assert!(results.len() >= 20, "{}", release.pathway());
        assert_eq!(outcomes_without_case(release, &results), Vec::<&str>::new(), "{}", release.pathway());
        let asked: BTreeSet<_> = results.iter().flat_map(|result| &result.asked).collect();
        assert_eq!(asked.len(), release.document().questions.len(), "{}: every question has a case", release.pathway());
        let parties = |party: &str| table.lines().filter(|line| line.contains(party)).count();
        assert!(parties(",first,") >= 4 && parties(",third,") >= 4, "{}", release.pathway());
    }
}

#[test]
fn a_release_is_never_changed() {
    let published: Vec<_> = RELEASED.lines().map(|line| line.split_once("  ").expect("a hash and a name")).collect();
    let present = releases()
        .each_ref()
        .map(|release| (release.content_hash(), format!("{}.{}", release.pathway(), release.number())));
    assert_eq!(published.len(), present.len());
    for (hash, name) in &present {
        let published = published.iter().find(|(_, published)| published == name).map(|(hash, _)| *hash);
        assert_eq!(published, Some(hash.to_string().as_str()), "{name}");
    }
}

#[test]
fn the_releases_satisfy_the_json_schema() {
    let schema: Value = serde_json::from_str(include_str!("../pathway.schema.json")).expect("JSON");
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    let validator = jsonschema::draft202012::new(&schema).expect("a JSON Schema");
    for (name, text) in RELEASES {
        let release: Value = serde_json::from_str(text).expect("JSON");
        let faults: Vec<_> =
            validator.iter_errors(&release).map(|error| format!("{error} at {}", error.instance_path())).collect();
        assert_eq!(faults, Vec::<String>::new(), "{name}");
    }
}

/// Every member of every object in a release, as a JSON pointer to the object and the member's name.
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

#[test]
fn the_json_schema_and_the_reader_require_and_refuse_the_same_members() {
    let schema: Value = serde_json::from_str(include_str!("../pathway.schema.json")).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a JSON Schema");
    let (_, text) = RELEASES[2];
    let release: Value = serde_json::from_str(text).expect("JSON");
    let mut found = Vec::new();
    members(&release, "", &mut found);
    let agree = |changed: &Value, what: &str| {
        let reads = PathwayDocument::parse(&changed.to_string()).is_ok();
        assert_eq!(validator.is_valid(changed), reads, "{what}: the reader says {reads}");
        reads
    };
    let (mut optional, mut required) = (0, 0);
    // Each object once of its form would do; each seventh takes less time, and meets every form.
    for (pointer, member) in found.iter().step_by(7) {
        let mut without = release.clone();
        without.pointer_mut(pointer).and_then(Value::as_object_mut).expect("an object").remove(member);
        let is_optional = agree(&without, &format!("{pointer} without {member}"));
        *(if is_optional { &mut optional } else { &mut required }) += 1;
        let mut with = release.clone();
        with.pointer_mut(pointer).expect("an object")["unknown"] = Value::from(1);
        assert!(!agree(&with, &format!("{pointer} with another member")));
    }
    assert!(optional > 3 && required > 50, "{optional} {required}");
}

#[test]
fn the_content_hash_does_not_depend_on_formatting() {
    for (name, text) in RELEASES {
        let hash = |text: &str| -> ContentHash { PathwayDocument::parse(text).expect(name).content_hash() };
        let value: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(hash(text), hash(&value.to_string()), "{name}");
        assert_eq!(hash(text), hash(&serde_json::to_string_pretty(&reversed(&value)).expect("JSON")), "{name}");
        assert_eq!(hash(text), hash(&text.replace("\"min\": 16", "\"min\":   16").replace("°", "\\u00b0")), "{name}");
    }
}

/// The same value with the members of all objects in the opposite order.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(object) => object.iter().rev().map(|(name, value)| (name.clone(), reversed(value))).collect(),
        Value::Array(items) => items.iter().map(reversed).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[test]
fn the_content_hash_changes_with_any_text() {
    let (name, text) = RELEASES[3];
    let release: Value = serde_json::from_str(text).expect("JSON");
    let hash = |value: &Value| PathwayDocument::parse(&value.to_string()).expect(name).content_hash();
    let mut hashes = BTreeSet::from([hash(&release)]);
    let mut found = Vec::new();
    members(&release, "", &mut found);
    let texts = found.iter().filter(|(pointer, name)| release.pointer(pointer).is_some_and(|at| at[name].is_string()));
    let texts: Vec<_> = texts
        .filter(|(_, name)| !["type", "disposition", "timeFrame", "sex", "party"].contains(&name.as_str()))
        .collect();
    for (pointer, name) in &texts {
        let mut changed = release.clone();
        let text = &mut changed.pointer_mut(pointer).expect("an object")[name];
        *text = Value::from(format!("{}.", text.as_str().expect("a text")));
        assert!(hashes.insert(hash(&changed)), "{pointer}/{name}");
    }
    assert!(texts.len() > 100);
}

#[test]
fn every_question_outcome_and_rule_is_in_the_graph() {
    for release in releases() {
        let (document, chart) = (release.document(), mermaid(release.document()));
        assert!(chart.starts_with("flowchart TD\n    q0[\""), "{chart}");
        let count = |text: &str| chart.matches(text).count();
        let rules: usize = document.questions.iter().map(|question| question.next.len()).sum();
        assert_eq!(count("-->"), rules);
        assert_eq!(count("([\""), document.outcomes.len());
        assert_eq!(count(":::redFlag"), document.questions.iter().filter(|question| question.red_flag).count());
        assert!(!chart.contains("missing_"), "{chart}");
    }
}

fn demographics(release: &Release, dice: &[u32]) -> Demographics {
    let document = release.document();
    let ages = u32::from(document.ages.max - document.ages.min) + 1;
    Demographics {
        age_years: document.ages.min + u8::try_from(dice[0] % ages).expect("an age"),
        sex: [Sex::Female, Sex::Male][dice[1] as usize % 2],
        party: [Party::First, Party::Third][dice[2] as usize % 2],
        today: "2026-11-27".parse().expect("a day"),
    }
}

/// One of the answers that a question offers.
fn answer(question: &Question, demographics: &Demographics, dice: u32) -> PathwayAnswer {
    let value = match &question.answer {
        AnswerType::Choice { options } => AnswerValue::Choice(options[dice as usize % options.len()].value.clone()),
        AnswerType::Number { min, max, decimals, .. } => {
            let step = 10_i64.pow(3 - u32::from(*decimals));
            let steps = (max.thousandths() - min.thousandths()) / step + 1;
            let value = min.thousandths() + i64::from(dice) % steps * step;
            AnswerValue::Number(Decimal::from_thousandths(value).expect("in range"))
        }
        AnswerType::Date { days_ago_min, days_ago_max } => {
            let days = i64::from(*days_ago_min) + i64::from(dice) % i64::from(days_ago_max - days_ago_min + 1);
            AnswerValue::Date(demographics.today.plus_days(-days))
        }
        AnswerType::Text { characters_max } => {
            AnswerValue::Text("x".repeat(dice as usize % usize::from(*characters_max)))
        }
    };
    PathwayAnswer { question: question.id.clone(), value }
}

proptest! {
    #[test]
    fn every_walk_ends_and_is_replayed_to_the_same_outcome(
        which in 0_usize..5, dice in proptest::collection::vec(any::<u32>(), 40), towards_no in any::<bool>(),
    ) {
        let release = &releases()[which];
        let demographics = demographics(release, &dice);
        let mut answers: Vec<PathwayAnswer> = Vec::new();
        let (outcome, rule) = loop {
            prop_assert!(answers.len() <= release.document().questions.len());
            let step = next(release, &demographics, &answers);
            let question = match step.expect("an answer that is offered") {
                Step::Ask(question) => question,
                Step::Dispose { outcome, because } => break (outcome.id.clone(), because.rule),
            };
            let mut answer = answer(question, &demographics, dice[3 + answers.len()]);
            // Most random walks end at a red flag; these pass by them.
            let no = PathwayAnswer { question: question.id.clone(), value: AnswerValue::Choice("no".into()) };
            let has_no = matches!(&question.answer, AnswerType::Choice { options } if options.iter().any(|option| option.value == "no"));
            if towards_no && has_no && dice[3 + answers.len()] % 16 != 0 {
                answer = no;
            }
            answers.push(answer);
        };
        // A release that is read again, from other formatting, and answers that were stored.
        let text: Value = serde_json::from_str(RELEASES[which].1).expect("JSON");
        let again = Release::parse(&text.to_string()).expect("a release");
        let stored = serde_json::to_string(&answers).expect("JSON");
        let stored: Vec<PathwayAnswer> = serde_json::from_str(&stored).expect("answers");
        prop_assert!(stored == answers);
        match next(&again, &demographics, &stored).expect("the same answers") {
            Step::Dispose { outcome: second, because } => prop_assert_eq!((&second.id, because.rule), (&outcome, rule)),
            Step::Ask(question) => prop_assert!(false, "asks {}", question.id),
        }
        // Every beginning of the answers asks for the next one.
        for (at, answer) in answers.iter().enumerate() {
            match next(release, &demographics, &answers[..at]).expect("the same answers") {
                Step::Ask(question) => prop_assert_eq!(&question.id, &answer.question),
                Step::Dispose { outcome, .. } => prop_assert!(false, "ends at {}", outcome.id),
            }
        }
    }
}
