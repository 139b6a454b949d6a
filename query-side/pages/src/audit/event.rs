//! One event: its envelope, its data without personal fields, its neighbours, and the events of the same correlation.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use event_core::LogPosition;
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use queries::log::{FoundEvents, LOOKED_MAX, ListEvents, ListStreamEvents, SearchEvents, SearchOrder};
use query_engine::{QueryError, cloud_events::CloudEvent};
use serde::Deserialize;

use super::{
    json,
    rows::{self, EventRow, care, typed_position},
    tree::{Caused, Placed, tree},
};
use crate::layout::{Layout, filters};

/// The maximum number of events of a correlation in each direction.
const CORRELATED_MAX: u32 = 200;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<span class="nhsuk-caption-l frontdoor-reference">{{ row.kind }}</span>
<h1>Event {{ row.position }}</h1>
{% if !ways.is_empty() %}<nav aria-label="Events beside this one">
<ul class="nhsuk-list">
{% for way in ways %}<li><a href="/audit/events/{{ way.1 }}">{{ way.0 }}: {{ way.1 }}</a></li>
{% endfor %}
</ul>
</nav>{% endif %}
<h2>Envelope</h2>
<dl class="nhsuk-summary-list">
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Stream and revision</dt><dd class="nhsuk-summary-list__value"><a class="frontdoor-reference" href="/audit/streams/{{ row.stream }}">{{ row.stream }}</a>, revision {{ row.revision }}<br><a href="/audit/streams/{{ row.stream }}?as-of={{ row.revision }}">Fields of the stream as of this event</a></dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Recorded at</dt><dd class="nhsuk-summary-list__value"><time datetime="{{ row.instant }}">{{ row.time }}</time> in London<br><span class="frontdoor-reference">{{ row.instant }}</span></dd></div>
{% for line in lines %}
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">{{ line.0 }}</dt><dd class="nhsuk-summary-list__value frontdoor-reference">{{ line.1 }}</dd></div>
{% endfor %}
</dl>
<h2>Data</h2>
<p>Personal fields are closed: they are shown as <code>***</code>.</p>
<pre class="frontdoor-code" tabindex="0" role="region" aria-label="Data of the event">{{ data }}</pre>
<h2>What has the same correlation</h2>
<p>An event stands below the event that caused it. The events of one command stand on the same level.</p>
{% if branches.is_empty() %}<p>No event was found.</p>{% else %}
<ul>
{% for branch in branches %}
<li><a href="/audit/events/{{ branch.event.row.position }}"{% if branch.event.row.position == row.position %} aria-current="true"{% endif %}>{{ branch.event.row.position }}</a>
{{ branch.event.row.kind }}, <span class="frontdoor-reference">{{ branch.event.row.stream }}</span>{% if branch.event.row.position == row.position %} <strong>(this event)</strong>{% endif %}{% if branch.lacks_cause %} (caused by an event that is not in this part){% endif %}
{% if branch.opens %}<ul>{% else %}</li>{% endif %}
{% for _ in 0..branch.closes %}</ul></li>{% endfor %}
{% endfor %}
</ul>
{% endif %}
<p>{{ looked }}</p>
{% if is_part || earlier.is_some() || later.is_some() %}<ul class="nhsuk-list">
{% if let Some(position) = earlier %}<li><a href="/audit/events/{{ row.position }}?earlier={{ position }}">Look further back, from {{ position }}</a></li>{% endif %}
{% if let Some(position) = later %}<li><a href="/audit/events/{{ row.position }}?later={{ position }}">Look further on, from {{ position }}</a></li>{% endif %}
{% if is_part %}<li><a href="/audit/events/{{ row.position }}">Look around this event</a></li>{% endif %}
</ul>{% endif %}
<h2>CloudEvent</h2>
<p>The event as <code>/events</code> gives it.</p>
<pre class="frontdoor-code" tabindex="0" role="region" aria-label="The event as a CloudEvent" data-copy="Copy as CloudEvent">{{ cloud_event }}</pre>
{% endblock %}"#
)]
struct EventPageOfLog {
    layout: Layout,
    row: EventRow,
    ways: Vec<(&'static str, LogPosition)>,
    lines: Vec<(&'static str, String)>,
    data: String,
    branches: Vec<Placed<CorrelatedEvent>>,
    looked: String,
    earlier: Option<LogPosition>,
    later: Option<LogPosition>,
    is_part: bool,
    cloud_event: String,
}

/// An event of the same correlation.
struct CorrelatedEvent {
    row: EventRow,
    cause: Option<u128>,
    number: u128,
}

impl CorrelatedEvent {
    fn of(event: &CloudEvent) -> Result<CorrelatedEvent, PageError> {
        let cause = event.causation.map(|cause| cause.as_u128());
        Ok(CorrelatedEvent { row: EventRow::of(event)?, cause, number: event.id.as_u128() })
    }
}

impl Caused for CorrelatedEvent {
    type Id = u128;

    fn id(&self) -> u128 {
        self.number
    }

    fn cause(&self) -> Option<u128> {
        self.cause
    }
}

/// The part of the log in which events of the same correlation are looked for; around the event if there is neither.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CorrelatedPart {
    earlier: String,
    later: String,
}

/// # Errors
/// If the visitor is not an auditor, there is no such event, or the log cannot be read.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    Path(position): Path<String>,
    Query(part): Query<CorrelatedPart>,
) -> Result<Response, PageError> {
    let none = || PageError::from(StatusCode::NOT_FOUND.into_response());
    let position = typed_position(&position).filter(|typed| typed.position > 0).ok_or_else(none)?.position;
    let here = ListEvents { after: Some(care(position - 1)), limit: Some(1) };
    let event = match pages.ask(&visitor, &here).await {
        Ok(found) => found.answer.into_iter().next().ok_or_else(none)?,
        Err(QueryError::UnknownPosition) => return Err(none()),
        Err(error) => return Err(error.into()),
    };
    let row = EventRow::of(&event)?;
    let looks = looks(&event, position, &part);
    let mut found = Vec::new();
    for look in looks {
        // Two searches at most: back and on.
        match pages.ask(&visitor, &look).await {
            Ok(answer) => found.push((look.order, answer.answer)),
            Err(QueryError::UnknownPosition) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let end = found.iter().map(|(_, part)| part.end.position).max().unwrap_or(position);
    let next_of = |order| found.iter().find(|(known, _)| *known == Some(order)).and_then(|(_, part)| part.next);
    let (earlier, later) = (next_of(SearchOrder::NewestFirst), next_of(SearchOrder::OldestFirst));
    let looked = looked(found.iter().map(|(_, part)| part));
    let correlated = found.iter().flat_map(|(_, part)| &part.events).map(CorrelatedEvent::of);
    let mut in_order = correlated.collect::<Result<Vec<_>, _>>()?;
    in_order.sort_by_key(|event| event.row.position.position);
    let shown = EventPageOfLog {
        layout: Layout::of(&visitor, format!("Event {}", row.position)).back("/audit"),
        ways: ways(&pages, &visitor, &event, &row, end).await?,
        lines: lines(&event),
        data: json::on_lines(event.data.get()),
        branches: tree(in_order),
        looked,
        earlier,
        later,
        is_part: !part.earlier.is_empty() || !part.later.is_empty(),
        cloud_event: cloud_event(&event)?,
        row,
    };
    Ok(HtmlPage::ok(shown).into_response())
}

/// The searches for events of the same correlation.
fn looks(event: &CloudEvent, position: u64, part: &CorrelatedPart) -> Vec<SearchEvents> {
    let look = |order, from| SearchEvents {
        from: Some(from),
        order: Some(order),
        correlation: Some(event.correlation),
        limit: Some(CORRELATED_MAX),
        ..SearchEvents::default()
    };
    match (typed_position(&part.earlier), typed_position(&part.later)) {
        (Some(earlier), _) => vec![look(SearchOrder::NewestFirst, earlier)],
        (None, Some(later)) => vec![look(SearchOrder::OldestFirst, later)],
        (None, None) => vec![
            look(SearchOrder::NewestFirst, care(position)),
            look(SearchOrder::OldestFirst, care(position.saturating_add(1))),
        ],
    }
}

/// The positions that were looked at, as a sentence.
fn looked<'a>(parts: impl Iterator<Item = &'a FoundEvents> + Clone) -> String {
    let lowest = parts.clone().filter_map(|part| part.lowest).min_by_key(|position| position.position);
    let highest = parts.clone().filter_map(|part| part.highest).max_by_key(|position| position.position);
    let end = parts.map(|part| part.end.position).max().unwrap_or_default();
    match lowest.zip(highest) {
        Some((lowest, highest)) => format!(
            "There is no index by correlation. Looked from position {lowest} up to position {highest} of a log that ends at \
             {}; one page looks at {LOOKED_MAX} positions in each direction.",
            care(end)
        ),
        None => "There are no positions in this part of the log.".to_owned(),
    }
}

/// The events before and after this one, in the log and in its stream.
async fn ways(
    pages: &Pages,
    visitor: &Visitor,
    event: &CloudEvent,
    row: &EventRow,
    end: u64,
) -> Result<Vec<(&'static str, LogPosition)>, PageError> {
    let position = row.position.position;
    let mut ways = Vec::new();
    if position > 1 {
        ways.push(("Previous event of the log", care(position - 1)));
    }
    if position < end {
        ways.push(("Next event of the log", care(position + 1)));
    }
    let from = row.revision.saturating_sub(1).max(1);
    let beside = ListStreamEvents { stream: event.subject.clone(), from: Some(from), limit: Some(3) };
    for other in pages.ask(visitor, &beside).await?.answer {
        let revision = rows::number(&other.revision)?;
        if revision + 1 == row.revision {
            ways.push(("Previous event of the stream", rows::position(&other)?));
        } else if revision == row.revision + 1 {
            ways.push(("Next event of the stream", rows::position(&other)?));
        }
    }
    Ok(ways)
}

/// The remaining parts of the envelope. An absent part is named, so that its absence shows.
fn lines(event: &CloudEvent) -> Vec<(&'static str, String)> {
    let absent = || "none".to_owned();
    let mut lines = vec![
        ("Position", format!("care:{}", event.position)),
        ("Id", event.id.to_string()),
        ("Kind", event.kind.to_string()),
        ("Person concerned", event.patient.map_or_else(absent, |patient| patient.to_string())),
    ];
    match rows::actor(event) {
        Some(actor) => {
            let organisation = actor.organisation.as_ref().map_or_else(absent, ToString::to_string);
            lines.extend([
                ("Caller", actor.id.to_string()),
                ("Role of the caller", actor.role.to_string()),
                ("Organisation of the caller", organisation),
                ("Identity level of the caller", actor.level.as_ref().map_or_else(absent, ToString::to_string)),
                ("Issuer of the caller's token", actor.issuer.as_ref().map_or_else(absent, ToString::to_string)),
            ]);
        }
        None => lines.push(("Caller", event.actor.to_string())),
    }
    lines.extend([
        ("Acting for", event.actingfor.as_ref().map_or_else(absent, ToString::to_string)),
        ("Correlation", event.correlation.to_string()),
        ("Causation", event.causation.map_or_else(absent, |causation| causation.to_string())),
        ("Command key", event.commandkey.clone().unwrap_or_else(absent)),
        ("Hash of the request", event.requesthash.clone().unwrap_or_else(absent)),
        ("Trace", event.traceparent.as_ref().map_or_else(absent, ToString::to_string)),
        ("Source", event.source.clone()),
    ]);
    lines
}

fn cloud_event(event: &CloudEvent) -> Result<String, PageError> {
    let json = serde_json::to_string(event);
    let json = json.map_err(|cause| QueryError::Broken(format!("event {}: {cause}", event.position)))?;
    Ok(json::on_lines(&json))
}
