//! The laws of a log, kept on a real PostgreSQL, by both logs.

mod server;

use async_trait::async_trait;
use event_log::{
    Log, LogError, LogOptions,
    contract::{Place, World},
};
use server::Database;
use vocabulary::LogName;

#[async_trait]
impl Place for Database {
    async fn open(&self, name: LogName, options: LogOptions) -> Result<Log, LogError> {
        Log::open(&self.url("server").await, name, options).await
    }
}

fn world(name: LogName) -> World {
    World::new(Database::new(), name)
}

mod care {
    event_log::contract_laws!(|| super::world(vocabulary::LogName::Care));
}

mod access {
    event_log::contract_laws!(|| super::world(vocabulary::LogName::Access));
}
