//! Each kind of finding has a small release with one fault, which is found, and nothing else is.

use pathways::{Finding, FindingKind, PathwayDocument, Release, check};
use serde_json::{Value, json};

/// A release without faults: a red flag, a choice, a number, three outcomes.
fn sound() -> Value {
    let both = |text: &str| json!({"first": text, "third": text});
    let choice = |values: [&str; 2]| json!({"type": "choice", "options": values.map(|value| json!({"value": value, "label": value}))});
    let outcome = |id: &str, disposition: &str| json!({"id": id, "disposition": disposition, "timeFrame": "P1D", "text": both("Advice."), "advice": ["Rest."]});
    json!({
        "pathway": "sore-thumb", "release": 1, "title": "Sore thumb", "about": "For thumbs.",
        "ages": {"min": 16, "max": 120}, "sexes": ["female", "male"], "parties": ["first", "third"],
        "questions": [
            {"id": "faint", "redFlag": true, "text": both("Faint?"), "answer": choice(["yes", "no"]), "next": [
                {"when": {"is": "yes"}, "outcome": "emergency"},
                {"when": {"is": "no"}, "ask": "cause"}
            ]},
            {"id": "cause", "text": both("Cause?"), "answer": choice(["bite", "fall"]), "next": [
                {"when": {"is": "bite"}, "outcome": "home"},
                {"when": {"is": "fall"}, "ask": "pain"}
            ]},
            {"id": "pain", "text": both("Pain?"),
             "answer": {"type": "number", "unit": "of 10", "min": 0, "max": 10, "decimals": 0}, "next": [
                {"when": {"atLeast": 5}, "outcome": "practice"},
                {"when": {"lessThan": 5}, "outcome": "home"}
            ]}
        ],
        "outcomes": [outcome("emergency", "call-999"), outcome("practice", "gp-routine"), outcome("home", "self-care")]
    })
}

/// A JSON pointer and the value to put there.
type Change = (&'static str, Value);

/// The findings in the release when the values at these JSON pointers are replaced. A pointer that ends with `/-` adds to a list.
fn findings(changes: &[Change]) -> Vec<Finding> {
    let mut release = sound();
    for (pointer, value) in changes {
        match pointer.strip_suffix("/-") {
            Some(list) => release.pointer_mut(list).and_then(Value::as_array_mut).expect("a list").push(value.clone()),
            None => {
                let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
                let parent = release.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}"));
                match parent.as_array_mut() {
                    Some(items) => items[member.parse::<usize>().expect("an index")] = value.clone(),
                    None => parent[member] = value.clone(),
                }
            }
        }
    }
    let text = release.to_string();
    let document = PathwayDocument::parse(&text).unwrap_or_else(|error| panic!("{error}"));
    let findings = check(&document);
    assert_eq!(findings.is_empty(), Release::parse(&text).is_ok(), "a release is made of a document without findings");
    findings
}

/// A question with 20 options that leads to another one whatever is answered.
fn wide_question(id: &str, next: &str) -> Value {
    let options: Vec<Value> = (0..20).map(|n| json!({"value": format!("o{n}"), "label": "Option"})).collect();
    let text = json!({"first": "Which?", "third": "Which?"});
    json!({"id": id, "text": text, "answer": {"type": "choice", "options": options}, "next": [{"ask": next}]})
}

/// For each kind, changes that cause it, and the sentence.
fn faults() -> Vec<(FindingKind, Vec<Change>, &'static str)> {
    use FindingKind::*;
    let (cause_rules, pain_rules) = ("/questions/1/next", "/questions/2/next");
    vec![
        (
            LimitExceeded,
            vec![
                ("/questions/1/answer/options", json!([{"value": "bite", "label": "Bite"}])),
                (cause_rules, json!([{"ask": "pain"}])),
            ],
            "Question `cause` has 1 options; it may have 2 to 20.",
        ),
        (LimitExceeded, vec![("/sexes", json!([]))], "The release has 0 sexes; it may have 1 to 2."),
        (
            MalformedId,
            vec![("/pathway", json!("Sore thumb"))],
            "The pathway has the id `Sore thumb`, which is not 1 to 60 characters of a-z, 0-9 and `-`, with a letter or a digit first.",
        ),
        (
            MalformedId,
            vec![("/questions/2/id", json!("party")), ("/questions/1/next/1/ask", json!("party"))],
            "Question `party` has the name of a column of case files.",
        ),
        (DuplicateId, vec![("/questions/2/id", json!("cause"))], "There are two questions with the id `cause`."),
        (
            DuplicateId,
            vec![("/questions/1/answer/options/1/value", json!("bite"))],
            "Question `cause` has the option `bite` twice.",
        ),
        (
            UnknownReference,
            vec![("/questions/1/next/1/ask", json!("pains"))],
            "Rule 2 of question `cause` leads to the question `pains`, which does not exist.",
        ),
        (
            UnknownReference,
            vec![("/questions/1/next/0/when", json!({"is": "sting"}))],
            "Rule 1 of question `cause` looks for the option `sting`, which does not exist.",
        ),
        (
            UnknownReference,
            vec![("/questions/2/next/0/when", json!({"question": "weight", "atLeast": 5}))],
            "Rule 1 of question `pain` looks at the question `weight`, which does not exist.",
        ),
        (
            InvertedBounds,
            vec![("/ages", json!({"min": 17, "max": 16}))],
            "The smallest age of the release is above the greatest.",
        ),
        (
            InvertedBounds,
            vec![("/questions/2/answer/min", json!(11))],
            "Question `pain` has the smallest number 11 above the greatest, 10.",
        ),
        (
            InvertedBounds,
            vec![("/questions/2/next/0/when", json!({"atLeast": 5, "lessThan": 5}))],
            "Rule 1 of question `pain` has an `atLeast` that is not below its `lessThan`.",
        ),
        (OutOfBounds, vec![("/ages/max", json!(131))], "The greatest age of the release is above 130 years."),
        (
            OutOfBounds,
            vec![("/questions/2/next/0/when", json!({"atLeast": 11}))],
            "Rule 1 of question `pain` compares an answer with 11, which divides no values from 0 to 10.",
        ),
        (
            OutOfBounds,
            vec![("/questions/2/next/0/when", json!({"age": {"atLeast": 16}}))],
            "Rule 1 of question `pain` compares the age with 16, which divides no ages from 16 to 120.",
        ),
        (
            OutOfBounds,
            vec![("/sexes", json!(["female"])), ("/questions/2/next/0/when", json!({"sex": "male"}))],
            "Rule 1 of question `pain` looks at the sex `male`, for which the release is not made.",
        ),
        (
            UnfitComparison,
            vec![("/questions/2/next/0/when", json!({"is": "five"}))],
            "Rule 1 of question `pain` compares the answer to `pain` as what it is not: it is a number, which has `atLeast` and `lessThan`.",
        ),
        (
            UnfitComparison,
            vec![("/questions/2/next/0/when", json!({"atLeast": 4.5}))],
            "Rule 1 of question `pain` compares an answer with 4.5, which has more decimals.",
        ),
        (
            MissingText,
            vec![("/questions/1/text/third", json!(" "))],
            "Question `cause` has no text for the third party.",
        ),
        (
            MissingText,
            vec![("/questions/1/text", json!({"third": "Cause?"}))],
            "Question `cause` has no text for the first party.",
        ),
        (MissingText, vec![("/outcomes/1/advice", json!([]))], "Outcome `practice` has no line of advice."),
        (MissingText, vec![("/about", json!(""))], "The release has no description."),
        (
            DeadEnd,
            vec![
                (pain_rules, json!([])),
                ("/questions/1/next/0/outcome", json!("practice")),
                ("/questions/0/next/-", json!({"when": {"all": [{"is": "no"}, {"sex": "male"}]}, "outcome": "home"})),
                ("/questions/0/next/1/when", json!({"all": [{"is": "no"}, {"sex": "female"}]})),
            ],
            "Question `pain` has no rules, so it is a dead end.",
        ),
        (
            Loop,
            vec![("/questions/2/next/1", json!({"when": {"lessThan": 5}, "ask": "cause"}))],
            "Question `cause` leads back to itself through `pain`.",
        ),
        (
            UnreachableQuestion,
            vec![("/questions/1/next/1", json!({"when": {"is": "fall"}, "outcome": "practice"}))],
            "Question `pain` is never reached from the first question.",
        ),
        (
            UnusedOutcome,
            vec![("/questions/2/next/0/outcome", json!("home"))],
            "No rule leads to the outcome `practice`.",
        ),
        (
            LooksAhead,
            vec![("/questions/1/next/0/when", json!({"any": [{"is": "bite"}, {"question": "pain", "atLeast": 9}]}))],
            "Rule 1 of question `cause` looks at the answer to `pain`, which is never asked before.",
        ),
        (
            LateRedFlag,
            vec![
                ("/questions/2/redFlag", json!(true)),
                ("/questions/2/next/0/outcome", json!("emergency")),
                ("/questions/1/next/0/outcome", json!("practice")),
            ],
            "Question `pain` is a red flag, but it is asked after `cause`, which is none.",
        ),
        (
            RedFlagWithoutEmergency,
            vec![("/questions/0/next/0/outcome", json!("home")), ("/questions/1/next/0/outcome", json!("emergency"))],
            "Question `faint` is a red flag, but no rule of it leads to 999 or an emergency department.",
        ),
        (
            OptionLeadsNowhere,
            vec![("/questions/1/answer/options/-", json!({"value": "burn", "label": "Burn"}))],
            "Question `cause` has the option `burn`, which leads nowhere: no rule ever holds for it.",
        ),
        (
            MissingRule,
            vec![("/questions/2/next/1/when", json!({"lessThan": 4}))],
            "Question `pain` has no rule for 1 of its situations, such as `pain`: 4 of 10.",
        ),
        (
            MissingRule,
            vec![("/questions/2/next/1/when", json!({"all": [{"lessThan": 5}, {"age": {"atLeast": 60}}]}))],
            "Question `pain` has no rule for 1 of its situations, such as age 16 to 59, `pain`: 0 to 4 of 10.",
        ),
        (
            OverlappingRules,
            vec![("/questions/2/next/1/when", json!({"lessThan": 6}))],
            "Rule 1 of question `pain` overlaps with rule 2: both hold for `pain`: 5 of 10.",
        ),
        // The pain is only asked after a fall.
        (
            RuleNeverHolds,
            vec![("/questions/2/next/-", json!({"when": {"question": "cause", "is": "bite"}, "outcome": "home"}))],
            "Rule 3 of question `pain` holds in no situation in which the question can be asked.",
        ),
        (
            TooManySituations,
            vec![
                ("/questions/1/next/1/ask", json!("w1")),
                ("/questions/-", wide_question("w1", "w2")),
                ("/questions/-", wide_question("w2", "w3")),
                ("/questions/-", wide_question("w3", "w4")),
                ("/questions/-", wide_question("w4", "pain")),
                (
                    "/questions/2/next/0/when",
                    json!({"any": [{"atLeast": 5}, {"all": [{"question": "w1", "is": "o1"}, {"question": "w2", "is": "o1"}, {"question": "w3", "is": "o1"}, {"question": "w4", "is": "o1"}]}]}),
                ),
            ],
            "Question `pain` can be asked in more situations than a check goes through (20000, and 2000000 with their answers, of all questions); \
             look at fewer earlier answers in one rule.",
        ),
    ]
}

#[test]
fn a_release_without_faults_has_no_findings() {
    assert_eq!(findings(&[]), []);
}

#[test]
fn each_fault_is_found_and_nothing_else() {
    for (kind, changes, sentence) in faults() {
        let found: Vec<_> = findings(&changes).into_iter().map(|finding| (finding.kind, finding.message)).collect();
        assert_eq!(found, [(kind, sentence.to_owned())]);
    }
}

#[test]
fn every_kind_of_finding_has_a_fault() {
    for kind in FindingKind::ALL {
        assert!(faults().iter().any(|(fault, ..)| *fault == kind), "{kind:?}");
    }
}

#[test]
fn a_finding_names_its_question_and_rule() {
    let found = findings(&[("/questions/1/next/1/ask", json!("pains"))]);
    assert_eq!((found[0].question.as_deref(), found[0].rule), (Some("cause"), Some(2)));
}

#[test]
fn a_text_for_a_party_that_is_not_served_may_be_missing() {
    let third_only = [("/parties", json!(["third"])), ("/questions/1/text", json!({"third": "Cause?"}))];
    assert_eq!(findings(&third_only), []);
}

#[test]
fn an_answer_that_was_not_given_is_a_situation_of_its_own() {
    // The pain is asked after a fall, and after a bite of a person of 60 or more; how the fall happened only before the first.
    let how = json!({"id": "height", "text": {"first": "High?", "third": "High?"}, "answer": {"type": "choice", "options": [
        {"value": "high", "label": "High"}, {"value": "low", "label": "Low"}]}, "next": [{"ask": "pain"}]});
    let branches = [
        (
            "/questions/1/next",
            json!([{"when": {"is": "bite"}, "ask": "pain"}, {"when": {"is": "fall"}, "ask": "height"}]),
        ),
        ("/questions/-", how),
    ];
    let complete = json!([{"when": {"question": "height", "is": "high"}, "outcome": "practice"},
                          {"when": {"not": {"question": "height", "is": "high"}}, "outcome": "home"}]);
    let forgotten = json!([{"when": {"question": "height", "is": "high"}, "outcome": "practice"},
                           {"when": {"question": "height", "is": "low"}, "outcome": "home"}]);
    let [first, second] = branches;
    assert_eq!(findings(&[first.clone(), second.clone(), ("/questions/2/next", complete)]), []);
    let found = findings(&[first, second, ("/questions/2/next", forgotten)]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "Question `pain` has no rule for 1 of its situations, such as `height`: not asked.");
}

#[test]
fn what_is_not_a_release_is_refused_with_the_place() {
    let refused = |changed: &dyn Fn(&mut Value)| {
        let mut release = sound();
        changed(&mut release);
        PathwayDocument::parse(&release.to_string()).expect_err("refused").to_string()
    };
    let unknown = refused(&|release| release["colour"] = json!("blue"));
    assert!(unknown.contains("unknown field `colour`") && unknown.contains("line 1"), "{unknown}");
    let both = refused(&|release| release["questions"][0]["next"][0]["ask"] = json!("pain"));
    assert!(both.contains("a rule has either `ask` or `outcome`"), "{both}");
    let two = refused(&|release| release["questions"][0]["next"][0]["when"]["sex"] = json!("male"));
    assert!(two.contains("a condition has exactly one of"), "{two}");
    let soon = refused(&|release| release["outcomes"][0]["timeFrame"] = json!("soon"));
    assert!(soon.contains("a time frame is `immediately` or a duration"), "{soon}");
    let where_to = refused(&|release| release["outcomes"][0]["disposition"] = json!("barber"));
    assert!(where_to.contains("unknown variant `barber`"), "{where_to}");
    let twice = sound().to_string().replacen("\"release\":1", "\"release\":1,\"release\":2", 1);
    assert!(PathwayDocument::parse(&twice).expect_err("refused").to_string().contains("duplicate field `release`"));
    assert!(PathwayDocument::parse(&" ".repeat(600 * 1024)).is_err());
}
