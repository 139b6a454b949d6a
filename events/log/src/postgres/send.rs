//! Sends a batch to the database: its rows, and the conditions for storing them.

use std::collections::HashSet;

use event_core::{StreamName, envelope::Hash};
use sqlx::{PgConnection, Row as _, postgres::PgRow};
use uuid::Uuid;

use super::rows::{self, number};
use crate::{
    evaluate::{EventToStore, Heads, Plan, Verdict, command_key_of, key_of, keys_beside_earlier},
    port::{Append, LogError, Refused},
    store::{Request, meta_of},
};

/// The conditions for storing a batch that the unique indexes do not check when its rows are added.
pub(super) struct Probes<'b> {
    /// The last position of the log that this node has seen.
    known: u64,
    pub streams: Vec<&'b StreamName>,
    revisions: Vec<i64>,
    /// Commands that must not have been stored.
    keys: Vec<Hash>,
    /// Commands that must not have a remembered decision.
    commands: Vec<Hash>,
}

impl<'b> Probes<'b> {
    pub fn none(known: u64) -> Probes<'b> {
        Probes { known, streams: Vec::new(), revisions: Vec::new(), keys: Vec::new(), commands: Vec::new() }
    }

    /// Every stream except those that are written at a revision that this node has seen committed: the next revision
    /// cannot leave a gap, and can be given only once. Every command except those that are stored.
    pub fn of(
        batch: &[Request],
        plan: &Plan,
        assumed: &'b Heads,
        unseen: &HashSet<&StreamName>,
        known: u64,
    ) -> Probes<'b> {
        let mut probes =
            Probes { keys: plan.doubtful_keys(batch), commands: commands_of(batch, plan), ..Probes::none(known) };
        for (stream, head) in assumed {
            if unseen.contains(stream) || !plan.moved.contains_key(stream) {
                probes.streams.push(stream);
                probes.revisions.push(rows::signed(head.revision));
            }
        }
        probes
    }

    /// Fills in the positions of the heads that were compared.
    pub fn found(&self, positions: &[u64], heads: &mut Heads) {
        for (stream, position) in self.streams.iter().zip(positions) {
            if let Some(head) = heads.get_mut(*stream) {
                head.position = *position;
            }
        }
    }
}

/// The database's answer to a batch that it stored.
pub(super) struct StoredBatch {
    pub base: u64,
    /// The positions of the heads that were compared.
    pub positions: Vec<u64>,
}

/// A plan's rows, as one list per column.
#[derive(Default)]
struct Events<'b> {
    streams: Vec<&'b str>,
    revisions: Vec<i64>,
    ids: Vec<Uuid>,
    kinds: Vec<&'static str>,
    keys: Vec<Option<Hash>>,
    metas: Vec<Vec<u8>>,
    data: Vec<&'b [u8]>,
}

impl<'b> Events<'b> {
    fn push(&mut self, append: &'b Append, row: &EventToStore) {
        let event = &append.events[row.event];
        // Only the first event carries the data that identifies its request.
        let first = row.event == 0;
        self.streams.push(event.stream.as_str());
        self.revisions.push(rows::signed(row.revision));
        self.ids.push(event.id);
        self.kinds.push(event.kind);
        self.keys.push(key_of(append).filter(|_| first));
        self.metas.push(meta_of(append, first).pack());
        self.data.push(&event.data);
    }
}

/// A plan's remembered decisions, as one list per column.
#[derive(Default)]
struct Decisions<'b> {
    keys: Vec<Hash>,
    hashes: Vec<Hash>,
    positions: Vec<i64>,
    outcomes: Vec<&'b [u8]>,
}

impl<'b> Decisions<'b> {
    fn of(batch: &'b [Request], plan: &Plan) -> Decisions<'b> {
        let mut decisions = Decisions::default();
        for decided in &plan.remembered {
            let idempotency = batch[decided.request].append.idempotency.as_ref();
            let Some((idempotency, outcome)) = idempotency.and_then(|given| Some((given, given.outcome.as_ref()?)))
            else {
                continue;
            };
            decisions.keys.push(idempotency.command_key);
            decisions.hashes.push(idempotency.request_hash);
            decisions.positions.push(rows::signed(decided.position));
            decisions.outcomes.push(outcome);
        }
        decisions
    }
}

/// Stores the plan's rows, if all conditions hold; otherwise `None`.
pub(super) async fn send(
    connection: &mut PgConnection,
    batch: &[Request],
    plan: &Plan,
    probes: &Probes<'_>,
    clock: i64,
) -> Result<Option<StoredBatch>, LogError> {
    let mut events = Events::default();
    for row in &plan.rows {
        events.push(&batch[row.request].append, row);
    }
    let decisions = Decisions::of(batch, plan);
    let query = sqlx::query(include_str!("../../sql/postgres/append.sql"))
        .bind(rows::signed(probes.known))
        .bind(names(probes.streams.iter()))
        .bind(&probes.revisions)
        .bind(probes.keys.as_slice())
        .bind(clock)
        .bind(events.streams)
        .bind(events.revisions)
        .bind(events.ids)
        .bind(events.kinds)
        .bind(events.keys)
        .bind(events.metas)
        .bind(events.data)
        .bind(probes.commands.as_slice())
        .bind(decisions.keys)
        .bind(decisions.hashes)
        .bind(decisions.positions)
        .bind(decisions.outcomes);
    let answer: PgRow = query.fetch_one(connection).await?;
    if !answer.try_get::<bool, _>(0)? {
        return Ok(None);
    }
    let positions: Vec<i64> = answer.try_get(2)?;
    let positions = positions.into_iter().map(number).collect::<Result<_, _>>()?;
    Ok(Some(StoredBatch { base: number(answer.try_get(1)?)?, positions }))
}

/// The keys of the commands of a batch, except those that repeat an earlier request of it.
fn commands_of(batch: &[Request], plan: &Plan) -> Vec<Hash> {
    let decided = plan.verdicts.iter().zip(batch).filter(|(verdict, _)| match verdict {
        Verdict::Store { .. } | Verdict::Holds { .. } => true,
        Verdict::Refuse(refused) => *refused != Refused::KeyReused,
        Verdict::Repeat(_) | Verdict::RepeatOf(_) => false,
    });
    let decided = decided.filter_map(|(_, request)| command_key_of(&request.append));
    decided.chain(keys_beside_earlier(batch)).collect()
}

pub(super) fn names(names: impl Iterator<Item = impl std::fmt::Display>) -> Vec<String> {
    names.map(|name| name.to_string()).collect()
}
