//! The steps that bookings of every kind share: look for a free slot of the own practice, and book it.

use event_core::Timestamp;
use fastrand::Rng;
use serde_json::{Value, json};

use crate::{
    callers::SimulatedCaller,
    told::{ToldSlot, ViewClaim},
    visit::{CommandAsked, QueryAsked, Reply, UserVisit, VisitEnded},
};

/// Clinics are on this many days from tomorrow: the longest range of one search.
pub const CLINIC_DAYS: i64 = 14;
/// The number of slots on one screen.
const SHOWN: u32 = 30;
/// How often a user looks for another slot after the chosen one was taken.
const TRIES_MAX: u32 = 3;

/// Looks for a free slot of this service and books one, like a person: if it was taken meanwhile, looks again. Returns the
/// slot and the answer; `None` if nothing is free, or the system refused for another reason. `command` is the command that books.
///
/// # Errors
/// If a step has no answer.
pub async fn book_one(
    visit: &mut UserVisit,
    service: &'static str,
    thinks_seconds: f64,
    command: impl Fn(&str, &ToldSlot) -> CommandAsked + Send + Sync,
) -> Result<Option<(ToldSlot, Reply)>, VisitEnded> {
    let caller = visit.caller()?;
    for _ in 0..TRIES_MAX {
        // A day that suits, or else the first with a free slot.
        let days = visit.rng.i64(1..CLINIC_DAYS);
        let slot = match look(visit, &caller, service, days).await? {
            Some(slot) => slot,
            None => {
                visit.think(2.0);
                let Some(slot) = look(visit, &caller, service, 0).await? else { return Ok(None) };
                slot
            }
        };
        visit.think(thinks_seconds);
        let reply = visit.give(&caller, command(&visit.patient.subject, &slot)).await?;
        match reply.refusal.as_deref() {
            None => return Ok(Some((slot, reply))),
            Some("slot-taken") => visit.think(2.0),
            Some(_) => return Ok(None),
        }
    }
    Ok(None)
}

/// Looks for free slots of the own practice, so many days after the first, and chooses one.
async fn look(
    visit: &mut UserVisit,
    caller: &SimulatedCaller,
    service: &str,
    days: i64,
) -> Result<Option<ToldSlot>, VisitEnded> {
    let first = visit.run.today.plus_days(1);
    let (site, from, until) = (&visit.patient.practice, first.plus_days(days), first.plus_days(CLINIC_DAYS - 1));
    let path = format!("/free-slots?site={site}&service={service}&from={from}&until={until}&limit={SHOWN}");
    let (_, slot) = visit.ask_and_choose(caller, QueryAsked::new("free-slots", path), one_of).await?;
    Ok(slot)
}

/// The command that books a slot.
pub fn book(subject: &str, slot: &ToldSlot) -> CommandAsked {
    let body =
        json!({"session": slot.session, "startsAt": slot.starts_at, "patient": subject, "reason": "a sore knee"});
    CommandAsked {
        slot: Some(slot.clone()),
        claims: vec![shows(subject, slot, "booked")],
        ..CommandAsked::new("book-appointment", body)
    }
}

/// The patient's appointment has this status.
pub fn shows(subject: &str, slot: &ToldSlot, status: &str) -> ViewClaim {
    let path = format!("/patients/{subject}/appointments/{}/{}", slot.session, slot.starts_at);
    ViewClaim::new(path, json!({}), json!({"status": status}))
}

fn one_of(rng: &mut Rng, answer: &Value) -> Option<ToldSlot> {
    let items = answer["items"].as_array().filter(|items| !items.is_empty())?;
    let item = &items[rng.usize(..items.len())];
    let starts_at: Timestamp = serde_json::from_value(item["startsAt"].clone()).ok()?;
    Some(ToldSlot { session: item["session"].as_str()?.to_owned(), starts_at })
}
