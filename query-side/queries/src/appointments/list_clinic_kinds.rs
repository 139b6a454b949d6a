//! The kinds of appointment that a practice has in the next two weeks, also those of which nothing is free.

use std::ops::Bound;

use event_core::{AccessRule, OrganisationCode, Rejection, Timestamp, access::ANY_AUTHENTICATED};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::FreeSlots;
use vocabulary::{
    appointments::{Channel, ServiceType},
    practices::PRACTICE_NOT_FOUND,
    time::LONDON,
};

use super::search_free_slots::{PAGE_ROWS, RANGE_DAYS_MAX, SCANNED_ROWS_MAX};
use crate::practices::practice;
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span};

/// The kinds of appointment that a practice has in the next 14 days, and the first free slot of each.
///
/// Those with a free slot come first, the soonest at the beginning. A patient can wait for one of the others.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListClinicKinds {
    pub practice: OrganisationCode,
}

/// The kinds of appointment at a practice.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClinicKinds {
    pub kinds: Vec<ClinicKind>,
}

/// A kind of appointment: a service and its channel.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClinicKind {
    pub service: ServiceType,
    pub channel: Channel,
    /// The start of the first free slot. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_free: Option<Timestamp>,
}

impl Query for ListClinicKinds {
    const NAME: &'static str = "clinic-kinds";
    const PATH: &'static str = "/practices/{practice}/clinic-kinds";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = ANY_AUTHENTICATED;
    const PERSONAL: bool = false;
    const REJECTIONS: &'static [&'static Rejection] = &[&PRACTICE_NOT_FOUND];
    type Answer = ClinicKinds;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<ClinicKinds, QueryError> {
        let settings = practice(&self.practice, context).await?.ok_or(&PRACTICE_NOT_FOUND)?.settings;
        let (now, today) = (context.now, LONDON.day(context.now));
        let days = i64::from(settings.booking_window_days).min(RANGE_DAYS_MAX - 1);
        let span = Span {
            from: Bound::Included(FreeSlots::from(now)),
            until: Bound::Excluded(FreeSlots::from(LONDON.start_of(today.plus_days(days + 1)))),
            ..Span::whole(FreeSlots::partition(&self.practice))
        };
        let (mut kinds, mut seen, mut scanned_rows) = (Vec::<ClinicKind>::new(), None, 0);
        while scanned_rows < SCANNED_ROWS_MAX {
            let rows = context.page::<FreeSlots>(span.clone().beyond(seen, PAGE_ROWS)).await?;
            let is_end = rows.len() < PAGE_ROWS;
            scanned_rows += rows.len();
            seen = rows.last().map(|(sort, _)| sort.clone());
            let bookable = |released_at: Option<Timestamp>| released_at.is_none_or(|at| at <= now);
            for (_, row) in rows.into_iter().filter(|(_, row)| row.starts_at > now && bookable(row.released_at)) {
                let free = (row.places(now) > 0).then_some(row.starts_at);
                match kinds.iter_mut().find(|kind| kind.service == row.service && kind.channel == row.channel) {
                    Some(kind) => kind.first_free = kind.first_free.or(free),
                    None => {
                        kinds.push(ClinicKind { service: row.service, channel: row.channel, first_free: free });
                    }
                }
            }
            if is_end {
                break;
            }
        }
        kinds.sort_by_key(|kind| (kind.first_free.is_none(), kind.first_free));
        Ok(ClinicKinds { kinds })
    }
}
