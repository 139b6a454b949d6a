//! Organ donation: the second folds of its read models.

use serde_json::{Value, json};

use super::{
    event::CheckedEvent,
    kinds::{Arm, Kinds},
    second_fold::{Rows, SecondFold, push},
};

const KINDS: Kinds = Kinds { service: "organ-donation", ignored: &[] };

pub const FOLDS: &[SecondFold] = &[
    SecondFold { name: "donor_decision", version: 2, kinds: KINDS, fold: donor_decision },
    SecondFold { name: "donor_history", version: 1, kinds: KINDS, fold: donor_history },
];

/// The number of steps in the row of a decision. Older steps are only in the history.
const STEPS_KEPT: usize = 20;

fn donor_decision(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let Some(step) = donor_step(event) else { return Arm::Missing };
    let key = (event.text("/subject").to_owned(), "decision".to_owned());
    let nothing = || json!({"standing": {"state": "undecided"}, "faith": null, "history": [], "steps": 0});
    let row = rows.entry(key).or_insert_with(nothing);
    match step["what"].as_str() {
        Some("registered" | "amended") => {
            row["standing"] = json!({"state": "decided", "decision": step["decision"], "at": step["at"]});
        }
        Some("withdrawn") => row["standing"] = json!({"state": "withdrawn", "at": step["at"]}),
        Some("faith-declared") => row["faith"] = step["faith"].clone(),
        _ => return Arm::Missing,
    }
    row["steps"] = json!(row["steps"].as_u64().unwrap_or(0) + 1);
    push(row, "history", step);
    if let Some(steps) = row["history"].as_array_mut() {
        steps.drain(..steps.len().saturating_sub(STEPS_KEPT));
    }
    Arm::Found
}

fn donor_history(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let Some(step) = donor_step(event) else { return Arm::Missing };
    rows.insert((event.text("/subject").to_owned(), format!("{:020}", event.position)), step);
    Arm::Found
}

/// A step of a donor, in the form that both read models contain.
fn donor_step(event: &CheckedEvent) -> Option<Value> {
    let what = event.kind.strip_prefix("organ-donation.")?.strip_suffix(".v1")?;
    let at = event.value("/decidedAt");
    match what {
        "registered" | "amended" => Some(json!({"what": what, "at": at, "decision": event.value("/decision")})),
        "withdrawn" => Some(json!({"what": what, "at": at})),
        "faith-declared" => {
            Some(json!({"what": what, "at": event.value("/declaredAt"), "faith": event.value("/faith")}))
        }
        _ => None,
    }
}
