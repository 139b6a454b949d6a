//! A stream as a timeline, the oldest event first, with the fields that each event changes.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use event_core::StreamName;
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use queries::log::{FieldFold, ListStreamEvents, SeeStreamFields};
use query_engine::{context::Freshness, page::Paging};
use serde::Deserialize;

use super::{changes::ShownChange, fields, rows::EventRow};
use crate::layout::{Layout, filters};

/// The number of events on a page.
const EVENTS_OF_PAGE: u32 = 50;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<span class="nhsuk-caption-l">Stream</span>
<h1 class="nhsuk-heading-l frontdoor-reference">{{ stream }}</h1>
<p><a href="/audit/streams/{{ stream }}?as-of={{ last }}">Fields of the stream as of revision {{ last }}</a></p>
<p>A field has changed if it differs from the last event before it that has the field. Personal fields are closed: they are shown as <code>***</code>, and cannot be compared.</p>
<div class="frontdoor-scroll" tabindex="0" role="region" aria-label="Events of the stream">
<table class="nhsuk-table">
<caption class="nhsuk-table__caption">Events, the oldest first: revisions {{ first }} to {{ last }}</caption>
<thead class="nhsuk-table__head"><tr>
<th scope="col">Revision</th><th scope="col">Position</th><th scope="col">Time in London</th><th scope="col">Kind</th><th scope="col">Role of the caller</th><th scope="col">What changed</th>
</tr></thead>
<tbody class="nhsuk-table__body">
{% for event in events %}
<tr class="nhsuk-table__row"><th class="nhsuk-table__header" scope="row"><a href="/audit/streams/{{ stream }}?as-of={{ event.row.revision }}">{{ event.row.revision }}</a></th>
<td class="nhsuk-table__cell"><a href="/audit/events/{{ event.row.position }}">{{ event.row.position }}</a></td>
<td class="nhsuk-table__cell"><time datetime="{{ event.row.instant }}">{{ event.row.time }}</time></td>
<td class="nhsuk-table__cell">{{ event.row.kind }}</td>
<td class="nhsuk-table__cell">{{ event.row.role }}</td>
<td class="nhsuk-table__cell">{% if event.changes.is_empty() %}No field{% else %}<ul class="nhsuk-list">
{% for change in event.changes %}<li class="frontdoor-reference">{{ change.name }}: {{ change.value }}{% if let Some(before) = change.before %} (before: {{ before }}){% endif %}{% if change.is_closed %} (closed){% endif %}</li>
{% endfor %}</ul>{% endif %}</td></tr>
{% endfor %}
</tbody>
</table>
</div>
{% if earlier.is_some() || later.is_some() %}<nav aria-label="Other parts of the stream">
<ul class="nhsuk-list">
{% if let Some(from) = earlier %}<li><a href="/audit/streams/{{ stream }}?from={{ from }}">Earlier events</a></li>{% endif %}
{% if let Some(from) = later %}<li><a href="/audit/streams/{{ stream }}?from={{ from }}">Later events</a></li>{% endif %}
</ul>
</nav>{% endif %}
{% endblock %}"#
)]
struct StreamPageOfLog {
    layout: Layout,
    stream: StreamName,
    events: Vec<ChangedBy>,
    first: u64,
    last: u64,
    earlier: Option<u64>,
    later: Option<u64>,
}

/// An event of the stream, and the fields that it changes.
struct ChangedBy {
    row: EventRow,
    changes: Vec<ShownChange>,
}

/// The part of the stream, or the revision as of which its fields are shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct StreamPart {
    from: String,
    as_of: String,
}

/// # Errors
/// If the visitor is not an auditor, there is no such stream or revision, or the log cannot be read.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    Path(stream): Path<String>,
    Query(part): Query<StreamPart>,
) -> Result<Response, PageError> {
    let none = || PageError::from(StatusCode::NOT_FOUND.into_response());
    let stream: StreamName = stream.parse().map_err(|_| none())?;
    if !part.as_of.is_empty() {
        let as_of = part.as_of.parse().map_err(|_| none())?;
        return fields::page(&pages, &visitor, stream, as_of).await;
    }
    let from = if part.from.is_empty() { 1 } else { part.from.parse::<u64>().map_err(|_| none())?.max(1) };
    let list = ListStreamEvents { stream: stream.clone(), from: Some(from), limit: Some(EVENTS_OF_PAGE) };
    let asked = pages.queries.ask(visitor.caller(), &list, Freshness::default(), Paging::default()).await;
    let goes_on = asked.next_page.is_some();
    let listed = asked.outcome?;
    if listed.is_empty() {
        return Err(none());
    }
    let mut fold = FieldFold::default();
    if from > 1 {
        let before = SeeStreamFields { stream: stream.clone(), as_of: Some(from - 1) };
        fold = FieldFold::after(pages.ask(&visitor, &before).await?.answer.fields);
    }
    let mut events = Vec::with_capacity(listed.len());
    for event in &listed {
        let changes = fold.add(event)?.into_iter().map(ShownChange::from).collect();
        events.push(ChangedBy { row: EventRow::of(event)?, changes });
    }
    let last = events.last().map_or(from, |event| event.row.revision);
    let shown = StreamPageOfLog {
        layout: Layout::of(&visitor, format!("Stream {stream}")).back("/audit"),
        stream,
        events,
        first: from,
        last,
        earlier: (from > 1).then(|| from.saturating_sub(u64::from(EVENTS_OF_PAGE)).max(1)),
        later: goes_on.then_some(last + 1),
    };
    Ok(HtmlPage::ok(shown).into_response())
}
