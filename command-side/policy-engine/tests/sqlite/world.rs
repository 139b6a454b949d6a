//! The log and the policies of a test are in a folder of their own.

use std::sync::Arc;

use tempfile::TempDir;

use crate::harness::Receipts;

pub struct World {
    folder: TempDir,
    receipts: Arc<Receipts>,
}

impl Default for World {
    fn default() -> World {
        World { folder: tempfile::tempdir().expect("a folder"), receipts: Arc::default() }
    }
}

impl World {
    pub async fn url(&self) -> String {
        format!("sqlite:{}", self.folder.path().display())
    }

    /// The receiver of its gateways.
    pub fn receipts(&self) -> Arc<Receipts> {
        Arc::clone(&self.receipts)
    }
}
