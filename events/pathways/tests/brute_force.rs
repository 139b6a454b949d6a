//! The check against another one that is slow and simple: it tries every answer of every person, one by one, on random releases.

use std::collections::{BTreeMap, BTreeSet};

use pathways::{FindingKind, PathwayDocument, check};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};

const QUESTIONS: usize = 4;
const AGES: [u64; 3] = [38, 39, 40];

/// Numbers for the choices of a random release, from the test's random source.
struct Dice<'a>(&'a [u8]);

impl Dice<'_> {
    fn below(&mut self, sides: usize) -> usize {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        usize::from(*first) % sides
    }
}

/// A question is a choice if its number is even, and a number from 0 to 3 if it is odd.
fn answers(question: usize) -> Vec<Value> {
    if question.is_multiple_of(2) {
        vec![json!("a"), json!("b"), json!("c")]
    } else {
        (0..4).map(Value::from).collect()
    }
}

fn atom(own: usize, dice: &mut Dice<'_>) -> Value {
    let question = if dice.below(2) == 0 { own } else { dice.below(own + 1) };
    match dice.below(6) {
        0 => json!({"sex": "female"}),
        1 => json!({"age": {"atLeast": 39}}),
        _ if question.is_multiple_of(2) => {
            json!({"question": format!("q{question}"), "is": (["a", "b"][dice.below(2)])})
        }
        _ => json!({"question": format!("q{question}"), "atLeast": dice.below(3) + 1}),
    }
}

fn condition(own: usize, dice: &mut Dice<'_>) -> Value {
    match dice.below(4) {
        0 => json!({"all": [atom(own, dice), {"not": atom(own, dice)}]}),
        1 => json!({"any": [atom(own, dice), atom(own, dice)]}),
        _ => atom(own, dice),
    }
}

/// Two or three rules that fit together, of which one may be replaced by any other.
fn rules(own: usize, dice: &mut Dice<'_>) -> Vec<Value> {
    let (first, second) = (condition(own, dice), condition(own, dice));
    let mut conditions = match dice.below(2) {
        0 => vec![first.clone(), json!({"not": first})],
        _ => vec![json!({"all": [first, second]}), json!({"all": [first, {"not": second}]}), json!({"not": first})],
    };
    if dice.below(3) == 0 {
        let which = dice.below(conditions.len());
        conditions[which] = condition(own, dice);
    }
    let rule = |when| {
        let next = own + 1 + dice.below(2);
        if next < QUESTIONS {
            json!({"when": when, "ask": format!("q{next}")})
        } else {
            json!({"when": when, "outcome": "end"})
        }
    };
    conditions.into_iter().map(rule).collect()
}

fn release(dice: &mut Dice<'_>) -> Value {
    let text = json!({"first": "Text", "third": "Text"});
    let question = |own: usize| {
        let options = ["a", "b", "c"].map(|value| json!({"value": value, "label": value}));
        let choice = json!({"type": "choice", "options": options});
        let number = json!({"type": "number", "unit": "of 3", "min": 0, "max": 3, "decimals": 0});
        let answer = if own.is_multiple_of(2) { choice } else { number };
        json!({"id": format!("q{own}"), "text": text, "answer": answer, "next": rules(own, dice)})
    };
    json!({
        "pathway": "random", "release": 1, "title": "Random", "about": "Random.",
        "ages": {"min": AGES[0], "max": AGES[2]}, "sexes": ["female", "male"], "parties": ["first"],
        "questions": (0..QUESTIONS).map(question).collect::<Vec<_>>(),
        "outcomes": [{"id": "end", "disposition": "self-care", "timeFrame": "P1D", "text": text, "advice": ["Rest."]}]
    })
}

type Given = BTreeMap<String, Value>;

/// A condition, read from its JSON.
fn holds(condition: &Value, age: u64, sex: &str, given: &Given) -> bool {
    let all = |list: &Value| list.as_array().expect("a list").iter().all(|each| holds(each, age, sex, given));
    let any = |list: &Value| list.as_array().expect("a list").iter().any(|each| holds(each, age, sex, given));
    let answer = condition.get("question").and_then(|question| given.get(question.as_str().expect("an id")));
    if let Some(list) = condition.get("all") {
        all(list)
    } else if let Some(list) = condition.get("any") {
        any(list)
    } else if let Some(inner) = condition.get("not") {
        !holds(inner, age, sex, given)
    } else if let Some(wanted) = condition.get("sex") {
        wanted == sex
    } else if let Some(range) = condition.get("age") {
        age >= range["atLeast"].as_u64().expect("an age")
    } else if let Some(option) = condition.get("is") {
        answer == Some(option)
    } else {
        answer.and_then(Value::as_u64).is_some_and(|number| number >= condition["atLeast"].as_u64().expect("a number"))
    }
}

/// The faults of the rules: a kind, a question, and a rule (from 1).
type Faults = BTreeSet<(FindingKind, String, Option<usize>)>;

#[derive(Default)]
struct BruteForce {
    faults: Faults,
    reached: BTreeSet<usize>,
    held: BTreeSet<(usize, usize)>,
}

impl BruteForce {
    fn walk(&mut self, release: &Value, own: usize, person: (u64, &str), given: &Given) {
        self.reached.insert(own);
        let (id, rules) = (format!("q{own}"), release["questions"][own]["next"].as_array().expect("rules"));
        for answer in answers(own) {
            let mut given = given.clone();
            given.insert(id.clone(), answer);
            let held: Vec<usize> =
                (0..rules.len()).filter(|rule| holds(&rules[*rule]["when"], person.0, person.1, &given)).collect();
            if held.is_empty() {
                self.faults.insert((FindingKind::MissingRule, id.clone(), None));
            }
            for pair in held.windows(2) {
                self.faults.insert((FindingKind::OverlappingRules, id.clone(), Some(pair[0] + 1)));
            }
            for rule in held {
                self.held.insert((own, rule));
                if let Some(next) = rules[rule].get("ask").and_then(Value::as_str) {
                    let next = next.trim_start_matches('q').parse().expect("a number");
                    self.walk(release, next, person, &given);
                }
            }
        }
    }

    fn of(release: &Value) -> Faults {
        let mut all = BruteForce::default();
        for age in AGES {
            for sex in ["female", "male"] {
                all.walk(release, 0, (age, sex), &Given::new());
            }
        }
        for own in all.reached {
            for rule in 0..release["questions"][own]["next"].as_array().expect("rules").len() {
                if !all.held.contains(&(own, rule)) {
                    all.faults.insert((FindingKind::RuleNeverHolds, format!("q{own}"), Some(rule + 1)));
                }
            }
        }
        all.faults
    }
}

fn checked(release: &Value) -> Faults {
    let document = PathwayDocument::parse(&release.to_string()).expect("a document");
    let compared = [FindingKind::MissingRule, FindingKind::OverlappingRules, FindingKind::RuleNeverHolds];
    let faults = check(&document).into_iter().filter_map(|finding| {
        // An option that leads nowhere is one way to miss a rule.
        let is_option = finding.kind == FindingKind::OptionLeadsNowhere;
        let kind = if is_option { FindingKind::MissingRule } else { finding.kind };
        compared.contains(&kind).then(|| (kind, finding.question.expect("a question"), finding.rule))
    });
    faults.collect()
}

#[test]
fn the_check_finds_the_faults_that_trying_everything_finds() {
    let mut runner = TestRunner::default();
    let (mut sound, mut faulty) = (0, 0);
    let numbers = proptest::collection::vec(any::<u8>(), 200);
    for _ in 0..300 {
        let numbers = numbers.new_tree(&mut runner).expect("numbers").current();
        let release = release(&mut Dice(&numbers));
        let faults = BruteForce::of(&release);
        assert_eq!(checked(&release), faults, "{release:#}");
        *(if faults.is_empty() { &mut sound } else { &mut faulty }) += 1;
    }
    assert!(sound > 10 && faulty > 100, "{sound} {faulty}");
}
