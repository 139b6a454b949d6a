//! A waiting list that a person is on, as a card, and the words and addresses that pages about waiting share.

use askama::Template;
use event_core::{LocalDate, Timestamp};
use page_engine::encoded;
use queries::appointments::WaitingEntry;
use vocabulary::{
    SessionId,
    appointments::{Channel, ServiceType},
};

use crate::{appointment_card::place, layout::filters, words};

/// A waiting list that a person is on.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<div class="nhsuk-card"><div class="nhsuk-card__content">
<h3 class="nhsuk-card__heading nhsuk-heading-s">{{ what }}{% if offer.is_some() %} <strong class="nhsuk-tag">A time is free</strong>{% endif %}</h3>
{% if let Some(offer) = offer %}
<p class="frontdoor-hold" data-countdown="{{ offer.until }}">{{ offer.when }} is held until {{ offer.until|at_time }}.</p>
<p><a href="{{ offer.address }}">Take this time, or not</a></p>
{% endif %}
<p class="nhsuk-card__description">{{ days }}<br>{{ place }}<br>Waiting since {{ since }}</p>
<p><a href="{{ leave }}">Stop waiting</a></p>
</div></div>"#
)]
pub struct WaitingCard {
    what: String,
    days: String,
    place: String,
    since: String,
    offer: Option<OfferOnCard>,
    leave: String,
}

struct OfferOnCard {
    when: String,
    until: Timestamp,
    address: String,
}

impl WaitingCard {
    pub fn of(base: &str, entry: &WaitingEntry) -> WaitingCard {
        WaitingCard {
            what: wanted(&entry.service, entry.channel),
            days: days(entry.earliest, entry.latest),
            place: place(&entry.site),
            since: words::date(entry.joined_at),
            offer: entry.offer.as_ref().map(|offer| OfferOnCard {
                when: words::date_and_time(offer.starts_at),
                until: offer.expires_at,
                address: offer_address(base, &offer.session, offer.starts_at),
            }),
            leave: format!("{base}/waiting/leave/{}/{}", entry.site.code, entry.month),
        }
    }
}

/// The address of the page of an offer.
pub fn offer_address(base: &str, session: &SessionId, starts_at: Timestamp) -> String {
    format!("{base}/waiting/offers/{session}/{}", encoded(&starts_at.to_string()))
}

/// `GP appointment, face to face`; `GP appointment, in any way`
pub fn wanted(service: &ServiceType, channel: Option<Channel>) -> String {
    let channel = channel.map_or_else(|| "in any way".to_owned(), |channel| words::channel(channel).to_lowercase());
    format!("{}, {channel}", words::service(service))
}

/// `From Monday 2 March 2026 to Monday 9 March 2026`
pub fn days(earliest: LocalDate, latest: LocalDate) -> String {
    if earliest == latest {
        return format!("On {}", words::day(earliest));
    }
    format!("From {} to {}", words::day(earliest), words::day(latest))
}
