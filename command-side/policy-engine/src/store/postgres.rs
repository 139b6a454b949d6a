//! The tables in the schema `policies` of the log's database, shared by any number of processes. `synchronous_commit` is
//! off: what a crash of the server takes back is done again, under the same idempotency keys.

use async_trait::async_trait;
use event_core::Timestamp;
use event_follow::Checkpoint;
use event_log::postgres::{
    DatabaseAddress,
    connections::{CALL_TIME_MAX, CONNECT_TIME_MAX, Connections, no_tls, within},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::port::{
    HeldReaction, OwnedPolicy, PendingReaction, PolicyHold, PolicyStore, ReactionId, Settled, awaiting, other_lineage,
};
use crate::PoliciesError;

/// In the order of their numbers.
const MIGRATIONS: [&str; 1] = [include_str!("../../sql/postgres/migrations/0001_policies.sql")];
const GRANTS: &str = include_str!("../../sql/postgres/grants.sql");
/// The number of connections: each policy uses one at a time, for a moment.
const CONNECTIONS_MAX: u32 = 4;

pub struct PgPolicies {
    connections: Connections,
}

fn connecting(url: &str) -> Result<DatabaseAddress, PoliciesError> {
    let address = DatabaseAddress::parse(url).map_err(PoliciesError::Unusable)?;
    let settings = [
        ("search_path", "policies"),
        ("synchronous_commit", "off"),
        ("default_transaction_isolation", "read committed"),
        ("jit", "off"),
        // Every statement here uses an index, whatever the size of the table was when the plan was made.
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        // Equal to `CALL_TIME_MAX`: the client has given up by then, and the server releases its locks.
        ("statement_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("tcp_keepalives_idle", "30"),
    ];
    Ok(address.with("frontdoor-policies", settings))
}

/// The reason for which there is no connection. A TLS error is permanent and is reported as such.
fn unreachable(error: sqlx::Error) -> PoliciesError {
    no_tls(&error).map_or(PoliciesError::Store(error), PoliciesError::Unusable)
}

/// Creates or upgrades the tables, as their owner. `server`: the role of the servers, if it is not the owner.
///
/// # Errors
/// When the database is newer than this binary, or refuses a statement.
pub async fn migrate(url: &str, server: Option<&str>) -> Result<(), PoliciesError> {
    let connection = within(CONNECT_TIME_MAX, connecting(url)?.connect()).await;
    let mut connection = connection.map_err(unreachable)?;
    let mut transaction = connection.begin().await?;
    // Migrations that run at the same time wait for each other.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('frontdoor migrate'))").execute(&mut *transaction).await?;
    let schema = "CREATE SCHEMA IF NOT EXISTS policies; CREATE TABLE IF NOT EXISTS policies.migration \
                  (number integer PRIMARY KEY, done_at timestamptz NOT NULL DEFAULT now())";
    sqlx::raw_sql(schema).execute(&mut *transaction).await?;
    let done = done_migrations(&mut transaction).await?;
    for (at, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await?;
        let number = i32::try_from(at + 1).unwrap_or(i32::MAX);
        sqlx::query("INSERT INTO migration (number) VALUES ($1)").bind(number).execute(&mut *transaction).await?;
    }
    if let Some(server) = server {
        let role = format!("\"{}\"", server.replace('"', "\"\""));
        sqlx::raw_sql(AssertSqlSafe(GRANTS.replace(":server", &role))).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(connection.close().await?)
}

/// The number of migrations that the schema has had.
async fn done_migrations(connection: &mut PgConnection) -> Result<usize, PoliciesError> {
    let done: Option<i32> = sqlx::query_scalar("SELECT max(number) FROM migration").fetch_one(connection).await?;
    let (done, known) = (done.unwrap_or_default(), MIGRATIONS.len());
    usize::try_from(done).ok().filter(|done| *done <= known).ok_or_else(|| {
        let why = format!("its schema `policies` has version {done}, and this binary knows {known} at most");
        PoliciesError::Unusable(why)
    })
}

impl PgPolicies {
    pub async fn open(url: &str) -> Result<PgPolicies, PoliciesError> {
        let address = connecting(url)?;
        let connection = within(CONNECT_TIME_MAX, address.connect()).await;
        let mut connection = connection.map_err(unreachable)?;
        let there = sqlx::query_scalar("SELECT to_regclass('migration') IS NOT NULL");
        let there: bool = within(CALL_TIME_MAX, there.fetch_one(&mut connection)).await?;
        if !there || done_migrations(&mut connection).await? < MIGRATIONS.len() {
            let why = "the schema policies is missing, or older than this binary: it has to be migrated first, with \
                       `frontdoor migrate`";
            return Err(PoliciesError::Unusable(why.into()));
        }
        within(CALL_TIME_MAX, connection.close()).await?;
        Ok(PgPolicies { connections: Connections::new(address, CONNECTIONS_MAX) })
    }

    /// Runs statements in one transaction, within `CALL_TIME_MAX`.
    async fn transaction<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, PoliciesError>,
    ) -> Result<T, PoliciesError> {
        let mut loan = self.connections.borrow().await?;
        let done = async {
            let mut transaction = loan.connection()?.begin().await?;
            let done = work(&mut transaction).await?;
            transaction.commit().await?;
            Ok::<_, PoliciesError>(done)
        };
        let in_time = tokio::time::timeout(CALL_TIME_MAX, done).await;
        let done = in_time.map_err(|_| event_log::postgres::connections::silent())??;
        loan.give_back();
        Ok(done)
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn places(ids: impl Iterator<Item = u32>) -> Vec<i32> {
    ids.map(|place| i32::try_from(place).unwrap_or(i32::MAX)).collect()
}

fn id_of(row: &PgRow, event: usize) -> Result<ReactionId, sqlx::Error> {
    let place: i32 = row.try_get(event + 1)?;
    Ok(ReactionId { event: row.try_get(event)?, place: u32::try_from(place).unwrap_or_default() })
}

fn pending(row: &PgRow) -> Result<PendingReaction, sqlx::Error> {
    let attempts: i32 = row.try_get(7)?;
    Ok(PendingReaction {
        id: id_of(row, 0)?,
        position: unsigned(row.try_get(2)?),
        correlation: row.try_get(3)?,
        command: row.try_get(4)?,
        body: row.try_get(5)?,
        next_at: Timestamp::from_micros(row.try_get(6)?),
        attempts: u32::try_from(attempts).unwrap_or_default(),
        awaits: None,
    })
}

fn held_row(row: &PgRow) -> Result<HeldReaction, sqlx::Error> {
    let attempts: i32 = row.try_get(5)?;
    Ok(HeldReaction {
        policy: row.try_get(0)?,
        id: id_of(row, 1)?,
        position: unsigned(row.try_get(3)?),
        command: row.try_get(4)?,
        attempts: u32::try_from(attempts).unwrap_or_default(),
        since: Timestamp::from_micros(row.try_get(6)?),
        why: row.try_get(7)?,
    })
}

/// Deletes the commands that are done.
async fn delete(connection: &mut PgConnection, policy: &str, done: &[ReactionId]) -> Result<(), sqlx::Error> {
    if done.is_empty() {
        return Ok(());
    }
    let delete = sqlx::query(
        "DELETE FROM reaction WHERE policy = $1 AND (event_id, place) IN (SELECT * FROM unnest($2::uuid[], $3::integer[]))",
    );
    let events: Vec<Uuid> = done.iter().map(|id| id.event).collect();
    delete.bind(policy).bind(events).bind(places(done.iter().map(|id| id.place))).execute(connection).await?;
    Ok(())
}

#[async_trait]
impl PolicyStore for PgPolicies {
    async fn claim(
        &self,
        name: &'static str,
        lease: i64,
        lineage: Uuid,
        begin: Checkpoint,
    ) -> Result<Option<(OwnedPolicy, Checkpoint)>, PoliciesError> {
        self.transaction(async |connection| {
            let insert = sqlx::query(
                "INSERT INTO policy (name, lineage, epoch, position, event_id, recorded_at) \
                 VALUES ($1, $2, 0, $3, $4, $5) ON CONFLICT (name) DO NOTHING",
            );
            let insert = insert.bind(name).bind(lineage).bind(signed(begin.position)).bind(begin.event_id);
            insert.bind(begin.recorded_at).execute(&mut *connection).await?;
            let found =
                sqlx::query("SELECT lineage, position, event_id, recorded_at FROM policy WHERE name = $1 FOR UPDATE");
            let found = found.bind(name).fetch_one(&mut *connection).await?;
            if found.try_get::<Uuid, _>(0)? != lineage {
                return Err(other_lineage(name));
            }
            let checkpoint = Checkpoint {
                position: unsigned(found.try_get(1)?),
                event_id: found.try_get(2)?,
                recorded_at: found.try_get(3)?,
            };
            let claim = sqlx::query("UPDATE policy SET epoch = $2 WHERE name = $1 AND epoch < $2");
            let claimed = claim.bind(name).bind(lease).execute(&mut *connection).await?;
            Ok((claimed.rows_affected() == 1).then_some((OwnedPolicy { name, epoch: lease }, checkpoint)))
        })
        .await
    }

    async fn save(
        &self,
        own: OwnedPolicy,
        from: u64,
        to: Checkpoint,
        reactions: &[PendingReaction],
    ) -> Result<(), PoliciesError> {
        self.transaction(async |connection| {
            let advance = sqlx::query(
                "UPDATE policy SET position = $4, event_id = $5, recorded_at = $6 \
                 WHERE name = $1 AND epoch = $2 AND position = $3",
            );
            let advance = advance.bind(own.name).bind(own.epoch).bind(signed(from)).bind(signed(to.position));
            let advanced = advance.bind(to.event_id).bind(to.recorded_at).execute(&mut *connection).await?;
            if advanced.rows_affected() != 1 {
                return Err(PoliciesError::Superseded);
            }
            if reactions.is_empty() {
                return Ok(());
            }
            let insert = sqlx::query(
                "INSERT INTO reaction (policy, event_id, place, position, correlation, command, body, state, next_at, attempts, why) \
                 SELECT $1, event_id, place, position, correlation, command, body, state, next_at, 0, '' \
                 FROM unnest($2::uuid[], $3::integer[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::bigint[]) \
                 AS new (event_id, place, position, correlation, command, body, state, next_at) ON CONFLICT DO NOTHING",
            );
            let events: Vec<Uuid> = reactions.iter().map(|reaction| reaction.id.event).collect();
            let positions: Vec<i64> = reactions.iter().map(|reaction| signed(reaction.position)).collect();
            let correlations: Vec<Uuid> = reactions.iter().map(|reaction| reaction.correlation).collect();
            let commands: Vec<&str> = reactions.iter().map(|reaction| reaction.command.as_str()).collect();
            let bodies: Vec<&str> = reactions.iter().map(|reaction| reaction.body.as_str()).collect();
            let states: Vec<String> = reactions.iter().map(PendingReaction::state).collect();
            let times: Vec<i64> = reactions.iter().map(|reaction| reaction.next_at.micros()).collect();
            let insert = insert.bind(own.name).bind(events).bind(places(reactions.iter().map(|reaction| reaction.id.place)));
            let insert = insert.bind(positions).bind(correlations).bind(commands).bind(bodies);
            let insert = insert.bind(states).bind(times);
            insert.execute(&mut *connection).await?;
            Ok(())
        })
        .await
    }

    async fn due(&self, policy: &str, now: Timestamp, rows_max: u32) -> Result<Vec<PendingReaction>, PoliciesError> {
        let due = sqlx::query(
            "SELECT event_id, place, position, correlation, command, body, next_at, attempts FROM reaction \
             WHERE policy = $1 AND state = 'waiting' AND next_at <= $2 ORDER BY next_at, position, place LIMIT $3",
        );
        let due = due.bind(policy.to_owned()).bind(now.micros()).bind(i64::from(rows_max));
        let rows = self.connections.fetch(due).await?;
        Ok(rows.iter().map(pending).collect::<Result<_, _>>()?)
    }

    async fn next_at(&self, policy: &str) -> Result<Option<Timestamp>, PoliciesError> {
        let next = sqlx::query(
            "SELECT next_at FROM reaction WHERE policy = $1 AND state = 'waiting' ORDER BY next_at, position, place LIMIT 1",
        );
        let rows = self.connections.fetch(next.bind(policy.to_owned())).await?;
        Ok(rows.first().map(|row| row.try_get(0).map(Timestamp::from_micros)).transpose()?)
    }

    async fn release(
        &self,
        policy: &str,
        name: &str,
        before: u64,
        now: Timestamp,
        rows_max: u32,
    ) -> Result<u64, PoliciesError> {
        let release = sqlx::query(
            "UPDATE reaction SET state = 'waiting', next_at = $3 WHERE (policy, event_id, place) IN \
             (SELECT policy, event_id, place FROM reaction WHERE policy = $1 AND state = $2 AND position < $5 \
             ORDER BY next_at, position, place LIMIT $4)",
        );
        let release = release.bind(policy.to_owned()).bind(awaiting(name)).bind(now.micros());
        Ok(self.connections.run(release.bind(i64::from(rows_max)).bind(signed(before))).await?)
    }

    async fn settle(&self, policy: &str, results: &[(ReactionId, Settled)]) -> Result<(), PoliciesError> {
        self.transaction(async |connection| {
            let done: Vec<ReactionId> =
                results.iter().filter(|(_, settled)| *settled == Settled::Done).map(|(id, _)| *id).collect();
            delete(connection, policy, &done).await?;
            for (id, settled) in results {
                let [place] = places(std::iter::once(id.place))[..] else { continue };
                let of = |sql: &'static str| sqlx::query(sql).bind(policy.to_owned()).bind(id.event).bind(place);
                let update = match settled {
                    Settled::Done => continue,
                    Settled::Again { at, attempts, why } => {
                        of("UPDATE reaction SET next_at = $4, attempts = $5, why = $6 \
                         WHERE policy = $1 AND event_id = $2 AND place = $3 AND state = 'waiting'")
                        .bind(at.micros())
                        .bind(i32::try_from(*attempts).unwrap_or(i32::MAX))
                        .bind(why.clone())
                    }
                    Settled::Held { hold, at, why } => {
                        of("UPDATE reaction SET next_at = $4, attempts = attempts + 1, \
                         why = $5, state = $6 WHERE policy = $1 AND event_id = $2 AND place = $3 AND state = 'waiting'")
                        .bind(at.micros())
                        .bind(why.clone())
                        .bind(hold.as_str())
                    }
                };
                update.execute(&mut *connection).await?;
            }
            Ok(())
        })
        .await
    }

    async fn count(&self, policy: &str, hold: Option<PolicyHold>, count_max: u32) -> Result<u64, PoliciesError> {
        let count = sqlx::query(
            "SELECT count(*) FROM (SELECT 1 FROM reaction WHERE policy = $1 AND state = $2 LIMIT $3) AS counted",
        );
        let state = hold.map_or("waiting", PolicyHold::as_str);
        let rows = self.connections.fetch(count.bind(policy.to_owned()).bind(state).bind(i64::from(count_max))).await?;
        Ok(rows.first().map(|row| row.try_get(0).map(unsigned)).transpose()?.unwrap_or_default())
    }

    async fn held(&self, policy: &str, hold: PolicyHold, rows_max: u32) -> Result<Vec<HeldReaction>, PoliciesError> {
        let held = sqlx::query(
            "SELECT policy, event_id, place, position, command, attempts, next_at, why FROM reaction \
             WHERE policy = $1 AND state = $2 ORDER BY next_at, position, place LIMIT $3",
        );
        let held = held.bind(policy.to_owned()).bind(hold.as_str()).bind(i64::from(rows_max));
        let rows = self.connections.fetch(held).await?;
        Ok(rows.iter().map(held_row).collect::<Result<_, _>>()?)
    }

    async fn retry(&self, policy: &str, one: Option<ReactionId>, now: Timestamp) -> Result<u64, PoliciesError> {
        let retry = sqlx::query(
            "UPDATE reaction SET state = 'waiting', next_at = $4, attempts = 0 WHERE policy = $1 AND state = 'parked' \
             AND ($2::uuid IS NULL OR (event_id = $2 AND place = $3))",
        );
        let place = one.map(|id| i32::try_from(id.place).unwrap_or(i32::MAX));
        let retry = retry.bind(policy.to_owned()).bind(one.map(|id| id.event)).bind(place).bind(now.micros());
        Ok(self.connections.run(retry).await?)
    }

    async fn discard(
        &self,
        policy: &str,
        one: Option<ReactionId>,
        now: Timestamp,
        why: &str,
    ) -> Result<u64, PoliciesError> {
        let discard = sqlx::query(
            "UPDATE reaction SET state = 'discarded', next_at = $4, why = $5 WHERE policy = $1 AND state = 'parked' \
             AND ($2::uuid IS NULL OR (event_id = $2 AND place = $3))",
        );
        let place = one.map(|id| i32::try_from(id.place).unwrap_or(i32::MAX));
        let discard = discard.bind(policy.to_owned()).bind(one.map(|id| id.event)).bind(place).bind(now.micros());
        Ok(self.connections.run(discard.bind(why.to_owned())).await?)
    }

    async fn sweep(&self, policy: &str, before: Timestamp, rows_max: u32) -> Result<u64, PoliciesError> {
        let sweep = sqlx::query(
            "DELETE FROM reaction WHERE (policy, event_id, place) IN (SELECT policy, event_id, place FROM reaction \
             WHERE policy = $1 AND state IN ('refused', 'discarded', 'delivered') AND next_at <= $2 LIMIT $3)",
        );
        let sweep = sweep.bind(policy.to_owned()).bind(before.micros()).bind(i64::from(rows_max));
        Ok(self.connections.run(sweep).await?)
    }
}
