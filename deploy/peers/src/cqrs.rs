//! cqrs-es 0.5 with postgres-es: `CqrsFramework::execute`, `PersistedEventRepository::persist`, `QueryReplay`.

use std::{sync::Arc, time::Instant};

use cqrs_es::{
    Aggregate, DomainEvent, EventEnvelope, View,
    event_sink::EventSink,
    persist::{GenericQuery, PersistedEventRepository, QueryReplay, SerializedEvent},
};
use postgres_es::{PostgresCqrs, PostgresEventRepository, PostgresViewRepository, postgres_cqrs};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    EVENTS_OF_A_STREAM, Peer,
    domain::{Decided, Decisions, TooOften},
    sql, stream,
};

/// The same tables as in postgres-es' `db/init.sql`.
const TABLES: &str = "
    CREATE TABLE events (aggregate_type text NOT NULL, aggregate_id text NOT NULL,
        sequence bigint CHECK (sequence >= 0) NOT NULL, event_type text NOT NULL, event_version text NOT NULL,
        payload json NOT NULL, metadata json NOT NULL, PRIMARY KEY (aggregate_type, aggregate_id, sequence));
    CREATE TABLE decisions (view_id text NOT NULL, version bigint CHECK (version >= 0) NOT NULL, payload json NOT NULL,
        PRIMARY KEY (view_id))";

impl Aggregate for Decisions {
    const TYPE: &'static str = "decisions";
    type Command = ();
    type Event = Decided;
    type Error = TooOften;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), sink: &EventSink<Self>) -> Result<(), TooOften> {
        let event = self.decide()?;
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, event: Decided) {
        Decisions::apply(self, event);
    }
}

impl DomainEvent for Decided {
    fn event_type(&self) -> String {
        "Decided".to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl View<Decisions> for Decisions {
    fn update(&mut self, event: &EventEnvelope<Decisions>) {
        Decisions::apply(self, event.payload.clone());
    }
}

pub struct CqrsEs {
    pool: PgPool,
    events: PostgresEventRepository,
    framework: PostgresCqrs<Decisions>,
}

impl CqrsEs {
    pub async fn open(pool: PgPool) -> anyhow::Result<CqrsEs> {
        sql(&pool, TABLES).await?;
        let events = PostgresEventRepository::new(pool.clone());
        let framework = postgres_cqrs(pool.clone(), Vec::new(), ());
        Ok(CqrsEs { pool, events, framework })
    }
}

impl Peer for CqrsEs {
    async fn fill(&self, from: u64, until: u64) -> anyhow::Result<()> {
        let streams: Vec<String> = (from..until).map(|number| stream(number).to_string()).collect();
        sqlx::query(
            "INSERT INTO events SELECT 'decisions', stream, n, 'Decided', '1.0', $2, '{}'
             FROM unnest($1::text[]) AS stream, generate_series(1, $3) AS n",
        )
        .bind(streams)
        .bind(serde_json::to_value(Decided::example())?)
        .bind(EVENTS_OF_A_STREAM)
        .execute(&self.pool)
        .await?;
        sql(&self.pool, "VACUUM ANALYZE events").await
    }

    async fn append(&self, stream: Uuid, revision: u32) -> anyhow::Result<()> {
        let event = SerializedEvent::new(
            stream.to_string(),
            revision as usize + 1,
            Decisions::TYPE.to_owned(),
            "Decided".to_owned(),
            "1.0".to_owned(),
            serde_json::to_value(Decided::example())?,
            json!({}),
        );
        Ok(self.events.persist::<Decisions>(&[event], None).await?)
    }

    async fn command(&self, stream: Uuid) -> anyhow::Result<()> {
        Ok(self.framework.execute(&stream.to_string(), ()).await?)
    }

    async fn replay(&self) -> anyhow::Result<(u64, f64)> {
        sql(&self.pool, "TRUNCATE decisions").await?;
        let views = PostgresViewRepository::<Decisions, Decisions>::new("decisions", self.pool.clone());
        let mut query = GenericQuery::new(Arc::new(views));
        query.use_error_handler(Box::new(|error| panic!("{error}")));
        let events = PostgresEventRepository::new(self.pool.clone());
        let started = Instant::now();
        QueryReplay::new(events, query).replay_all().await?;
        let seconds = started.elapsed().as_secs_f64();
        let count = "SELECT sum((payload->>'count')::bigint)::bigint FROM decisions";
        let folded: i64 = sqlx::query_scalar(count).fetch_one(&self.pool).await?;
        Ok((u64::try_from(folded)?, seconds))
    }
}
