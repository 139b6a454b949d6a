//! The log and the policies of a test are in a database of their own.

use std::sync::Arc;

use local::postgres::Database;

use crate::harness::Receipts;

#[derive(Default)]
pub struct World {
    database: Database,
    receipts: Arc<Receipts>,
}

impl World {
    /// The address for a server, which may create nothing.
    pub async fn url(&self) -> String {
        self.database.url("server").await
    }

    /// The receiver of its gateways.
    pub fn receipts(&self) -> Arc<Receipts> {
        Arc::clone(&self.receipts)
    }
}
