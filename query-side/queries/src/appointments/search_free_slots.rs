//! Free slots: the slots at a site that can be booked now. A hold expires by the clock at the time of the search, not
//! by an event.

use std::ops::Bound;

use event_core::{AccessRule, Class, LocalDate, OrganisationCode, Rejection, Timestamp, access::ANY_AUTHENTICATED};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{FreeSlotRow, FreeSlots};
use vocabulary::{
    SessionId,
    appointments::{Channel, Practitioner, ServiceType},
    practices::{PRACTICE_NOT_FOUND, PracticeSettings},
    time::LONDON,
};

use crate::practices::practice;
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span, page::List, parameters::Faulty};

/// The maximum number of days in one search, including the first and the last one.
pub const RANGE_DAYS_MAX: i64 = 14;
/// The maximum number of slots that one request examines; most may be taken or of another service. The next request
/// continues after them.
pub(super) const SCANNED_ROWS_MAX: usize = 4_000;
/// The number of slots in one read of the view.
pub(super) const PAGE_ROWS: usize = 500;

pub static RANGE_TOO_LONG: Rejection = Rejection {
    code: "range-too-long",
    class: Class::Rule,
    title: "The range of days is too long.",
    advice: "Ask for 14 days at most, and for the days after them with another request.",
};

/// The free slots of a site, earliest first.
///
/// Only slots that lie wholly within the days asked for, in the future, inside the practice's booking window, and that are
/// released.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SearchFreeSlots {
    /// The practice's code.
    pub site: OrganisationCode,
    pub service: Option<ServiceType>,
    pub channel: Option<Channel>,
    /// The first day, in London.
    pub from: LocalDate,
    /// The last day, which is included: at most 14 days with the first.
    pub until: LocalDate,
}

/// A slot that can be booked.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FreeSlot {
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub minutes: u16,
    pub service: ServiceType,
    pub channel: Channel,
    pub practitioner: Practitioner,
    /// How many patients can still have it.
    pub places: u16,
}

impl Query for SearchFreeSlots {
    const NAME: &'static str = "free-slots";
    const PATH: &'static str = "/free-slots";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = ANY_AUTHENTICATED;
    const PERSONAL: bool = false;
    const REJECTIONS: &'static [&'static Rejection] = &[&PRACTICE_NOT_FOUND, &RANGE_TOO_LONG];
    type Answer = List<FreeSlot>;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<FreeSlot>, QueryError> {
        let days = self.until.days_since(self.from) + 1;
        if days < 1 {
            return Err(Faulty::new("until", "it is not before from").into());
        }
        if days > RANGE_DAYS_MAX {
            return Err(QueryError::Rejected(RANGE_TOO_LONG.with("daysMax", RANGE_DAYS_MAX)));
        }
        let practice = practice(&self.site, context).await?.ok_or(&PRACTICE_NOT_FOUND)?;
        self.free(self.span(practice.settings, context.now), context).await
    }
}

impl SearchFreeSlots {
    /// The slots that can be in the answer, by their start: in the range of days, in the future, in the booking window.
    fn span(&self, settings: PracticeSettings, now: Timestamp) -> Span {
        let last = LONDON.day(now).plus_days(i64::from(settings.booking_window_days)).min(self.until);
        let from = Bound::Included(FreeSlots::from(LONDON.start_of(self.from).max(now)));
        let until = Bound::Excluded(FreeSlots::from(LONDON.start_of(last.plus_days(1))));
        Span { partition: FreeSlots::partition(&self.site), from, until, backwards: false }
    }

    /// The slots of `span` that are free now, until the page is full or enough slots were examined.
    async fn free(&self, span: Span, context: &mut QueryContext<'_>) -> Result<List<FreeSlot>, QueryError> {
        let limit = context.paging.limit;
        let mut seen = context.paging.beyond.clone();
        let mut items = Vec::new();
        let mut scanned_rows = 0;
        while scanned_rows < SCANNED_ROWS_MAX {
            let rows = context.page::<FreeSlots>(span.clone().beyond(seen.clone(), PAGE_ROWS)).await?;
            let end = rows.len() < PAGE_ROWS;
            scanned_rows += rows.len();
            for (sort, row) in rows {
                if let Some(slot) = self.shown(row, context.now) {
                    if items.len() == limit {
                        return Ok(List { items, next: seen.map(|seen| context.paging.cursor(&seen)) });
                    }
                    items.push(slot);
                }
                seen = Some(sort);
            }
            if end {
                return Ok(List { items, next: None });
            }
        }
        Ok(List { items, next: seen.map(|seen| context.paging.cursor(&seen)) })
    }

    /// The slot as the answer shows it, if it matches the search, lies fully inside the range, and has a place.
    fn shown(&self, row: FreeSlotRow, now: Timestamp) -> Option<FreeSlot> {
        let service = self.service.as_ref().is_none_or(|service| *service == row.service);
        let channel = self.channel.is_none_or(|channel| channel == row.channel);
        let inside = row.ends_at <= LONDON.start_of(self.until.plus_days(1));
        let places = row.places(now);
        let released = row.released_at.is_none_or(|at| at <= now);
        let free = released && service && channel && inside && row.starts_at > now && places > 0;
        free.then_some(FreeSlot {
            session: row.session,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            minutes: row.slot_minutes,
            service: row.service,
            channel: row.channel,
            practitioner: row.practitioner,
            places,
        })
    }
}
