//! What streams say about each other: a slot is never given to more patients than it has places, and the sessions and the
//! diaries know the same bookings. And each event stands on the stream that its data names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{event::Event, findings::Findings};

/// A session and a start.
type Slot = (String, String);
type Bookings = BTreeMap<Slot, BTreeSet<String>>;

#[derive(Default)]
pub struct Agreement {
    capacities: HashMap<String, u64>,
    /// As the sessions say.
    taken: Bookings,
    /// As the diaries say.
    booked: Bookings,
}

impl Agreement {
    pub fn event(&mut self, event: &Event, findings: &mut Findings) {
        let mut wrong = |what: String| findings.add("care", event.position, what);
        let stream_id = event.stream.split_once('-').map_or("", |(_, id)| id);
        let owner = owner_of(event);
        if owner.is_some_and(|owner| owner != stream_id) {
            wrong(format!("it stands on {}, which its data does not name", event.stream));
        }
        match event.kind.as_str() {
            "appointment.session-published.v1" => {
                self.capacities.insert(stream_id.to_owned(), event.number("/capacity"));
            }
            "appointment.session-withdrawn.v1" => {
                self.capacities.remove(stream_id);
            }
            "appointment.slot-taken.v1" => {
                let slot = (event.text("/session").to_owned(), event.text("/startsAt").to_owned());
                let capacity = self.capacities.get(&slot.0).copied().unwrap_or(0);
                let who = self.taken.entry(slot).or_default();
                if !who.insert(event.text("/by").to_owned()) {
                    wrong("the slot is this patient's already".to_owned());
                }
                if who.len() as u64 > capacity {
                    wrong(format!("the slot is given to {} patients and has {capacity} places", who.len()));
                }
            }
            "appointment.slot-freed.v1" => {
                let slot = (event.text("/session").to_owned(), event.text("/startsAt").to_owned());
                if !remove(&mut self.taken, &slot, event.text("/by")) {
                    wrong("a slot is freed that was not this patient's".to_owned());
                }
            }
            "appointment.booked.v1" => self.book(event, "/time", &mut wrong),
            "appointment.rescheduled.v1" => {
                self.cancel(event, "/from", &mut wrong);
                self.book(event, "/to", &mut wrong);
            }
            "appointment.cancelled.v1" => self.cancel(event, "/time", &mut wrong),
            _ => {}
        }
    }

    fn book(&mut self, event: &Event, time: &str, wrong: &mut impl FnMut(String)) {
        for slot in slots(event.value(time)) {
            if !self.booked.entry(slot).or_default().insert(event.text("/patient").to_owned()) {
                wrong("the patient has booked this slot already".to_owned());
            }
        }
    }

    fn cancel(&mut self, event: &Event, time: &str, wrong: &mut impl FnMut(String)) {
        for slot in slots(event.value(time)) {
            if !remove(&mut self.booked, &slot, event.text("/patient")) {
                wrong("a booking is given up that was not there".to_owned());
            }
        }
    }

    /// After the last event, sessions and diaries agree.
    pub fn end(self, findings: &mut Findings) {
        let slots: BTreeSet<&Slot> = self.taken.keys().chain(self.booked.keys()).collect();
        let nobody = BTreeSet::new();
        for slot in slots {
            let (taken, booked) = (self.taken.get(slot).unwrap_or(&nobody), self.booked.get(slot).unwrap_or(&nobody));
            for patient in taken.symmetric_difference(booked) {
                let who = if taken.contains(patient) { "the session alone knows" } else { "the diary alone knows" };
                findings.line(format!("session-{} at {}: {who} the booking of {patient}", slot.0, slot.1));
            }
        }
    }
}

/// Whose stream this event belongs on, as its data says.
fn owner_of(event: &Event) -> Option<String> {
    let field = match event.stream.split_once('-')?.0 {
        "session" => "/session",
        "diary" => "/patient",
        "registration" | "donor" => "/subject",
        "practice" => "/practice",
        "publishing" => return Some(format!("{}.{}", event.text("/site"), event.text("/on"))),
        _ => return None,
    };
    Some(event.text(field).to_owned())
}

fn remove(bookings: &mut Bookings, slot: &Slot, patient: &str) -> bool {
    bookings.get_mut(slot).is_some_and(|who| who.remove(patient))
}

/// The slots of a booked time: it may take several adjacent ones.
fn slots(time: &Value) -> Vec<Slot> {
    let session = time["session"].as_str().unwrap_or_default();
    starts(&time["startsAt"], &time["endsAt"], &time["slotMinutes"])
        .into_iter()
        .map(|start| (session.to_owned(), start))
        .collect()
}

/// The starts of all whole slots from one instant to another.
pub fn starts(from: &Value, until: &Value, minutes: &Value) -> Vec<String> {
    let instant = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let (Some(from), Some(until)) = (instant(from), instant(until)) else {
        return Vec::new();
    };
    let length = SignedDuration::from_mins(minutes.as_i64().unwrap_or(0).max(1));
    let nth = |n: i32| from.checked_add(length.checked_mul(n)?).ok();
    (0..).map_while(nth).take_while(|start| *start + length <= until).map(|start| start.to_string()).collect()
}
