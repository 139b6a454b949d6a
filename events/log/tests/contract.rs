//! The contract of a log, checked on SQLite for both logs.

use async_trait::async_trait;
use event_core::LogName;
use event_log::{
    Log, LogError, LogOptions,
    contract::{StoreWorld, TestStore},
};
use tempfile::TempDir;

struct Folder(TempDir);

#[async_trait]
impl TestStore for Folder {
    async fn open(&self, name: LogName, options: LogOptions) -> Result<Log, LogError> {
        Log::open(&format!("sqlite:{}", self.0.path().display()), name, options).await
    }
}

fn world(name: LogName) -> StoreWorld {
    StoreWorld::new(Folder(TempDir::new().expect("a temporary folder")), name)
}

mod care {
    event_log::contract_laws!(|| super::world(event_core::LogName::Care));
}

mod access {
    event_log::contract_laws!(|| super::world(event_core::LogName::Access));
}
