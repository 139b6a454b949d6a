//! The slots for which a patient waits, and what is offered.

use event_core::{AccessRule, LocalDate, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{MyWaiting, WaitingOffer, WaitingRow};
use vocabulary::{
    SessionId,
    access::{Capability, IdentityLevel::P9, Permission, patient, proxy, staff},
    appointments::{Channel, Practitioner, ServiceType},
    time::LONDON,
};

use crate::practices::{Site, Sites};
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span, page::List};

/// The waiting lists on which a patient is, and the slots that are offered.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListWaiting {
    pub subject: SubjectId,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingEntry {
    pub site: Site,
    /// The list, as commands about it name it: the first day of the month in which the patient joined.
    pub month: LocalDate,
    pub service: ServiceType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    pub earliest: LocalDate,
    pub latest: LocalDate,
    pub joined_at: Timestamp,
    /// The slot that can be accepted now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<OpenOffer>,
}

/// A slot that is offered and held.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenOffer {
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub service: ServiceType,
    pub channel: Channel,
    pub practitioner: Practitioner,
    pub expires_at: Timestamp,
}

impl OpenOffer {
    /// The offer, if it can still be accepted.
    pub(super) fn of(offer: WaitingOffer, now: Timestamp) -> Option<OpenOffer> {
        (offer.expires_at > now).then_some(OpenOffer {
            session: offer.time.session,
            starts_at: offer.time.starts_at,
            ends_at: offer.time.ends_at,
            service: offer.time.service,
            channel: offer.time.channel,
            practitioner: offer.time.practitioner,
            expires_at: offer.expires_at,
        })
    }
}

impl Query for ListWaiting {
    const NAME: &'static str = "waiting";
    const PATH: &'static str = "/patients/{subject}/waiting";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View)).or(staff(Permission::Booking));
    const PERSONAL: bool = true;
    type Answer = List<WaitingEntry>;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<WaitingEntry>, QueryError> {
        // The newest lists first: all others are of months that have passed.
        let span = Span { backwards: true, ..Span::whole(MyWaiting::partition(self.subject)) };
        let rows = context.list::<MyWaiting>(span).await?;
        let now = context.now;
        let mut sites = Sites::default();
        let mut items = Vec::new();
        for row in rows.items.into_iter().filter(|row| is_live(row, now)) {
            let site = sites.get(row.site.clone(), context).await?;
            items.push(shown(row, site, now));
        }
        Ok(List { items, next: rows.next })
    }
}

/// A day that suits is still to come, or an offer can still be accepted.
pub(super) fn is_live(row: &WaitingRow, now: Timestamp) -> bool {
    let is_offered = row.offer.as_ref().is_some_and(|offer| offer.expires_at > now);
    !row.has_ended && (is_offered || row.latest >= LONDON.day(now))
}

fn shown(row: WaitingRow, site: Site, now: Timestamp) -> WaitingEntry {
    let offer = row.offer.and_then(|offer| OpenOffer::of(offer, now));
    WaitingEntry {
        site,
        month: row.month,
        service: row.service,
        channel: row.channel,
        earliest: row.earliest,
        latest: row.latest,
        joined_at: row.joined_at,
        offer,
    }
}
