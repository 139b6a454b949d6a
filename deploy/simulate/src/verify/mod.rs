//! Holds what clients were told against the log and the views. It does not use the code of the system: it reads what an
//! auditor and the clients can read.

mod facts;
mod ledger;
mod sources;
mod untruths;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use facts::{ClaimViewer, StandingClaim, what_of};
use ledger::SlotLedger;
use sources::{LogSource, ViewSource};

pub use facts::ToldFacts;
pub use sources::SystemSources;
pub use untruths::Untruths;

/// The number of requests of the verification that are under way at the same time.
const IN_FLIGHT: usize = 32;

/// The result.
#[derive(Debug)]
pub struct ToldVerdict {
    /// The answers that were held against the log and the views.
    pub held: u64,
    /// Those of which nothing can be said: queries without a claim, failures, silence.
    pub others: u64,
    /// The queries of views that were made for it.
    pub views_asked: usize,
    pub untruths: Untruths,
    /// The places in the clinics of a rush, and how many of them are booked.
    pub filled: Option<(i64, i64)>,
}

impl ToldVerdict {
    /// True if no answer was untrue, and the clinics of a rush are filled.
    pub fn is_good(&self) -> bool {
        self.untruths.count == 0
    }

    /// The line that says whether anybody was told something untrue.
    pub fn line(&self) -> String {
        let held = thousands(self.held);
        match self.untruths.count {
            0 => format!("Told: {held} answers held against the log and the views: none untrue."),
            count => {
                let first = self.untruths.texts.first().map_or("", String::as_str);
                format!(
                    "Told: {held} answers held against the log and the views: {} untrue; {first}.",
                    thousands(count)
                )
            }
        }
    }
}

/// 1234567 as `1,234,567`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}

/// Holds the facts against the log, from this position on, and the views. `filled` are sessions of which every place has to be
/// booked.
///
/// # Errors
/// If the log or a view cannot be read.
pub async fn hold(
    mut facts: ToldFacts,
    mut untruths: Untruths,
    system: &(impl LogSource + ViewSource),
    from: u64,
    filled: &[String],
) -> anyhow::Result<ToldVerdict> {
    scan_log(&mut facts, system, from, &mut untruths).await?;
    let filled = slots(&facts, system, filled, &mut untruths).await?;
    let highest = facts.highest;
    let claims: Vec<_> = std::mem::take(&mut facts.claims).into_iter().collect();
    let views_asked = claims.len();
    let shown = stream::iter(claims)
        .map(|(place, items)| view(system, place, items, highest))
        .buffer_unordered(IN_FLIGHT)
        .try_collect::<Vec<_>>();
    for (line, what) in shown.await?.into_iter().flatten() {
        untruths.add(line, what);
    }
    Ok(ToldVerdict { held: facts.held, others: facts.others, views_asked, untruths, filled })
}

/// Every acknowledged event is in the log as told, and no event of a refused command is.
async fn scan_log(
    facts: &mut ToldFacts,
    system: &impl LogSource,
    from: u64,
    untruths: &mut Untruths,
) -> anyhow::Result<()> {
    let mut acknowledged = facts.acknowledged.iter().peekable();
    while let Some(before) = acknowledged.next_if(|told| told.position <= from) {
        untruths.add(before.line, format!("its event at {} is older than the run", before.position));
    }
    let mut reached = from;
    loop {
        let page = system.after(reached).await?;
        if page.is_empty() {
            break;
        }
        for event in &page {
            reached = event.position;
            while let Some(told) = acknowledged.next_if(|told| told.position <= event.position) {
                let what = what_of(&event.kind, &event.stream, event.revision);
                if (told.position, told.id, told.what) != (event.position, event.id, what) {
                    untruths.add(told.line, format!("its event at {} is not in the log as told", told.position));
                }
            }
            if let Some(line) = facts.refused.get(&event.correlation) {
                let (kind, position) = (&event.kind, event.position);
                untruths.add(*line, format!("it was refused, but {kind} at {position} followed from it"));
            }
        }
    }
    for told in acknowledged {
        untruths.add(told.line, format!("its event at {} is not in the log, which ends at {reached}", told.position));
    }
    facts.highest = facts.highest.max(reached);
    Ok(())
}

/// No slot is booked or told more often than it has places; slots that were told to be taken or free were.
async fn slots(
    facts: &ToldFacts,
    system: &impl LogSource,
    filled: &[String],
    untruths: &mut Untruths,
) -> anyhow::Result<Option<(i64, i64)>> {
    let told = facts.taken.iter().map(|claim| &claim.slot.session);
    let told = told.chain(facts.free.iter().map(|claim| &claim.slot.session));
    let told = told.chain(facts.bookings.keys().map(|slot| &slot.session));
    let sessions: BTreeSet<&String> = told.chain(filled).collect();
    let ledger_of = |session: &String| {
        let session = session.clone();
        async move {
            let events = system.stream(&format!("session-{session}")).await?;
            Ok::<_, anyhow::Error>((session, SlotLedger::of(&events)?))
        }
    };
    let ledgers: HashMap<String, SlotLedger> =
        stream::iter(sessions).map(ledger_of).buffer_unordered(IN_FLIGHT).try_collect().await?;
    let known = |session: &str| ledgers.get(session).filter(|ledger| !ledger.is_amended);
    for (session, ledger) in &ledgers {
        if let Some((slot, position)) = ledger.overbooked() {
            untruths.add_state(format!("the slot {slot} of {session} is booked twice, at {position}"));
        }
    }
    for claim in &facts.taken {
        let full = known(&claim.slot.session).map(|l| l.was_full(claim.slot.starts_at, claim.sent, claim.answered));
        if full == Some(false) {
            untruths.add(claim.line, "the slot was told to be taken, but nobody else had it");
        }
    }
    for claim in &facts.free {
        if known(&claim.slot.session).map(|l| l.was_free(claim.slot.starts_at, claim.position)) == Some(false) {
            untruths.add(claim.line, format!("the slot was told to be free at {}, but was taken", claim.position));
        }
    }
    for (slot, told) in &facts.bookings {
        let Some(ledger) = known(&slot.session) else { continue };
        let mut told = told.clone();
        told.sort_unstable();
        let mut booked = 0;
        for (_, delta, line) in told {
            booked += delta;
            if booked > ledger.capacity() {
                untruths.add(line, "the slot was told to more people than it has places for");
            }
        }
    }
    if filled.is_empty() {
        return Ok(None);
    }
    let of = |session: &String| ledgers.get(session).map_or((0, 0), SlotLedger::places_and_booked);
    let sum = filled.iter().map(of).fold((0, 0), |(a, b), (places, booked)| (a + places, b + booked));
    if sum.0 != sum.1 {
        untruths.add_state(format!("{} of {} places are booked: the clinics are not filled exactly", sum.1, sum.0));
    }
    Ok(Some(sum))
}

/// The claims on one answer of a view that do not hold, with their lines.
async fn view(
    system: &impl ViewSource,
    (viewer, path): (ClaimViewer, String),
    items: HashMap<String, StandingClaim>,
    after: u64,
) -> anyhow::Result<Vec<(u64, String)>> {
    let (who, desk) = viewer;
    let answer = system.get(&who, desk.as_deref(), &path, after).await?;
    let mut untrue = Vec::new();
    for (item, claim) in items {
        let item: BTreeMap<String, Value> = serde_json::from_str(&item)?;
        let found = answer.as_ref().and_then(|answer| match answer["items"].as_array() {
            Some(items) if !item.is_empty() => items.iter().find(|candidate| has(candidate, &item)),
            Some(_) | None => Some(answer).filter(|answer| has(answer, &item)),
        });
        match found {
            None => untrue.push((claim.line, format!("{path} does not show it"))),
            Some(found) if !has(found, &claim.shows) => {
                let member = claim.shows.iter().find(|(name, value)| found[name.as_str()] != **value);
                let name = member.map_or("", |(name, _)| name);
                untrue.push((claim.line, format!("{path} shows another `{name}`")));
            }
            Some(_) => {}
        }
    }
    Ok(untrue)
}

fn has(value: &Value, members: &BTreeMap<String, Value>) -> bool {
    members.iter().all(|(name, member)| value[name.as_str()] == *member)
}

#[cfg(test)]
mod tests;
