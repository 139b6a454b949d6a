//! A search of the log by kind or correlation, forward or backward. There is no index by either, so it looks at the
//! events one after another, and its answer says how far it came.

use event_core::{AccessRule, LogName, LogPosition, Raw, Rejection};
use query_engine::{
    Kind, Query, QueryContext, QueryError,
    cloud_events::CloudEvent,
    context::{PositionInCare, refuse_unknown},
    error::UNKNOWN_POSITION,
    parameters::Faulty,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vocabulary::access::{Permission, auditor};

use super::batch::{events_of_page, shown};

/// The maximum number of positions that one search looks at.
pub const LOOKED_MAX: u64 = 5_000;
/// The maximum number of characters in a kind that is searched for.
pub const KIND_CHARACTERS_MAX: usize = 100;
/// The maximum number of positions that are read at once. A whole window is in memory.
const WINDOW_POSITIONS: u64 = 100;
/// The number of bytes of event data after which a search ends.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The direction of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SearchOrder {
    #[default]
    NewestFirst,
    OldestFirst,
}

/// The events of the log that are of a kind or have a correlation; all events without either.
///
/// One search looks at 5,000 positions at most. The answer says which, and where the search goes on.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SearchEvents {
    /// The first position to look at. Where it is absent, the last position of the log, or the first for `oldest-first`.
    #[schemars(with = "Option<PositionInCare>")]
    pub from: Option<LogPosition>,
    /// `newest-first` where it is absent.
    pub order: Option<SearchOrder>,
    /// A kind, or its beginning up to a dot: `appointment`, `appointment.booked`, `appointment.booked.v1`.
    #[schemars(length(max = 100))]
    pub kind: Option<String>,
    pub correlation: Option<Uuid>,
    /// How many events at most: 1 to 500, 50 where it is absent.
    #[schemars(range(min = 1, max = 500))]
    pub limit: Option<u32>,
}

/// The events that a search found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundEvents {
    /// In the order of the search.
    pub events: Vec<CloudEvent>,
    /// The lowest and the highest position that the search looked at. Absent if it looked at none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lowest: Option<LogPosition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub highest: Option<LogPosition>,
    /// The last position of the log; 0 if it has no event.
    pub end: LogPosition,
    /// Give it as `from` to search on. Absent where the search came to the end of the log, or to its start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<LogPosition>,
}

impl Query for SearchEvents {
    const NAME: &'static str = "event-search";
    const PATH: &'static str = "/events/search";
    const KIND: Kind = Kind::Search;
    const WHO: &'static dyn AccessRule = &auditor(Permission::Audit);
    const PERSONAL: bool = true;
    const REJECTIONS: &'static [&'static Rejection] = &[&UNKNOWN_POSITION];
    type Answer = FoundEvents;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<FoundEvents, QueryError> {
        let limit = events_of_page(self.limit)?;
        self.check_kind()?;
        let from = self.checked_from(context).await?;
        // An event of another process can be known before this process has learned of the log's new end.
        let end = context.log().end().max(from.unwrap_or_default());
        let order = self.order.unwrap_or_default();
        let first = match order {
            SearchOrder::NewestFirst => from.unwrap_or(end),
            SearchOrder::OldestFirst => from.unwrap_or_default().max(1),
        };
        let mut walk = LogWalk { order, next: first, end, left: LOOKED_MAX };
        let mut found: Vec<Raw> = Vec::new();
        let mut bytes = 0;
        // Each window has at least one position, so there are no more than `LOOKED_MAX` windows.
        'search: while let Some((low, high)) = walk.window(self.window(limit)) {
            let mut events = self.between(context, low, high).await?;
            if order == SearchOrder::NewestFirst {
                events.reverse();
            }
            for event in events {
                bytes += event.data.len();
                let position = event.position;
                found.push(event);
                if found.len() == limit || bytes >= ANSWER_BYTES_MAX {
                    walk.stop_at(position);
                    break 'search;
                }
            }
        }
        let care = |position| LogPosition { log: LogName::Care, position };
        let looked = walk.looked(first);
        context.saw_log(end);
        Ok(FoundEvents {
            events: shown(found, context)?,
            lowest: looked.map(|(lowest, _)| care(lowest)),
            highest: looked.map(|(_, highest)| care(highest)),
            end: care(end),
            next: walk.goes_on().map(care),
        })
    }
}

impl SearchEvents {
    fn check_kind(&self) -> Result<(), Faulty> {
        match &self.kind {
            Some(kind) if kind.chars().count() > KIND_CHARACTERS_MAX => {
                Err(Faulty::new("kind", format!("it has {KIND_CHARACTERS_MAX} characters at most")))
            }
            Some(_) | None => Ok(()),
        }
    }

    async fn checked_from(&self, context: &QueryContext<'_>) -> Result<Option<u64>, QueryError> {
        let Some(from) = self.from else { return Ok(None) };
        if from.log != context.log().name() {
            return Err(Faulty::new("from", format!("events are read from the log {}", context.log().name())).into());
        }
        refuse_unknown(context.log(), from.position).await?;
        Ok(Some(from.position))
    }

    /// Without a filter, no event is read that the answer has no room for.
    fn window(&self, limit: usize) -> u64 {
        let is_filtered = self.kind.is_some() || self.correlation.is_some();
        if is_filtered { WINDOW_POSITIONS } else { WINDOW_POSITIONS.min(limit as u64) }
    }

    fn is_met_by(&self, event: &Raw) -> bool {
        self.kind.as_ref().is_none_or(|kind| is_of(&event.kind, kind))
            && self.correlation.is_none_or(|correlation| event.correlation == correlation)
    }

    /// The events that the search is for, from `low` to `high`, the oldest first.
    async fn between(&self, context: &QueryContext<'_>, low: u64, high: u64) -> Result<Vec<Raw>, QueryError> {
        let wanted = self.kind.as_deref();
        let passed_over: Vec<&str> =
            vocabulary::kinds().filter(|known| wanted.is_some_and(|kind| !is_of(known, kind))).collect();
        let mut events = Vec::new();
        let mut after = low - 1;
        // A page may end early because of its size, but has at least one event.
        for _ in low..=high {
            let page = context.log().read_range(&passed_over, after, high).await?;
            if page.is_empty() {
                return Err(QueryError::Broken(format!("the events after position {after} do not read")));
            }
            after = page.complete_until();
            events.extend(page.into_iter().filter(|event| self.is_met_by(event)));
            if after >= high {
                break;
            }
        }
        Ok(events)
    }
}

/// True if `kind` is `wanted`, or begins with it up to a dot.
fn is_of(kind: &str, wanted: &str) -> bool {
    kind.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The positions that a search looks at, window by window.
struct LogWalk {
    order: SearchOrder,
    /// The position to look at next; 0 or beyond the end if there is none.
    next: u64,
    end: u64,
    /// How many more positions may be looked at.
    left: u64,
}

impl LogWalk {
    /// The lowest and the highest position of the next window.
    fn window(&mut self, positions: u64) -> Option<(u64, u64)> {
        let positions = positions.min(self.left);
        let next = self.goes_on().filter(|_| positions > 0)?;
        let (low, high) = match self.order {
            SearchOrder::NewestFirst => (next.saturating_sub(positions - 1).max(1), next),
            SearchOrder::OldestFirst => (next, next.saturating_add(positions - 1).min(self.end)),
        };
        self.left -= high - low + 1;
        self.stop_at(match self.order {
            SearchOrder::NewestFirst => low,
            SearchOrder::OldestFirst => high,
        });
        Some((low, high))
    }

    /// Sets the last position that was looked at.
    fn stop_at(&mut self, position: u64) {
        self.next = match self.order {
            SearchOrder::NewestFirst => position - 1,
            SearchOrder::OldestFirst => position + 1,
        };
    }

    fn goes_on(&self) -> Option<u64> {
        Some(self.next).filter(|next| (1..=self.end).contains(next))
    }

    /// The lowest and the highest position that were looked at since the walk began at `first`.
    fn looked(&self, first: u64) -> Option<(u64, u64)> {
        let (lowest, highest) = match self.order {
            SearchOrder::NewestFirst => (self.next + 1, first),
            SearchOrder::OldestFirst => (first, self.next - 1),
        };
        (lowest.max(1) <= highest).then_some((lowest.max(1), highest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(order: SearchOrder, first: u64, end: u64, positions: u64) -> Vec<(u64, u64)> {
        let mut walk = LogWalk { order, next: first, end, left: LOOKED_MAX };
        std::iter::from_fn(|| walk.window(positions)).collect()
    }

    #[test]
    fn a_walk_looks_at_each_position_once_in_either_direction() {
        assert_eq!(walked(SearchOrder::NewestFirst, 10, 10, 4), [(7, 10), (3, 6), (1, 2)]);
        assert_eq!(walked(SearchOrder::OldestFirst, 2, 10, 4), [(2, 5), (6, 9), (10, 10)]);
        assert_eq!(walked(SearchOrder::NewestFirst, 1, 0, 4), [], "an empty log");
        assert_eq!(walked(SearchOrder::OldestFirst, 1, 0, 4), [], "an empty log");
    }

    #[test]
    fn a_walk_ends_at_its_limit_and_says_where_it_goes_on() {
        for (order, first, looked, next) in [
            (SearchOrder::NewestFirst, 20_000, (15_001, 20_000), 15_000),
            (SearchOrder::OldestFirst, 1, (1, 5_000), 5_001),
        ] {
            let mut walk = LogWalk { order, next: first, end: 20_000, left: LOOKED_MAX };
            let windows = std::iter::from_fn(|| walk.window(99)).count();
            assert_eq!(windows, 51);
            assert_eq!((walk.looked(first), walk.goes_on()), (Some(looked), Some(next)));
        }
    }

    #[test]
    fn a_kind_is_met_as_a_whole_or_up_to_a_dot() {
        for wanted in ["appointment", "appointment.booked", "appointment.booked.v1"] {
            assert!(is_of("appointment.booked.v1", wanted), "{wanted}");
        }
        for other in ["app", "appointment.booked.v", "appointment.booked.v10", "booked", "appointment.booked.v1.x"] {
            assert!(!is_of("appointment.booked.v1", other), "{other}");
        }
    }
}
