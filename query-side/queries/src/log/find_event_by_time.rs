//! The first event at or after a time. The times of the log never go back, so it is found by halving the positions.

use event_core::{AccessRule, LogName, LogPosition, Timestamp};
use query_engine::{Kind, Query, QueryContext, QueryError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vocabulary::access::{Permission, auditor};

/// The maximum number of events that are read. Each read halves the positions, of which there are fewer than 2^64.
const READS_MAX: usize = 64;

/// The position of the first event that was recorded at a time or after it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FindEventByTime {
    pub time: Timestamp,
}

/// A position that was found by its time.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundByTime {
    /// Absent if every event of the log is older.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<LogPosition>,
    /// The last position of the log; 0 if it has no event.
    pub end: LogPosition,
}

impl Query for FindEventByTime {
    const NAME: &'static str = "event-by-time";
    const PATH: &'static str = "/events/by-time";
    const KIND: Kind = Kind::Search;
    const WHO: &'static dyn AccessRule = &auditor(Permission::Audit);
    const PERSONAL: bool = true;
    type Answer = FoundByTime;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<FoundByTime, QueryError> {
        let end = context.log().end();
        let mut halving = Halving::of(end);
        for _ in 0..READS_MAX {
            let Some(middle) = halving.middle() else { break };
            let read = context.log().read(middle - 1, 1).await?;
            let event = read.first().filter(|event| event.position == middle);
            let event = event.ok_or_else(|| QueryError::Broken(format!("event {middle} does not read")))?;
            halving.narrow(middle, event.recorded_at < self.time);
        }
        context.saw_log(end);
        let care = |position| LogPosition { log: LogName::Care, position };
        Ok(FoundByTime { position: halving.found(end).map(care), end: care(end) })
    }
}

/// The positions among which the first one that is not too early lies.
struct Halving {
    /// The lowest position that it may be.
    low: u64,
    /// The highest one; beyond the end of the log if there may be none.
    high: u64,
}

impl Halving {
    fn of(end: u64) -> Halving {
        Halving { low: 1, high: end + 1 }
    }

    /// The position to look at; `None` when one is left.
    fn middle(&self) -> Option<u64> {
        (self.low < self.high).then(|| self.low + (self.high - self.low) / 2)
    }

    fn narrow(&mut self, middle: u64, is_too_early: bool) {
        if is_too_early {
            self.low = middle + 1;
        } else {
            self.high = middle;
        }
    }

    fn found(&self, end: u64) -> Option<u64> {
        Some(self.low).filter(|low| *low <= end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_event_at_or_after_a_time_is_found_in_a_few_reads() {
        for end in [0_u64, 1, 2, 3, 7, 8, 1_000] {
            // Several events have one time.
            let times: Vec<u64> = (0..end).map(|place| place / 3 * 10).collect();
            for time in 0..=end * 4 + 1 {
                let mut halving = Halving::of(end);
                let mut reads = 0;
                while let Some(middle) = halving.middle() {
                    halving.narrow(middle, times[middle as usize - 1] < time);
                    reads += 1;
                }
                let expected = times.iter().position(|known| *known >= time).map(|place| place as u64 + 1);
                assert_eq!(halving.found(end), expected, "time {time} of {end}");
                assert!(reads <= 11, "{reads}");
            }
        }
    }
}
