//! Symptom checks: the second folds of their read models.

use serde_json::{Value, json};

use super::{
    event::CheckedEvent,
    kinds::{Arm, Kinds},
    second_fold::{Rows, SecondFold, change, of, push},
};

const fn kinds(ignored: &'static [&'static str]) -> Kinds {
    Kinds { service: "symptom-check", ignored }
}

pub const FOLDS: &[SecondFold] = &[
    SecondFold {
        name: "my_symptom_checks",
        version: 1,
        kinds: kinds(&[
            "symptom-check.asked.v1",
            "symptom-check.answered.v1",
            "symptom-check.answer-revised.v1",
            "symptom-check.abandoned.v1",
            "symptom-check.resumed.v1",
            "symptom-check.disposed.v1",
            "symptom-check.flagged.v1",
        ]),
        fold: my_symptom_checks,
    },
    SecondFold { name: "symptom_check_details", version: 1, kinds: kinds(&[]), fold: symptom_check_details },
    SecondFold {
        name: "recalled_releases",
        version: 1,
        kinds: Kinds { service: "pathway", ignored: &[] },
        fold: recalled_releases,
    },
];

fn my_symptom_checks(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let second = event.text("/startedAt").get(..19).unwrap_or_default();
    let key = (event.text("/subject").to_owned(), format!("{second}Z.{}", event.text("/check")));
    match event.kind.as_str() {
        "symptom-check.started.v1" => drop(rows.insert(key, of(event, &["check", "startedAt"]))),
        "symptom-check.claimed.v1" => drop(rows.remove(&key)),
        _ => return Arm::Missing,
    }
    Arm::Found
}

fn symptom_check_details(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let (release, number) = event.text("/check").rsplit_once('.').unwrap_or_default();
    let key = (event.text("/subject").to_owned(), format!("{number}.{release}"));
    let what = event.kind.strip_prefix("symptom-check.").and_then(|what| what.strip_suffix(".v1"));
    let staged = |row: &mut Value, stage: &str, at: &str| {
        row["stage"] = json!(stage);
        row["changedAt"] = event.value(at).clone();
    };
    match what {
        Some("started") => {
            let mut row = of(event, &["check", "contentHash", "person", "consent", "startedAt"]);
            row["answers"] = json!([]);
            for later in ["question", "outcome", "flaggedAt"] {
                row[later] = Value::Null;
            }
            staged(&mut row, "open", "/startedAt");
            rows.insert(key, row);
        }
        Some("asked") => change(rows, &key, |row| row["question"] = event.value("/question").clone()),
        Some("answered") => change(rows, &key, |row| {
            push(row, "answers", event.value("/answer").clone());
            row["changedAt"] = event.value("/answeredAt").clone();
        }),
        Some("answer-revised") => change(rows, &key, |row| {
            revise(row, event);
            row["changedAt"] = event.value("/revisedAt").clone();
        }),
        Some("abandoned") => change(rows, &key, |row| staged(row, "abandoned", "/abandonedAt")),
        Some("resumed") => change(rows, &key, |row| staged(row, "open", "/resumedAt")),
        Some("disposed") => change(rows, &key, |row| {
            staged(row, "disposed", "/disposedAt");
            row["outcome"] = event.value("/outcome").clone();
            row["question"] = Value::Null;
        }),
        Some("claimed") => drop(rows.remove(&key)),
        Some("flagged") => change(rows, &key, |row| row["flaggedAt"] = event.value("/flaggedAt").clone()),
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// Puts the new answer in its place, and drops the later ones but those that stay.
fn revise(row: &mut Value, event: &CheckedEvent) {
    let number = |pointer: &str| usize::try_from(event.number(pointer)).unwrap_or(usize::MAX);
    let (place, stay) = (number("/place"), number("/stay"));
    let Some(answers) = row["answers"].as_array_mut() else { return };
    answers.truncate(place.saturating_add(stay));
    if let Some(answer) = place.checked_sub(1).and_then(|at| answers.get_mut(at)) {
        *answer = event.value("/answer").clone();
    }
}

fn recalled_releases(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    if event.kind != "pathway.release-recalled.v1" {
        return Arm::Missing;
    }
    let row = of(event, &["release", "reason", "recalledAt"]);
    rows.insert((event.text("/release").to_owned(), "recall".to_owned()), row);
    Arm::Found
}
