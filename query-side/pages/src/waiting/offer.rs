//! A time that is offered to a person on a waiting list: taking it books it. An open page follows the offer.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::appointments::{AcceptOffer, DeclineOffer};
use event_core::{LocalDate, Timestamp};
use http_edge::{Problem, problem_catalogue::MALFORMED};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, encoded};
use queries::{
    appointments::{ListWaiting, OpenOffer, WaitingEntry},
    practices::Site,
};
use serde::Deserialize;
use vocabulary::SessionId;

use crate::{
    appointment_card::place,
    concerned::Concerned,
    layout::{Layout, filters},
    refusal::{self, WayOn},
    waiting_card::{offer_address, wanted},
    words,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds" data-part="offer">
{% if let Some(offer) = offer %}
<h1>A time is free</h1>
<p class="frontdoor-hold" data-countdown="{{ offer.until }}">This time is held until {{ offer.until|at_time }}.</p>
<dl class="nhsuk-summary-list">
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Appointment</dt><dd class="nhsuk-summary-list__value">{{ offer.what }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">When</dt><dd class="nhsuk-summary-list__value">{{ offer.when }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">With</dt><dd class="nhsuk-summary-list__value">{{ offer.with }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Where</dt><dd class="nhsuk-summary-list__value">{{ offer.place }}</dd></div>
</dl>
<form action="{{ address }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<input type="hidden" name="month" value="{{ offer.month }}">
<button class="nhsuk-button">Take this time</button>
</form>
<h2>If it does not suit</h2>
<p>It goes to the next in line, and the wait goes on, until three offers were not taken.</p>
<form action="{{ address }}/decline" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<input type="hidden" name="month" value="{{ offer.month }}">
<button class="nhsuk-button nhsuk-button--secondary">Not this time</button>
</form>
{% else %}
<h1>This time is not held any more</h1>
<p>It was on {{ when }}. It was taken, or it went to the next in line because the time for an answer was over.</p>
<ul class="nhsuk-list">
{% for way in ways %}<li><a href="{{ way.0 }}">{{ way.1 }}</a></li>
{% endfor %}
</ul>
{% endif %}
</div></div>
{% endblock %}"#
)]
struct OfferPage {
    layout: Layout,
    address: String,
    when: String,
    offer: Option<OfferedTime>,
    ways: Vec<WayOn>,
}

struct OfferedTime {
    month: LocalDate,
    until: Timestamp,
    what: String,
    when: String,
    with: String,
    place: String,
}

impl OfferedTime {
    fn of(month: LocalDate, site: &Site, offer: &OpenOffer) -> OfferedTime {
        OfferedTime {
            month,
            until: offer.expires_at,
            what: wanted(&offer.service, Some(offer.channel)),
            when: words::date_and_time(offer.starts_at),
            with: format!("{}, {}", offer.practitioner.name, offer.practitioner.role),
            place: place(site),
        }
    }
}

/// The slot in the address of an offer.
#[derive(Debug, Clone, Deserialize)]
pub struct OfferPath {
    session: SessionId,
    at: Timestamp,
}

impl OfferPath {
    /// The offer of this slot, if it is open.
    fn find(&self, waiting: &[WaitingEntry]) -> Option<OfferedTime> {
        waiting.iter().find_map(|entry| {
            let offer = entry.offer.as_ref()?;
            let is_it = (&offer.session, offer.starts_at) == (&self.session, self.at);
            is_it.then(|| OfferedTime::of(entry.month, &entry.site, offer))
        })
    }
}

/// # Errors
/// If the visitor may not see the waiting lists of this patient, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<OfferPath>,
) -> Result<Response, PageError> {
    let found = pages.ask(&visitor, &ListWaiting { subject: concerned.subject }).await?;
    let base = &concerned.base;
    let offer = path.find(&found.answer.items);
    let title = if offer.is_some() { "A time is free" } else { "This time is not held any more" };
    let shown = OfferPage {
        layout: Layout::of(&visitor, title)
            .back(format!("{base}/waiting"))
            .stale(found.stale)
            .live(format!("{base}/waiting/live")),
        address: offer_address(base, &path.session, path.at),
        when: words::date_and_time(path.at),
        offer,
        ways: ways(base),
    };
    Ok(HtmlPage::ok(shown).into_response())
}

/// Books the time that is offered.
///
/// # Errors
/// If the form is not one of this server's.
pub async fn accept(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(path): Path<OfferPath>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let (base, month) = (&concerned.base, month(&form)?);
    let (patient, session, starts_at) = (concerned.subject, path.session.clone(), path.at);
    let command = AcceptOffer { patient, month, session, starts_at, reason: None, comment: None };
    let appointment = format!("{base}/appointments/{}/{}", path.session, encoded(&path.at.to_string()));
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&format!("{appointment}?booked"), granted.position),
        Err(problem) => refusal::page(&form.visitor, problem, ways(base)),
    })
}

/// Gives the time to the next in line. The person stays on the list.
///
/// # Errors
/// If the form is not one of this server's.
pub async fn decline(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(path): Path<OfferPath>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let (base, month) = (&concerned.base, month(&form)?);
    let command = DeclineOffer { patient: concerned.subject, month, session: path.session, starts_at: path.at };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&format!("{base}/waiting?declined"), granted.position),
        Err(problem) => refusal::page(&form.visitor, problem, ways(base)),
    })
}

/// The list of the offer, which the form names.
fn month(form: &PostedForm) -> Result<LocalDate, PageError> {
    form.text("month").parse().map_err(|_| Problem::of(&MALFORMED).into())
}

/// The ways to go on where the offer is not open.
fn ways(base: &str) -> Vec<WayOn> {
    vec![
        (format!("{base}/waiting"), "See the waiting lists".to_owned()),
        (format!("{base}/appointments"), "See the appointments that are booked".to_owned()),
        (format!("{base}/book"), "See the times that are free now".to_owned()),
    ]
}
