//! The rows of a log's tables as a copy reads and writes them, without interpreting them.

use uuid::Uuid;

/// A row of the table `event`, as it is stored.
#[derive(PartialEq)]
pub(crate) struct CopiedRow {
    pub position: i64,
    pub stream: String,
    pub revision: i64,
    pub id: Uuid,
    pub kind: String,
    pub recorded_at: i64,
    pub command_key: Option<Vec<u8>>,
    pub meta: Vec<u8>,
    pub data: Vec<u8>,
}

/// A row of the table `remembered`, as it is stored.
#[derive(PartialEq)]
pub(crate) struct RememberedRow {
    pub command_key: Vec<u8>,
    pub request_hash: Vec<u8>,
    pub position: i64,
    pub decided_at: i64,
    pub outcome: Vec<u8>,
}
