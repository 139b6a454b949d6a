//! The people who wait at the practice, for each service in the order of joining. An open page follows changes.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use event_core::SubjectId;
use page_engine::{Fingerprint, HtmlPage, PageError, Pages, Visitor};
use queries::appointments::{SeePracticeWaiting, WaitingPerson};
use query_engine::page::{ITEMS_MAX, Paging};
use vocabulary::appointments::ServiceType;

use super::practice::practice_of;
use crate::{
    layout::{Layout, filters},
    waiting_card::days,
    words,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<h1>Waiting list</h1>
<p>A slot that becomes free is offered to the first in line whom it suits and who has no other offer. <a href="/desk/settings">Settings</a> has the time for which it is held.</p>
<div data-part="waiting">
{% if services.is_empty() %}<p>Nobody waits.</p>{% endif %}
{% for service in services %}
<h2 class="nhsuk-heading-m nhsuk-u-margin-bottom-2">{{ service.name }}</h2>
<div class="frontdoor-scroll" tabindex="0" role="region" aria-label="Who waits for: {{ service.name }}">
<table class="nhsuk-table nhsuk-table--compact">
<caption class="nhsuk-table__caption nhsuk-u-visually-hidden">Who waits for: {{ service.name }}</caption>
<thead class="nhsuk-table__head"><tr class="nhsuk-table__row"><th class="nhsuk-table__header" scope="col">Place</th><th class="nhsuk-table__header" scope="col">Patient</th><th class="nhsuk-table__header" scope="col">How</th><th class="nhsuk-table__header" scope="col">Days</th><th class="nhsuk-table__header" scope="col">Since</th><th class="nhsuk-table__header" scope="col">Offer</th></tr></thead>
<tbody class="nhsuk-table__body">
{% for line in service.lines %}
<tr class="nhsuk-table__row">
<th class="nhsuk-table__header" scope="row">{{ loop.index }}</th>
<td class="nhsuk-table__cell"><a href="/desk/patients/{{ line.subject }}"><span class="nhsuk-u-visually-hidden">Patient </span>{{ line.short }}</a></td>
<td class="nhsuk-table__cell">{{ line.how }}</td>
<td class="nhsuk-table__cell">{{ line.days }}</td>
<td class="nhsuk-table__cell">{{ line.since }}</td>
<td class="nhsuk-table__cell">{{ line.offer }}</td>
</tr>
{% endfor %}
</tbody>
</table>
</div>
{% endfor %}
</div>
{% if more %}<p>More people wait. They are not shown here.</p>{% endif %}
{% endblock %}"#
)]
struct WaitingListPage {
    layout: Layout,
    services: Vec<WaitedService>,
    more: bool,
}

/// A service, and the people on its list.
struct WaitedService {
    service: ServiceType,
    name: String,
    lines: Vec<WaiterLine>,
}

struct WaiterLine {
    subject: SubjectId,
    short: String,
    how: &'static str,
    days: String,
    since: String,
    offer: String,
}

impl WaiterLine {
    fn of(person: &WaitingPerson) -> WaiterLine {
        WaiterLine {
            subject: person.patient,
            short: person.patient.to_string().chars().take(8).collect(),
            how: person.channel.map_or("In any way", words::channel),
            days: days(person.earliest, person.latest),
            since: words::date_and_time(person.joined_at),
            offer: person.offer.as_ref().map_or_else(
                || "None".to_owned(),
                |offer| {
                    format!("{}, held until {}", words::date_and_time(offer.starts_at), words::time(offer.expires_at))
                },
            ),
        }
    }
}

/// The people on the lists, by service. The service of the longest wait is first.
fn by_service(people: &[WaitingPerson]) -> Vec<WaitedService> {
    let mut services: Vec<WaitedService> = Vec::new();
    for person in people {
        let line = WaiterLine::of(person);
        match services.iter_mut().find(|known| known.service == person.service) {
            Some(known) => known.lines.push(line),
            None => services.push(WaitedService {
                service: person.service.clone(),
                name: words::service(&person.service),
                lines: vec![line],
            }),
        }
    }
    services
}

/// # Errors
/// If the visitor may not see the waiting lists of the practice, or the query fails.
pub async fn page(State(pages): State<Pages>, visitor: Visitor) -> Result<Response, PageError> {
    let query = SeePracticeWaiting { practice: practice_of(&visitor)? };
    let found = pages.ask_for(&visitor, &query, Paging::of(ITEMS_MAX)).await?;
    let layout = Layout::of(&visitor, "Waiting list").stale(found.stale).live("/desk/waiting/live");
    let (services, more) = (by_service(&found.answer.items), found.answer.next.is_some());
    Ok(HtmlPage::ok(WaitingListPage { layout, services, more }).into_response())
}

/// Tells an open page that the list has changed.
///
/// # Errors
/// If the visitor may not see who waits.
pub async fn live(State(pages): State<Pages>, visitor: Visitor) -> Result<Response, PageError> {
    let query = SeePracticeWaiting { practice: practice_of(&visitor)? };
    pages.ask(&visitor, &query).await?;
    let topic = format!("waiting list {}", query.practice);
    let look = {
        let pages = pages.clone();
        move || {
            let (pages, visitor, query) = (pages.clone(), visitor.up_to_date(), query.clone());
            async move {
                let found = pages.ask_for(&visitor, &query, Paging::of(ITEMS_MAX)).await.ok()?;
                Fingerprint::of(&found.answer)
            }
        }
    };
    Ok(pages.live(Some(topic), look))
}
