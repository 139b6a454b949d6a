//! Repeat prescriptions: the second folds of their read models.

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};
use serde_json::{Value, json};

use super::{
    event::CheckedEvent,
    kinds::{Arm, Kinds},
    second_fold::{Rows, SecondFold, change, of, push},
};

pub const FOLDS: &[SecondFold] = &[
    SecondFold { name: "pharmacies", version: 1, kinds: PHARMACY_KINDS, fold: pharmacies },
    SecondFold { name: "nominated_pharmacies", version: 1, kinds: NOMINATION_KINDS, fold: nominations },
    SecondFold { name: "repeat_plans", version: 1, kinds: PLAN_KINDS, fold: repeat_plans },
    SecondFold { name: "my_prescriptions", version: 1, kinds: PRESCRIPTION_KINDS, fold: my_prescriptions },
    SecondFold { name: "approval_queue", version: 1, kinds: QUEUE_KINDS, fold: approval_queue },
    SecondFold { name: "pharmacy_work", version: 1, kinds: WORK_KINDS, fold: pharmacy_work },
];

const PHARMACY_KINDS: Kinds = Kinds { service: "pharmacy", ignored: &[] };

fn pharmacies(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    match event.kind.as_str() {
        "pharmacy.opened.v1" => {
            let key = ("pharmacies".to_owned(), event.text("/pharmacy").to_owned());
            rows.insert(key, of(event, &["pharmacy", "name", "address"]));
        }
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// Plans and requests nominate nothing.
const NOMINATION_KINDS: Kinds = Kinds {
    service: "repeat",
    ignored: &[
        "repeat.authorised.v1",
        "repeat.changed.v1",
        "repeat.stopped.v1",
        "repeat.requested.v1",
        "repeat.issued.v1",
        "repeat.settled.v1",
    ],
};

fn nominations(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = (event.text("/patient").to_owned(), "nomination".to_owned());
    match event.kind.as_str() {
        "repeat.pharmacy-nominated.v1" => drop(rows.insert(key, of(event, &["pharmacy", "nominatedAt"]))),
        "repeat.pharmacy-cleared.v1" => drop(rows.remove(&key)),
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// A nomination changes no plan.
const PLAN_KINDS: Kinds =
    Kinds { service: "repeat", ignored: &["repeat.pharmacy-nominated.v1", "repeat.pharmacy-cleared.v1"] };

fn repeat_plans(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = |plan: &str| (event.text("/patient").to_owned(), plan.to_owned());
    let request = event.value("/request");
    match event.kind.as_str() {
        "repeat.authorised.v1" => {
            let mut row = of(event, &["plan", "practice", "medicine", "authorisedAt"]);
            row["standing"] = json!({"supplyDays": event.value("/supplyDays"), "issues": event.value("/issues"),
                "issued": 0, "reviewOn": event.value("/reviewOn"), "stoppedAt": null, "supplyEndsOn": null,
                "supplyEndedBefore": null, "open": null});
            rows.insert(key(event.text("/plan")), row);
        }
        "repeat.changed.v1" => change(rows, &key(event.text("/plan")), |row| {
            row["medicine"] = event.value("/medicine").clone();
            for field in ["supplyDays", "issues", "issued", "reviewOn"] {
                row["standing"][field] = event.value(&format!("/{field}")).clone();
            }
        }),
        "repeat.stopped.v1" => change(rows, &key(event.text("/plan")), |row| {
            row["standing"]["stoppedAt"] = event.value("/stoppedAt").clone();
        }),
        "repeat.requested.v1" => each_plan(rows, event, |_, standing| {
            standing["open"] = json!({"request": request, "approved": false});
        }),
        "repeat.issued.v1" => each_plan(rows, event, |_, standing| issue(standing, event)),
        "repeat.settled.v1" => each_plan(rows, event, |plan, standing| {
            if standing["open"]["request"] != *request {
                return;
            }
            let issued = standing["open"]["approved"] == true;
            standing["open"] = Value::Null;
            if issued && event.value("/notDispensed").as_array().is_some_and(|not| not.contains(plan)) {
                standing["issued"] = json!(standing["issued"].as_u64().unwrap_or(0).saturating_sub(1));
                standing["supplyEndsOn"] = standing["supplyEndedBefore"].clone();
            }
        }),
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// Changes the standing of each plan that the event names.
fn each_plan(rows: &mut Rows, event: &CheckedEvent, change_of: impl Fn(&Value, &mut Value)) {
    for plan in event.value("/plans").as_array().into_iter().flatten() {
        let key = (event.text("/patient").to_owned(), plan.as_str().unwrap_or_default().to_owned());
        change(rows, &key, |row| change_of(plan, &mut row["standing"]));
    }
}

/// A supply begins on the day of its issue in London, or on the later day on which the last one ends.
fn issue(standing: &mut Value, event: &CheckedEvent) {
    let instant = event.text("/issuedAt").parse::<Timestamp>().ok();
    let today = instant.and_then(|instant| instant.in_tz("Europe/London").ok()).map(|local| local.date());
    let before = standing["supplyEndsOn"].as_str().and_then(|text| text.parse::<Date>().ok());
    let days = standing["supplyDays"].as_i64().unwrap_or(0);
    let ends = today.max(before).and_then(|begins| begins.checked_add(days.days()).ok());
    standing["supplyEndedBefore"] = standing["supplyEndsOn"].take();
    standing["supplyEndsOn"] = ends.map_or(Value::Null, |ends| json!(ends.to_string()));
    standing["issued"] = json!(standing["issued"].as_u64().unwrap_or(0) + 1);
    standing["open"] = json!({"request": event.value("/request"), "approved": true});
}

/// A key by the whole second of this instant.
fn key_by(event: &CheckedEvent, partition: &str, instant: &str) -> (String, String) {
    let instant = event.text(instant).parse::<Timestamp>().unwrap_or_default();
    let second = instant - SignedDuration::from_nanos(i64::from(instant.subsec_nanosecond()));
    let sort = format!("{second}.{}.{}", event.text("/patient"), event.text("/request"));
    (event.text(partition).to_owned(), sort)
}

const PRESCRIPTION_KINDS: Kinds = Kinds { service: "prescription", ignored: &[] };

fn my_prescriptions(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = key_by(event, "/patient", "/requestedAt");
    let mut step = |stage: &str, at: &str, fields: &[&str]| {
        change(rows, &key, |row| {
            fields.iter().for_each(|field| row[*field] = event.value(&format!("/{field}")).clone());
            push(row, "steps", json!({"stage": stage, "at": event.value(at)}));
        });
    };
    match event.kind.as_str() {
        "prescription.requested.v1" => {
            let mut row = of(event, &["request", "practice", "pharmacy", "oneOff", "note"]);
            row["reason"] = Value::Null;
            row["prescription"] = Value::Null;
            row["expired"] = json!(false);
            row["steps"] = json!([{"stage": "requested", "at": event.value("/requestedAt")}]);
            row["items"] = items(event);
            rows.insert(key, row);
        }
        "prescription.cancelled.v1" => step("cancelled", "/cancelledAt", &[]),
        "prescription.approved.v1" => step("approved", "/approvedAt", &["pharmacy"]),
        "prescription.rejected.v1" => step("rejected", "/rejectedAt", &["reason"]),
        "prescription.sent.v1" => step("sent-to-pharmacy", "/sentAt", &["pharmacy", "prescription"]),
        "prescription.completed.v1" => step("completed", "/completedAt", &["expired"]),
        "prescription.dispense-reported.v1" => change(rows, &key, |row| report(row, event)),
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// The medicines of a request, without reports.
fn items(event: &CheckedEvent) -> Value {
    let item = |item: &Value| json!({"plan": item["plan"], "medicine": item["medicine"], "timeline": []});
    event.value("/items").as_array().into_iter().flatten().map(item).collect()
}

/// The statuses in the order in which they stand at one instant.
const STATUSES: [&str; 7] =
    ["with-pharmacy", "preparing", "ready-to-collect", "ready-to-dispatch", "dispatched", "not-dispensed", "collected"];

/// Adds a report to its medicine, and sorts the reports by the time at which they are true.
fn report(row: &mut Value, event: &CheckedEvent) {
    let step = json!({"at": event.value("/at"), "status": event.value("/status")});
    let rank = |step: &Value| {
        let at = step["at"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        (at, STATUSES.iter().position(|status| step["status"] == *status))
    };
    for item in row["items"].as_array_mut().into_iter().flatten().filter(|item| item["plan"] == *event.value("/plan")) {
        if let Some(timeline) = item["timeline"].as_array_mut().filter(|timeline| !timeline.contains(&step)) {
            timeline.push(step.clone());
            timeline.sort_by_key(rank);
        }
    }
}

/// A request waits until it is decided.
const QUEUE_KINDS: Kinds = Kinds {
    service: "prescription",
    ignored: &["prescription.sent.v1", "prescription.dispense-reported.v1", "prescription.completed.v1"],
};

fn approval_queue(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = key_by(event, "/practice", "/requestedAt");
    match event.kind.as_str() {
        "prescription.requested.v1" => {
            let fields = ["patient", "request", "items", "note", "pharmacy", "oneOff", "requestedAt"];
            rows.insert(key, of(event, &fields));
        }
        "prescription.cancelled.v1" | "prescription.approved.v1" | "prescription.rejected.v1" => {
            rows.remove(&key);
        }
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// A pharmacy has what was sent to it.
const WORK_KINDS: Kinds = Kinds {
    service: "prescription",
    ignored: &[
        "prescription.requested.v1",
        "prescription.cancelled.v1",
        "prescription.approved.v1",
        "prescription.rejected.v1",
    ],
};

fn pharmacy_work(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = key_by(event, "/pharmacy", "/sentAt");
    match event.kind.as_str() {
        "prescription.sent.v1" => {
            let mut row = of(event, &["patient", "request", "practice", "prescription", "sentAt"]);
            row["items"] = items(event);
            rows.insert(key, row);
        }
        "prescription.dispense-reported.v1" => change(rows, &key, |row| report(row, event)),
        "prescription.completed.v1" => drop(rows.remove(&key)),
        _ => return Arm::Missing,
    }
    Arm::Found
}
