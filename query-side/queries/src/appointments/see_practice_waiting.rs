//! The people on the waiting lists of a practice, in their order, with their offers.

use std::ops::Bound;

use event_core::{AccessRule, LocalDate, OrganisationCode, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{PracticeWaiting, WaiterRow};
use vocabulary::{
    access::{Permission, staff},
    appointments::{Channel, ServiceType},
    time::LONDON,
};

use super::list_waiting::{OpenOffer, is_live};
use query_engine::{
    Kind, Query, QueryContext, QueryError,
    context::Span,
    page::{ITEMS_MAX, List},
};

/// The age in days of the oldest list that can still have an entry, from the first of its month: up to 31 days in that month, and the
/// 56 days that a patient may wait ahead.
const LISTS_DAYS: i64 = 87;
/// The maximum number of rows that one request reads: more than the lists of four months hold, of 1,150 people each.
const ROWS_MAX: usize = 5_000;

/// The people on a practice's waiting list, in the order of joining.
///
/// A slot that becomes free is offered to the first of those whom it suits and who have no other offer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeePracticeWaiting {
    pub practice: OrganisationCode,
}

/// A person on the waiting list of a practice.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingPerson {
    pub patient: SubjectId,
    /// The list, as commands about it name it: the first day of the month in which the patient joined.
    pub month: LocalDate,
    pub service: ServiceType,
    /// Absent if every channel suits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    pub earliest: LocalDate,
    pub latest: LocalDate,
    pub joined_at: Timestamp,
    /// The slot that is offered to the person now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<OpenOffer>,
}

impl Query for SeePracticeWaiting {
    const NAME: &'static str = "practice-waiting";
    const PATH: &'static str = "/practices/{practice}/waiting";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = &staff(Permission::Booking);
    const PERSONAL: bool = true;
    type Answer = List<WaitingPerson>;

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.practice.clone())
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<WaitingPerson>, QueryError> {
        let now = context.now;
        let mut people = self.everybody(context).await?;
        people.retain(|row| is_live(&row.waiting, now));
        // The rows are in the order of their lists and ids; the sort key of this list is the place in it.
        people.sort_by_key(place);
        let beyond = context.paging.beyond.clone();
        let mut rest = people.into_iter().filter(|row| beyond.as_ref().is_none_or(|seen| place(row) > *seen));
        let items: Vec<WaiterRow> = rest.by_ref().take(context.paging.limit).collect();
        let next = rest.next().and(items.last()).map(|last| context.paging.cursor(&place(last)));
        Ok(List { items: items.into_iter().map(|row| shown(row, now)).collect(), next })
    }
}

impl SeePracticeWaiting {
    /// All on the lists of the months in which a person joined who can still wait.
    async fn everybody(&self, context: &mut QueryContext<'_>) -> Result<Vec<WaiterRow>, QueryError> {
        let first = LONDON.day(context.now).plus_days(-LISTS_DAYS);
        let from = Bound::Included(PracticeWaiting::from(first));
        let span = Span { from, ..Span::whole(PracticeWaiting::partition(&self.practice)) };
        let (mut all, mut seen) = (Vec::new(), None);
        while all.len() < ROWS_MAX {
            let rows = context.page::<PracticeWaiting>(span.clone().beyond(seen, ITEMS_MAX)).await?;
            let is_end = rows.len() < ITEMS_MAX;
            seen = rows.last().map(|(sort, _)| sort.clone());
            all.extend(rows.into_iter().map(|(_, row)| row));
            if is_end {
                break;
            }
        }
        Ok(all)
    }
}

/// The place in line: two people who joined at the same instant are in the order of their ids.
fn place(row: &WaiterRow) -> String {
    format!("{:020}.{}", row.waiting.joined_at.micros(), row.patient)
}

fn shown(row: WaiterRow, now: Timestamp) -> WaitingPerson {
    let WaiterRow { patient, waiting } = row;
    WaitingPerson {
        patient,
        month: waiting.month,
        service: waiting.service,
        channel: waiting.channel,
        earliest: waiting.earliest,
        latest: waiting.latest,
        joined_at: waiting.joined_at,
        offer: waiting.offer.and_then(|offer| OpenOffer::of(offer, now)),
    }
}
