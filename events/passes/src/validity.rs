//! How long a pass is valid.

use event_core::Timestamp;

/// The days for which a pass is valid. Then the holder gets another one, so that a lost key or a wrong pass does limited harm (hcert
/// specification, 6.1).
pub const PASS_VALID_DAYS: i64 = 30;

/// When a pass expires that is issued at this instant.
pub fn expiry(issued_at: Timestamp) -> Timestamp {
    issued_at.whole_second().plus_days(PASS_VALID_DAYS)
}
