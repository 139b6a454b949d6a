//! The facts that the file of told answers states, in the form in which it is held against the log and the views.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    io::{BufRead, BufReader},
    path::Path,
};

use anyhow::Context;
use event_core::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::untruths::Untruths;
use crate::told::{ToldEvent, ToldLine, ToldOutcome, ToldSlot};

/// An event that a client was told of.
#[derive(Debug)]
pub struct AcknowledgedEvent {
    pub position: u64,
    pub id: Uuid,
    /// The hash of kind, stream and revision.
    pub what: u64,
    pub line: u64,
}

/// The answers to one key.
#[derive(Debug, Default)]
struct KeyAnswers {
    first_sent: Option<Timestamp>,
    /// The hash of the events, and the line.
    granted: Option<(u64, u64)>,
    refused: Option<u64>,
}

/// A client was told that a slot is taken.
#[derive(Debug)]
pub struct TakenClaim {
    pub slot: ToldSlot,
    /// When the key was first sent, because a repeat gets the first decision.
    pub sent: Timestamp,
    pub answered: Timestamp,
    pub line: u64,
}

/// A client was told that a slot was free as of a position.
#[derive(Debug)]
pub struct FreeClaim {
    pub slot: ToldSlot,
    pub position: u64,
    pub line: u64,
}

/// A view has to show something.
#[derive(Debug)]
pub struct StandingClaim {
    pub position: u64,
    pub shows: BTreeMap<String, Value>,
    pub line: u64,
}

/// The caller that sees a claim: a patient, or the desk of a practice.
pub type ClaimViewer = (String, Option<String>);

#[derive(Debug, Default)]
pub struct ToldFacts {
    /// The answers that can be held against something.
    pub held: u64,
    /// The other ones: queries that claim nothing about the log, and failures.
    pub others: u64,
    /// In the order of positions.
    pub acknowledged: Vec<AcknowledgedEvent>,
    /// The ids that events of refused commands would carry, with the line of the refusal.
    pub refused: HashMap<Uuid, u64>,
    pub taken: Vec<TakenClaim>,
    pub free: Vec<FreeClaim>,
    /// By slot: position, +1 for a granted booking and -1 for a granted cancellation, and line.
    pub bookings: HashMap<ToldSlot, Vec<(u64, i32, u64)>>,
    /// By viewer and path: the item as JSON, and what it has to show.
    pub claims: HashMap<(ClaimViewer, String), HashMap<String, StandingClaim>>,
    /// The lowest and the highest position that a client was told, those of the events included.
    lowest: Option<u64>,
    pub highest: u64,
    keys: HashMap<String, KeyAnswers>,
}

impl ToldFacts {
    /// Reads a file. Its last line may be incomplete.
    ///
    /// # Errors
    /// If the file cannot be read, or another line is not an answer.
    pub fn read(file: &Path, untruths: &mut Untruths) -> anyhow::Result<ToldFacts> {
        let named = || file.display().to_string();
        let lines = BufReader::new(File::open(file).with_context(named)?).lines();
        let mut facts = ToldFacts::default();
        let mut unread: Option<(u64, serde_json::Error)> = None;
        for (n, text) in (1..).zip(lines) {
            if let Some((n, error)) = unread {
                anyhow::bail!("{}, line {n}: {error}", named());
            }
            match serde_json::from_str(&text.with_context(named)?) {
                Ok(line) => unread = facts.add(n, line, untruths).err().map(|error| (n, error)),
                Err(error) => unread = Some((n, error)),
            }
        }
        facts.acknowledged.sort_unstable_by_key(|event| (event.position, event.line));
        Ok(facts)
    }

    /// The position after which the log has everything that the file tells of.
    pub fn start(&self) -> u64 {
        self.lowest.unwrap_or_default().saturating_sub(1)
    }

    /// # Errors
    /// If a claim cannot be written as JSON.
    pub fn add(&mut self, n: u64, line: ToldLine, untruths: &mut Untruths) -> Result<(), serde_json::Error> {
        let position = line.position.as_deref().and_then(number_of);
        for position in line.events.iter().map(|event| event.position).chain(position) {
            self.lowest = Some(self.lowest.map_or(position, |lowest| lowest.min(position)));
            self.highest = self.highest.max(position);
        }
        if line.key.is_empty() {
            self.query(n, &line, position, untruths);
            return Ok(());
        }
        let key = self.keys.entry(line.key.clone()).or_default();
        let first_sent = *key.first_sent.get_or_insert(line.sent);
        match line.outcome {
            ToldOutcome::Granted => {
                self.held += 1;
                if let Some(refusal) = key.refused {
                    untruths.add(n, format!("{} was granted, and refused in line {refusal}", line.asked));
                }
                let effect = hash_of(&line.events);
                match key.granted {
                    Some((before, _)) if before == effect => return Ok(()),
                    Some((_, earlier)) => {
                        untruths.add(n, format!("{} had another effect in line {earlier}", line.asked));
                    }
                    None => key.granted = Some((effect, n)),
                }
                self.granted(n, line, position, untruths)
            }
            ToldOutcome::Refused => {
                self.held += 1;
                if let Some((_, grant)) = key.granted {
                    untruths.add(n, format!("{} was refused, and granted in line {grant}", line.asked));
                }
                key.refused = Some(n);
                if let Some(correlation) = line.correlation {
                    self.refused.insert(correlation, n);
                }
                if let (Some("slot-taken"), Some(slot)) = (line.code.as_deref(), line.slot) {
                    self.taken.push(TakenClaim { slot, sent: first_sent, answered: line.answered, line: n });
                }
                Ok(())
            }
            ToldOutcome::Busy | ToldOutcome::Failed | ToldOutcome::Unanswered => {
                self.others += 1;
                Ok(())
            }
        }
    }

    fn granted(
        &mut self,
        n: u64,
        line: ToldLine,
        position: Option<u64>,
        untruths: &mut Untruths,
    ) -> Result<(), serde_json::Error> {
        let Some(position) = position else {
            untruths.add(n, format!("{} was granted without a position", line.asked));
            return Ok(());
        };
        if let Some(last) = line.events.iter().map(|event| event.position).max().filter(|last| *last > position) {
            untruths.add(n, format!("{} was granted at {position}, before its event at {last}", line.asked));
        }
        for event in &line.events {
            let what = what_of(&event.kind, &event.stream, event.revision);
            self.acknowledged.push(AcknowledgedEvent { position: event.position, id: event.id, what, line: n });
        }
        if let Some(slot) = &line.slot {
            let taken = count(&line.events, "appointment.slot-taken.");
            let freed = count(&line.events, "appointment.slot-freed.");
            if taken + freed > 0 {
                self.bookings.entry(slot.clone()).or_default().push((position, taken - freed, n));
            }
        }
        for claim in line.claims {
            let viewer = (line.who.clone(), claim.desk);
            let item = serde_json::to_string(&claim.item)?;
            let standing = self.claims.entry((viewer, claim.path)).or_default().entry(item);
            let new = || StandingClaim { position, shows: claim.shows.clone(), line: n };
            standing
                .and_modify(|old| {
                    if old.position <= position {
                        *old = new()
                    }
                })
                .or_insert_with(new);
        }
        Ok(())
    }

    fn query(&mut self, n: u64, line: &ToldLine, position: Option<u64>, untruths: &mut Untruths) {
        let after = line.after.as_deref().and_then(number_of);
        let answered = line.outcome == ToldOutcome::Granted;
        let missing = line.outcome == ToldOutcome::Refused && line.status == 404;
        match after {
            Some(after) if answered && !line.stale => {
                self.held += 1;
                if position.is_none_or(|position| position < after) {
                    let seen = line.position.as_deref().unwrap_or("no position");
                    untruths.add(n, format!("{} was asked as of care:{after}, and answered as of {seen}", line.asked));
                }
            }
            Some(after) if missing && !line.stale => {
                self.held += 1;
                untruths.add(n, format!("{} found nothing as of care:{after}, where it was told to be", line.asked));
            }
            Some(_) | None if answered && line.slot.is_some() => self.held += 1,
            Some(_) | None => self.others += 1,
        }
        if let (Some(slot), Some(position), true) = (&line.slot, position, answered) {
            self.free.push(FreeClaim { slot: slot.clone(), position, line: n });
        }
    }
}

fn count(events: &[ToldEvent], kind: &str) -> i32 {
    i32::try_from(events.iter().filter(|event| event.kind.starts_with(kind)).count()).unwrap_or(i32::MAX)
}

fn hash_of(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// The hash by which an acknowledged event is compared with the logged one.
pub fn what_of(kind: &str, stream: &str, revision: u64) -> u64 {
    hash_of(&(kind, stream, revision))
}

/// The number in a position, such as 17 of `care:17`.
fn number_of(position: &str) -> Option<u64> {
    position.strip_prefix("care:")?.parse().ok()
}
