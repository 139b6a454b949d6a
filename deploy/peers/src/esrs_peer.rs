//! esrs 0.18: `AggregateManager::load` and `handle_command`, `PgStore::persist`, `PgRebuilder` with a handler in the
//! rebuild's own transaction, in both of its modes; the faster one counts.

use std::{collections::HashMap, sync::Mutex, time::Instant};

use async_trait::async_trait;
use esrs::{
    Aggregate, AggregateState,
    handler::TransactionalEventHandler,
    manager::AggregateManager,
    rebuilder::{PgRebuilder, Rebuilder},
    store::{
        EventStore, StoreEvent,
        postgres::{PgStore, PgStoreBuilder, PgStoreError},
    },
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    EVENTS_OF_A_STREAM, Peer,
    domain::{Decided, Decisions, TooOften},
    sql, stream,
};

struct Deciding;

impl Aggregate for Deciding {
    const NAME: &'static str = "decisions";
    type State = Decisions;
    type Command = ();
    type Event = Decided;
    type Error = TooOften;

    fn handle_command(state: &Decisions, (): ()) -> Result<Vec<Decided>, TooOften> {
        Ok(vec![state.decide()?])
    }

    fn apply_event(mut state: Decisions, event: Decided) -> Decisions {
        state.apply(event);
        state
    }
}

/// One upsert for each event, which is the most that a handler of esrs can do.
struct Rows;

#[async_trait]
impl TransactionalEventHandler<Deciding, PgStoreError, PgConnection> for Rows {
    async fn handle(&self, event: &StoreEvent<Decided>, transaction: &mut PgConnection) -> Result<(), PgStoreError> {
        sqlx::query(
            "INSERT INTO decisions (id, count, last) VALUES ($1, 1, $2)
             ON CONFLICT (id) DO UPDATE SET count = decisions.count + 1, last = excluded.last",
        )
        .bind(event.aggregate_id)
        .bind(&event.payload.service)
        .execute(transaction)
        .await?;
        Ok(())
    }
}

pub struct Esrs {
    pool: PgPool,
    store: PgStore<Deciding>,
    manager: AggregateManager<PgStore<Deciding>>,
    /// The states of streams that are only appended to.
    appended: Mutex<HashMap<Uuid, AggregateState<Decisions>>>,
}

impl Esrs {
    pub async fn open(pool: PgPool) -> anyhow::Result<Esrs> {
        let store: PgStore<Deciding> = PgStoreBuilder::new(pool.clone()).try_build().await?;
        sql(&pool, "CREATE TABLE decisions (id uuid PRIMARY KEY, count bigint NOT NULL, last text NOT NULL)").await?;
        let manager = AggregateManager::new(store.clone());
        Ok(Esrs { pool, store, manager, appended: Mutex::default() })
    }

    async fn rebuilt(&self, at_once: bool) -> anyhow::Result<f64> {
        sql(&self.pool, "TRUNCATE decisions").await?;
        let rebuilder: PgRebuilder<Deciding> =
            PgRebuilder::new().with_transactional_event_handlers(vec![Box::new(Rows)]);
        let started = Instant::now();
        if at_once {
            rebuilder.all_at_once(self.pool.clone()).await?;
        } else {
            rebuilder.by_aggregate_id(self.pool.clone()).await?;
        }
        Ok(started.elapsed().as_secs_f64())
    }
}

impl Peer for Esrs {
    async fn fill(&self, from: u64, until: u64) -> anyhow::Result<()> {
        let streams: Vec<Uuid> = (from..until).map(stream).collect();
        sqlx::query(
            "INSERT INTO decisions_events (id, aggregate_id, payload, sequence_number)
             SELECT gen_random_uuid(), stream, $2, n FROM unnest($1::uuid[]) AS stream, generate_series(1, $3::int) AS n",
        )
        .bind(streams)
        .bind(serde_json::to_value(Decided::example())?)
        .bind(i32::try_from(EVENTS_OF_A_STREAM)?)
        .execute(&self.pool)
        .await?;
        sql(&self.pool, "VACUUM ANALYZE decisions_events").await
    }

    async fn append(&self, stream: Uuid, _revision: u32) -> anyhow::Result<()> {
        let known = self.appended.lock().expect("nobody panicked").remove(&stream);
        let mut state = known.unwrap_or_else(|| AggregateState::with_id(stream));
        self.store.persist(&mut state, vec![Decided::example()]).await?;
        self.appended.lock().expect("nobody panicked").insert(stream, state);
        Ok(())
    }

    async fn command(&self, stream: Uuid) -> anyhow::Result<()> {
        let state = self.manager.load(stream).await?.unwrap_or_else(|| AggregateState::with_id(stream));
        self.manager.handle_command(state, ()).await??;
        Ok(())
    }

    async fn replay(&self) -> anyhow::Result<(u64, f64)> {
        let (one_by_one, at_once) = (self.rebuilt(false).await?, self.rebuilt(true).await?);
        eprintln!("esrs: by aggregate {one_by_one:.1} s, all at once {at_once:.1} s");
        let folded: i64 = sqlx::query_scalar("SELECT sum(count)::bigint FROM decisions").fetch_one(&self.pool).await?;
        Ok((u64::try_from(folded)?, one_by_one.min(at_once)))
    }
}
