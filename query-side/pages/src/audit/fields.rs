//! The fields of a stream as of a revision: the last value of each field that the events up to it have.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use event_core::StreamName;
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use queries::log::{ListStreamEvents, SeeStreamFields, StreamField};

use super::{changes::shortened, rows::EventRow};
use crate::layout::{Layout, filters};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<span class="nhsuk-caption-l">Fields as of revision {{ row.revision }}</span>
<h1 class="nhsuk-heading-l frontdoor-reference">{{ row.stream }}</h1>
<p>Revision {{ row.revision }} is <a href="/audit/events/{{ row.position }}">{{ row.position }}</a>, {{ row.kind }}, recorded on <time datetime="{{ row.instant }}">{{ row.time }}</time>.</p>
<div class="nhsuk-inset-text"><p>For each field in the data of the events up to this revision, this is the value in the last event that has the field. It is not the state on which commands decide: an event that ends something does not remove the fields of earlier events.</p></div>
<p>Personal fields are closed: they are shown as <code>***</code>.</p>
<div class="frontdoor-scroll" tabindex="0" role="region" aria-label="Fields of the stream">
<table class="nhsuk-table">
<caption class="nhsuk-table__caption">Last value of each field</caption>
<thead class="nhsuk-table__head"><tr><th scope="col">Field</th><th scope="col">Value</th><th scope="col">Set by revision</th></tr></thead>
<tbody class="nhsuk-table__body">
{% for field in fields %}
<tr class="nhsuk-table__row"><th class="nhsuk-table__header frontdoor-reference" scope="row">{{ field.name }}</th>
<td class="nhsuk-table__cell frontdoor-reference">{{ field.value }}</td>
<td class="nhsuk-table__cell"><a href="/audit/streams/{{ row.stream }}?as-of={{ field.revision }}">{{ field.revision }}</a></td></tr>
{% endfor %}
</tbody>
</table>
</div>
<nav aria-label="Other revisions">
<ul class="nhsuk-list">
{% if row.revision > 1 %}<li><a href="/audit/streams/{{ row.stream }}?as-of={{ row.revision - 1 }}">As of revision {{ row.revision - 1 }}</a></li>{% endif %}
{% if goes_on %}<li><a href="/audit/streams/{{ row.stream }}?as-of={{ row.revision + 1 }}">As of revision {{ row.revision + 1 }}</a></li>{% endif %}
<li><a href="/audit/streams/{{ row.stream }}">All events of the stream</a></li>
</ul>
</nav>
{% endblock %}"#
)]
struct FieldsPage {
    layout: Layout,
    row: EventRow,
    fields: Vec<StreamField>,
    goes_on: bool,
}

/// # Errors
/// If the visitor is not an auditor, there is no such stream or revision, or the log cannot be read.
pub async fn page(pages: &Pages, visitor: &Visitor, stream: StreamName, as_of: u64) -> Result<Response, PageError> {
    let none = || PageError::from(StatusCode::NOT_FOUND.into_response());
    let here = ListStreamEvents { stream: stream.clone(), from: Some(as_of), limit: Some(2) };
    let events = pages.ask(visitor, &here).await?.answer;
    let row = EventRow::of(events.first().ok_or_else(none)?)?;
    let fields = pages.ask(visitor, &SeeStreamFields { stream: stream.clone(), as_of: Some(as_of) }).await?.answer;
    // Revision 0 does not exist, and a very long stream may not be read to its end.
    if row.revision != as_of || fields.revision != as_of {
        return Err(none());
    }
    let mut fields = fields.fields;
    for field in &mut fields {
        field.value = shortened(&field.value);
    }
    let layout = Layout::of(visitor, format!("Stream {stream} as of revision {as_of}"));
    let layout = layout.back(format!("/audit/streams/{stream}"));
    Ok(HtmlPage::ok(FieldsPage { layout, row, fields, goes_on: events.len() > 1 }).into_response())
}
