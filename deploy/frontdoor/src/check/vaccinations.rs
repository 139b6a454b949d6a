//! Vaccinations: the second folds of their read models.

use serde_json::{Value, json};

use super::{
    event::CheckedEvent,
    kinds::{Arm, Kinds},
    second_fold::{Rows, SecondFold, change, of},
};

pub const FOLDS: &[SecondFold] = &[
    SecondFold {
        name: "my_doses",
        version: 1,
        kinds: Kinds { service: "dose", ignored: &["dose.booked.v1"] },
        fold: my_doses,
    },
    SecondFold {
        name: "lot_doses",
        version: 1,
        kinds: Kinds { service: "dose", ignored: &["dose.booked.v1", "dose.voided.v1"] },
        fold: lot_doses,
    },
    SecondFold {
        name: "recalled_lots",
        version: 1,
        kinds: Kinds { service: "lot", ignored: &[] },
        fold: recalled_lots,
    },
    SecondFold { name: "my_passes", version: 1, kinds: Kinds { service: "pass", ignored: &[] }, fold: my_passes },
    SecondFold {
        name: "revoked_passes",
        version: 1,
        kinds: Kinds { service: "pass", ignored: &["pass.issued.v1"] },
        fold: revoked_passes,
    },
    SecondFold {
        name: "booked_doses",
        version: 1,
        kinds: Kinds {
            service: "dose",
            ignored: &["dose.recorded.v1", "dose.corrected.v1", "dose.voided.v1", "dose.lot-flagged.v1"],
        },
        fold: booked_doses,
    },
    SecondFold { name: "vaccination_sites", version: 1, kinds: SITES_KINDS, fold: vaccination_sites },
];

/// Only the publication of a session says that a site vaccinates.
const SITES_KINDS: Kinds = Kinds {
    service: "appointment",
    ignored: &[
        "appointment.session-extended.v1",
        "appointment.session-amended.v1",
        "appointment.session-withdrawn.v1",
        "appointment.slot-held.v1",
        "appointment.hold-released.v1",
        "appointment.slot-taken.v1",
        "appointment.slot-freed.v1",
        "appointment.hold-placed.v1",
        "appointment.booked.v1",
        "appointment.rescheduled.v1",
        "appointment.cancelled.v1",
        "appointment.amended.v1",
        "appointment.checked-in.v1",
        "appointment.attended.v1",
        "appointment.did-not-attend.v1",
        "appointment.orphaned.v1",
        "appointment.practitioner-changed.v1",
    ],
};

fn vaccination_sites(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    if event.kind != "appointment.session-published.v1" {
        return Arm::Missing;
    }
    let programme = event.text("/service").strip_prefix("vaccination-").unwrap_or_default();
    // The id of a programme has a character and begins with a letter or a digit: the service types `vaccination-` and `vaccination--x`
    // are published, too, and have no programme.
    if programme.is_empty() || programme.starts_with('-') {
        return Arm::Found;
    }
    let site = event.text("/session").split('.').next().unwrap_or_default();
    let key = (programme.to_owned(), site.to_owned());
    let before = rows.get(&key).and_then(|row| row["until"].as_str().map(str::to_owned)).unwrap_or_default();
    // Days as text have the order of the calendar.
    let until = before.as_str().max(event.text("/on"));
    rows.insert(key, json!({"site": site, "until": until}));
    Arm::Found
}

fn my_doses(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = (event.text("/subject").to_owned(), event.text("/dose").to_owned());
    match event.kind.as_str() {
        "dose.recorded.v1" => {
            let mut row = of(event, &["dose", "given", "details", "recordedAt"]);
            for later in ["correctedAt", "correction", "voidedAt", "voidReason", "flagged"] {
                row[later] = Value::Null;
            }
            rows.insert(key, row);
        }
        "dose.corrected.v1" => change(rows, &key, |row| {
            for (field, from) in [
                ("given", "/given"),
                ("details", "/details"),
                ("correctedAt", "/correctedAt"),
                ("correction", "/reason"),
            ] {
                row[field] = event.value(from).clone();
            }
        }),
        "dose.voided.v1" => change(rows, &key, |row| {
            row["voidedAt"] = event.value("/voidedAt").clone();
            row["voidReason"] = event.value("/reason").clone();
        }),
        "dose.lot-flagged.v1" => change(rows, &key, |row| row["flagged"] = event.value("/lot").clone()),
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// The lot as names of streams have it: each character other than a letter or a digit is a dot and two hexadecimal digits.
fn lot_name(event: &CheckedEvent) -> String {
    let lot = event.text("/given/lot").bytes().map(|byte| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
        _ => format!(".{byte:02X}"),
    });
    format!("{}.{}", event.text("/given/vaccine"), lot.collect::<String>())
}

fn lot_doses(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let sort = format!("{}.{}", event.text("/subject"), event.text("/dose"));
    match event.kind.as_str() {
        "dose.recorded.v1" | "dose.corrected.v1" => {
            let key = (lot_name(event), sort);
            let is_flagged = rows.get(&key).is_some_and(|row| row["isFlagged"] == json!(true));
            let mut row = of(event, &["subject", "dose"]);
            row["givenOn"] = event.value("/given/givenOn").clone();
            row["site"] = event.value("/given/site").clone();
            row["isFlagged"] = json!(is_flagged);
            rows.insert(key, row);
        }
        "dose.lot-flagged.v1" => {
            change(rows, &(event.text("/lot").to_owned(), sort), |row| row["isFlagged"] = json!(true));
        }
        _ => return Arm::Missing,
    }
    Arm::Found
}

fn recalled_lots(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    if event.kind != "lot.recalled.v1" {
        return Arm::Missing;
    }
    rows.insert((event.text("/lot").to_owned(), "recall".to_owned()), of(event, &["lot", "reason", "recalledAt"]));
    Arm::Found
}

fn my_passes(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = (event.text("/subject").to_owned(), event.text("/pass").to_owned());
    match event.kind.as_str() {
        "pass.issued.v1" => {
            let mut row = of(event, &["pass", "dose", "contents", "issuedAt", "expiresAt"]);
            (row["revokedAt"], row["cause"]) = (Value::Null, Value::Null);
            rows.insert(key, row);
        }
        "pass.revoked.v1" => change(rows, &key, |row| {
            row["revokedAt"] = event.value("/revokedAt").clone();
            row["cause"] = event.value("/cause").clone();
        }),
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// The partition is the year and the month of the expiry.
fn revoked_passes(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    if event.kind != "pass.revoked.v1" {
        return Arm::Missing;
    }
    let month: String = event.text("/expiresAt").chars().take(7).collect();
    rows.insert((month, event.text("/revocation").to_owned()), of(event, &["revocation", "expiresAt"]));
    Arm::Found
}

fn booked_doses(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    if event.kind != "dose.booked.v1" {
        return Arm::Missing;
    }
    let sort = format!("{}.{}", event.text("/startsAt"), event.text("/session"));
    let row = of(event, &["programme", "edition", "number", "declared", "bookedAt"]);
    rows.insert((event.text("/subject").to_owned(), sort), row);
    Arm::Found
}
