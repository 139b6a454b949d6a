//! The contract of a log, checked on a real PostgreSQL for both logs.

use async_trait::async_trait;
use event_core::LogName;
use event_log::{
    Log, LogError, LogOptions,
    contract::{StoreWorld, TestStore},
};
use local::postgres::Database;

struct Copy(Database);

#[async_trait]
impl TestStore for Copy {
    async fn open(&self, name: LogName, options: LogOptions) -> Result<Log, LogError> {
        Log::open(&self.0.url("server").await, name, options).await
    }
}

fn world(name: LogName) -> StoreWorld {
    StoreWorld::new(Copy(Database::new()), name)
}

mod care {
    event_log::contract_laws!(|| super::world(event_core::LogName::Care));
}

mod access {
    event_log::contract_laws!(|| super::world(event_core::LogName::Access));
}
