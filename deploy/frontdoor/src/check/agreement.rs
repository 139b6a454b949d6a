//! The rules between sessions and diaries. A slot is never given to more patients than it has places, and sessions and
//! diaries agree on the bookings.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::{
    appointments::starts,
    event::CheckedEvent,
    findings::Findings,
    kinds::{Arm, Kinds, unknown},
};

/// A session and a start.
type Slot = (String, String);
type Bookings = BTreeMap<Slot, BTreeSet<String>>;

/// The bookings according to the sessions and according to the diaries, up to the last event that was read.
#[derive(Default)]
pub struct Agreement {
    capacities: HashMap<String, u64>,
    /// According to the sessions.
    taken: Bookings,
    /// According to the diaries.
    booked: Bookings,
}

/// A hold or a changed reason does not change the bookings, and an extension does not change the capacity.
const AGREEMENT_KINDS: Kinds = Kinds {
    service: "appointment",
    ignored: &[
        "appointment.session-extended.v1",
        "appointment.slot-held.v1",
        "appointment.hold-released.v1",
        "appointment.hold-placed.v1",
        "appointment.amended.v1",
        "appointment.checked-in.v1",
        "appointment.attended.v1",
        "appointment.did-not-attend.v1",
        "appointment.practitioner-changed.v1",
    ],
};

impl Agreement {
    pub fn event(&mut self, event: &CheckedEvent, findings: &mut Findings) {
        if AGREEMENT_KINDS.need(&event.kind) && self.follow(event, findings) == Arm::Missing {
            unknown("sessions and diaries", event, findings);
        }
    }

    fn follow(&mut self, event: &CheckedEvent, findings: &mut Findings) -> Arm {
        let mut wrong = |what: String| findings.add("care", event.position, what);
        let stream_id = event.stream.split_once('-').map_or("", |(_, id)| id);
        match event.kind.as_str() {
            "appointment.session-published.v1" | "appointment.session-amended.v1" => {
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
            "appointment.cancelled.v1" | "appointment.orphaned.v1" => self.cancel(event, "/time", &mut wrong),
            _ => return Arm::Missing,
        }
        Arm::Found
    }

    fn book(&mut self, event: &CheckedEvent, time: &str, wrong: &mut impl FnMut(String)) {
        for slot in slots(event.value(time)) {
            if !self.booked.entry(slot).or_default().insert(event.text("/patient").to_owned()) {
                wrong("the patient has booked this slot already".to_owned());
            }
        }
    }

    fn cancel(&mut self, event: &CheckedEvent, time: &str, wrong: &mut impl FnMut(String)) {
        for slot in slots(event.value(time)) {
            if !remove(&mut self.booked, &slot, event.text("/patient")) {
                wrong("a booking is given up that was not there".to_owned());
            }
        }
    }

    /// Compares sessions and diaries after the last event.
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

fn remove(bookings: &mut Bookings, slot: &Slot, patient: &str) -> bool {
    bookings.get_mut(slot).is_some_and(|who| who.remove(patient))
}

/// The slots of a booked time, which may have several adjacent ones.
fn slots(time: &Value) -> Vec<Slot> {
    let session = time["session"].as_str().unwrap_or_default();
    starts(&time["startsAt"], &time["endsAt"], &time["slotMinutes"])
        .into_iter()
        .map(|start| (session.to_owned(), start))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agreement_handles_or_ignores_every_kind_of_appointments() {
        let every_kind = vocabulary::kinds();
        for kind in every_kind.filter(|kind| AGREEMENT_KINDS.need(kind)) {
            let arm = Agreement::default().follow(&CheckedEvent::example(kind), &mut Findings::default());
            assert_eq!(arm, Arm::Found, "the agreement of sessions and diaries neither handles nor ignores {kind}");
        }
    }
}
