//! The slots of a clinic session, from the events of its stream: how many patients had each at which time and position.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use event_core::Timestamp;
use serde::Deserialize;

use super::sources::LoggedEvent;

/// The clocks of client and system differ by at most this much, in milliseconds: they are one clock, unless the simulation runs
/// on another machine.
const CLOCKS_DIFFER_MAX_MS: i128 = 250;

/// A session's slots.
#[derive(Debug, Default)]
pub struct SlotLedger {
    capacity: i32,
    slots: BTreeSet<Timestamp>,
    changes: BTreeMap<Timestamp, Vec<SlotChange>>,
    /// True if the session was changed after it was published: then nothing is said about it.
    pub is_amended: bool,
}

#[derive(Debug, Clone, Copy)]
struct SlotChange {
    position: u64,
    at: Timestamp,
    delta: i32,
    /// True for a hold, false for a booking.
    is_hold: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PublishedData {
    timetable: TimetableData,
    capacity: i32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TimetableData {
    starts_at: Timestamp,
    ends_at: Timestamp,
    slot_minutes: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SlotData {
    starts_at: Timestamp,
    by: String,
    expires_at: Option<Timestamp>,
}

impl SlotLedger {
    /// # Errors
    /// If an event is not understood.
    pub fn of(events: &[LoggedEvent]) -> anyhow::Result<SlotLedger> {
        let mut ledger = SlotLedger::default();
        let mut holds: BTreeMap<(Timestamp, String), Timestamp> = BTreeMap::new();
        for event in events {
            let not_understood = || format!("the event at {}", event.position);
            let kind = event.kind.strip_prefix("appointment.").and_then(|kind| kind.split('.').next());
            match kind {
                Some("session-published") => {
                    let data: PublishedData = serde_json::from_str(event.data.get()).with_context(not_understood)?;
                    ledger.published(&data);
                }
                Some("slot-taken" | "slot-freed" | "slot-held" | "hold-released") => {
                    let data: SlotData = serde_json::from_str(event.data.get()).with_context(not_understood)?;
                    let key = (data.starts_at, data.by);
                    if let Some(expires_at) = holds.remove(&key) {
                        ledger.change(data.starts_at, event.position, event.time.min(expires_at), -1, true);
                    }
                    match (kind, data.expires_at) {
                        (Some("slot-taken"), _) => ledger.change(data.starts_at, event.position, event.time, 1, false),
                        (Some("slot-freed"), _) => ledger.change(data.starts_at, event.position, event.time, -1, false),
                        (Some("slot-held"), Some(expires_at)) => {
                            ledger.change(data.starts_at, event.position, event.time, 1, true);
                            holds.insert(key, expires_at);
                        }
                        _ => {}
                    }
                }
                Some("session-extended" | "session-withdrawn" | "session-amended") => ledger.is_amended = true,
                Some(_) | None => {}
            }
        }
        for ((starts_at, _), expires_at) in holds {
            ledger.change(starts_at, u64::MAX, expires_at, -1, true);
        }
        Ok(ledger)
    }

    fn published(&mut self, data: &PublishedData) {
        self.capacity = data.capacity;
        let TimetableData { starts_at, ends_at, slot_minutes } = data.timetable;
        let mut start = starts_at;
        while slot_minutes > 0 && start.plus_minutes(slot_minutes) <= ends_at {
            self.slots.insert(start);
            start = start.plus_minutes(slot_minutes);
        }
    }

    fn change(&mut self, slot: Timestamp, position: u64, at: Timestamp, delta: i32, is_hold: bool) {
        self.changes.entry(slot).or_default().push(SlotChange { position, at, delta, is_hold });
    }

    fn of_slot(&self, slot: Timestamp) -> &[SlotChange] {
        self.changes.get(&slot).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn capacity(&self) -> i32 {
        self.capacity
    }

    /// The places of all slots, and how many of them are booked.
    pub fn places_and_booked(&self) -> (i64, i64) {
        let booked: i64 = self.changes.values().flatten().filter(|c| !c.is_hold).map(|c| i64::from(c.delta)).sum();
        (self.slots.len() as i64 * i64::from(self.capacity), booked)
    }

    /// The first slot that more patients had than there are places, with the position at which that happened.
    pub fn overbooked(&self) -> Option<(Timestamp, u64)> {
        self.changes.iter().find_map(|(slot, changes)| {
            let mut booked = 0;
            let over = changes.iter().filter(|change| !change.is_hold).find(|change| {
                booked += change.delta;
                booked > self.capacity
            });
            over.map(|change| (*slot, change.position))
        })
    }

    /// True if the slot had a free place as of this position. Holds are not counted: they end by time.
    pub fn was_free(&self, slot: Timestamp, position: u64) -> bool {
        let until = self.of_slot(slot).iter().filter(|change| !change.is_hold && change.position <= position);
        self.slots.contains(&slot) && until.map(|change| change.delta).sum::<i32>() < self.capacity
    }

    /// True if the slot had no free place at some moment between these two.
    pub fn was_full(&self, slot: Timestamp, from: Timestamp, until: Timestamp) -> bool {
        let mut changes = self.of_slot(slot).to_vec();
        changes.sort_by_key(|change| (change.at, change.position));
        let mut taken = 0;
        for (n, change) in changes.iter().enumerate() {
            taken += change.delta;
            let ends = changes.get(n + 1).map(|next| next.at);
            let begins_before = until.since(change.at).as_millis() >= -CLOCKS_DIFFER_MAX_MS;
            let ends_after = ends.is_none_or(|ends| ends.since(from).as_millis() >= -CLOCKS_DIFFER_MAX_MS);
            if taken >= self.capacity && begins_before && ends_after {
                return true;
            }
        }
        false
    }
}
