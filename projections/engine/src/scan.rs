//! The rows that a query asks for.

use std::ops::Bound;

/// The maximum number of rows of one page.
pub const ROWS_MAX: usize = 501;

/// A range of rows of one partition, in the order of their sort keys.
#[derive(Debug, Clone)]
pub struct Scan {
    pub partition: String,
    pub from: Bound<String>,
    pub until: Bound<String>,
    /// At most `ROWS_MAX`.
    pub limit: usize,
    pub backwards: bool,
}
