//! The log, the newest events first, with the ways to a position, a stream, a time and a kind.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use event_core::{LogPosition, Service, StreamName};
use page_engine::{HtmlPage, PageError, Pages, Visitor, encoded};
use queries::log::{FindEventByTime, FoundEvents, KIND_CHARACTERS_MAX, LOOKED_MAX, SearchEvents, SearchOrder};
use query_engine::QueryError;
use serde::Deserialize;
use vocabulary::SERVICES;

use super::{
    moment,
    rows::{EventRow, care, typed_position},
};
use crate::{
    errors::FieldFaults,
    layout::{Layout, filters},
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
{% call forms::summary(errors) %}{% endcall %}
<h1>The log</h1>
<p>Every event of the log <code>care</code>, as it was recorded. Personal fields are closed: they are shown as <code>***</code>.</p>
<details class="nhsuk-details"{% if !errors.is_empty() %} open{% endif %}>
<summary class="nhsuk-details__summary"><span class="nhsuk-details__summary-text">Go to a position, a stream or a time</span></summary>
<div class="nhsuk-details__text">
<form action="/audit" method="get">
<div class="nhsuk-form-group{% if errors.of("position").is_some() %} nhsuk-form-group--error{% endif %}">
<label class="nhsuk-label" for="position">Position</label>
<div class="nhsuk-hint" id="position-hint">For example, care:17</div>
{% call forms::message(errors, "position") %}{% endcall %}
<input class="nhsuk-input nhsuk-input--width-10" id="position" name="position" value="{{ given.position }}" spellcheck="false" autocomplete="off" aria-describedby="position-hint{% if errors.of("position").is_some() %} position-error{% endif %}">
</div>
<button class="nhsuk-button nhsuk-button--secondary">Go to the event</button>
</form>
<form action="/audit" method="get">
<div class="nhsuk-form-group{% if errors.of("stream").is_some() %} nhsuk-form-group--error{% endif %}">
<label class="nhsuk-label" for="stream">Stream</label>
<div class="nhsuk-hint" id="stream-hint">For example, practice-A12345</div>
{% call forms::message(errors, "stream") %}{% endcall %}
<input class="nhsuk-input" id="stream" name="stream" value="{{ given.stream }}" spellcheck="false" autocomplete="off" aria-describedby="stream-hint{% if errors.of("stream").is_some() %} stream-error{% endif %}">
</div>
<button class="nhsuk-button nhsuk-button--secondary">Go to the stream</button>
</form>
<form action="/audit" method="get">
<div class="nhsuk-form-group{% if errors.of("time").is_some() %} nhsuk-form-group--error{% endif %}">
<label class="nhsuk-label" for="time">Time in London</label>
<div class="nhsuk-hint" id="time-hint">The first event at this time or after it. For example, 2026-11-26 09:00:30</div>
{% call forms::message(errors, "time") %}{% endcall %}
<input class="nhsuk-input nhsuk-input--width-20" id="time" name="time" value="{{ given.time }}" spellcheck="false" autocomplete="off" aria-describedby="time-hint{% if errors.of("time").is_some() %} time-error{% endif %}">
</div>
<button class="nhsuk-button nhsuk-button--secondary">Go to the time</button>
</form>
</div>
</details>
<form action="/audit" method="get">
<div class="nhsuk-form-group{% if errors.of("kind").is_some() %} nhsuk-form-group--error{% endif %}">
<label class="nhsuk-label" for="kind">Kind of event</label>
{% call forms::message(errors, "kind") %}{% endcall %}
<select class="nhsuk-select" id="kind" name="kind"{% if errors.of("kind").is_some() %} aria-describedby="kind-error"{% endif %}>
<option value="">All kinds</option>
{% for service in services %}
<optgroup label="{{ service.name }}">
{% for known in service.kinds() %}<option{% if known == given.kind %} selected{% endif %}>{{ known }}</option>
{% endfor %}
</optgroup>
{% endfor %}
</select>
</div>
<div class="nhsuk-form-group">
<label class="nhsuk-label" for="other-kind">Or another kind</label>
<div class="nhsuk-hint" id="other-kind-hint">A kind, or its beginning up to a dot: appointment, or appointment.booked</div>
<input class="nhsuk-input nhsuk-input--width-20" id="other-kind" name="other-kind" value="{{ given.other_kind }}" spellcheck="false" autocomplete="off" aria-describedby="other-kind-hint">
</div>
<button class="nhsuk-button">Show these events</button>
</form>
{% if let Some(first) = first %}<p>The first event at this time or after it is <a href="/audit/events/{{ first }}">{{ first }}</a>. It is the last row of the table.</p>{% endif %}
{% if let Some(kind) = kind %}
<p>Only events of the kind <span class="frontdoor-reference">{{ kind }}</span>. <a href="/audit">Show all kinds</a></p>
{% endif %}
{% if rows.is_empty() %}
<p>No event was found.</p>
{% else %}
<div class="frontdoor-scroll" tabindex="0" role="region" aria-label="Events of the log">
<table class="nhsuk-table">
<caption class="nhsuk-table__caption">Events, the newest first</caption>
<thead class="nhsuk-table__head"><tr>
<th scope="col">Position</th><th scope="col">Time in London</th><th scope="col">Kind</th><th scope="col">Stream</th><th scope="col">Role of the caller</th>
</tr></thead>
<tbody class="nhsuk-table__body">
{% for row in rows %}
<tr class="nhsuk-table__row"><th class="nhsuk-table__header" scope="row"><a href="/audit/events/{{ row.position }}">{{ row.position }}</a></th>
<td class="nhsuk-table__cell"><time datetime="{{ row.instant }}">{{ row.time }}</time></td>
<td class="nhsuk-table__cell">{{ row.kind }}</td>
<td class="nhsuk-table__cell"><a class="frontdoor-reference" href="/audit/streams/{{ row.stream }}">{{ row.stream }}</a></td>
<td class="nhsuk-table__cell">{{ row.role }}</td></tr>
{% endfor %}
</tbody>
</table>
</div>
{% endif %}
<p>{{ looked }}</p>
{% if newer.is_some() || older.is_some() %}<nav aria-label="Other parts of the log">
<ul class="nhsuk-list">
{% if let Some(address) = newer %}<li><a href="{{ address }}">Newer events</a></li>{% endif %}
{% if let Some(address) = older %}<li><a href="{{ address }}">Older events</a></li>{% endif %}
{% if newer.is_some() %}<li><a href="{{ newest }}">The newest events</a></li>{% endif %}
</ul>
</nav>{% endif %}
{% endblock %}"#
)]
struct LogPage {
    layout: Layout,
    given: AskedLog,
    services: &'static [&'static Service],
    kind: Option<String>,
    first: Option<LogPosition>,
    rows: Vec<EventRow>,
    looked: String,
    newer: Option<String>,
    older: Option<String>,
    newest: String,
    errors: FieldFaults,
}

/// The fields of the page's forms, and the part of the log: up to a position, or from one on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct AskedLog {
    position: String,
    stream: String,
    time: String,
    kind: String,
    other_kind: String,
    upto: String,
    from: String,
    /// The position that was found by a time.
    found: String,
}

impl AskedLog {
    fn kind(&self) -> Option<&str> {
        [&self.other_kind, &self.kind].into_iter().map(|kind| kind.trim()).find(|kind| !kind.is_empty())
    }

    /// The address of a part of the log with the same kind.
    fn part(&self, bound: &str, position: LogPosition) -> String {
        format!("{}{bound}={position}", self.address(true))
    }

    fn address(&self, goes_on: bool) -> String {
        match self.kind() {
            None => format!("/audit{}", if goes_on { "?" } else { "" }),
            Some(kind) => {
                // The form shows the kind again in the field that it came from.
                let field = if self.other_kind.trim().is_empty() { "kind" } else { "other-kind" };
                format!("/audit?{field}={}{}", encoded(kind), if goes_on { "&" } else { "" })
            }
        }
    }

    fn search(&self) -> SearchEvents {
        let (order, from) = match (typed_position(&self.from), typed_position(&self.upto)) {
            (Some(from), _) => (SearchOrder::OldestFirst, Some(from)),
            (None, upto) => (SearchOrder::NewestFirst, upto),
        };
        let kind = self.kind().filter(|kind| kind.chars().count() <= KIND_CHARACTERS_MAX);
        SearchEvents { from, order: Some(order), kind: kind.map(Into::into), ..SearchEvents::default() }
    }
}

/// # Errors
/// If the visitor is not an auditor, the position does not exist, or the log cannot be read.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    Query(asked): Query<AskedLog>,
) -> Result<Response, PageError> {
    let mut errors = FieldFaults::none();
    if let Some(place) = place(&pages, &visitor, &asked, &mut errors).await? {
        return Ok(Redirect::to(&place).into_response());
    }
    if asked.kind().is_some_and(|kind| kind.chars().count() > KIND_CHARACTERS_MAX) {
        errors.add("kind", format!("A kind has {KIND_CHARACTERS_MAX} characters at most"));
    }
    let search = asked.search();
    let mut found = match pages.ask(&visitor, &search).await {
        Ok(found) => found.answer,
        Err(QueryError::UnknownPosition) => return Err(StatusCode::NOT_FOUND.into_response().into()),
        Err(error) => return Err(error.into()),
    };
    let is_forward = search.order == Some(SearchOrder::OldestFirst);
    if is_forward {
        found.events.reverse();
    }
    let (newer, older) = neighbours(&asked, &found, is_forward);
    let title = if errors.is_empty() { "The log" } else { "Error: The log" };
    let shown = LogPage {
        layout: Layout::of(&visitor, title),
        services: SERVICES,
        kind: search.kind.clone(),
        first: typed_position(&asked.found),
        rows: found.events.iter().map(EventRow::of).collect::<Result<_, _>>()?,
        looked: looked(&found, search.kind.is_some()),
        newer,
        older,
        newest: asked.address(false),
        given: asked,
        errors,
    };
    Ok(HtmlPage(shown.errors.status(), shown).into_response())
}

/// The address to which one of the forms leads. A field that does not lead anywhere is a fault.
async fn place(
    pages: &Pages,
    visitor: &Visitor,
    asked: &AskedLog,
    errors: &mut FieldFaults,
) -> Result<Option<String>, PageError> {
    let (position, stream, time) = (asked.position.trim(), asked.stream.trim(), asked.time.trim());
    if !position.is_empty() {
        let read = typed_position(position).ok_or("Enter a position of the log care, like care:17");
        return Ok(errors.read("position", read).map(|position| format!("/audit/events/{position}")));
    }
    if !stream.is_empty() {
        let read = stream.parse::<StreamName>().map_err(|_| "Enter the name of a stream, like practice-A12345");
        return Ok(errors.read("stream", read).map(|stream| format!("/audit/streams/{stream}")));
    }
    if time.is_empty() {
        return Ok(None);
    }
    let Some(time) = errors.read("time", moment::typed(time)) else { return Ok(None) };
    let found = pages.ask(visitor, &FindEventByTime { time }).await?.answer;
    match found.position {
        Some(position) => Ok(Some(format!("/audit?from={position}&found={position}"))),
        None => {
            let end = found.end;
            errors.add("time", format!("No event was recorded at this time or after it. The last event is {end}"));
            Ok(None)
        }
    }
}

/// The addresses of the newer and the older events. A search that ended at its limit goes on where it ended.
fn neighbours(asked: &AskedLog, found: &FoundEvents, is_forward: bool) -> (Option<String>, Option<String>) {
    let newer = found.highest.filter(|highest| highest.position < found.end.position);
    let newer = newer.map(|highest| asked.part("from", care(highest.position + 1)));
    let older = found.lowest.filter(|lowest| lowest.position > 1);
    let older = older.map(|lowest| asked.part("upto", care(lowest.position - 1)));
    let next = found.next.map(|next| asked.part(if is_forward { "from" } else { "upto" }, next));
    if is_forward { (next.or(newer), older) } else { (newer, next.or(older)) }
}

/// The positions that the search looked at, as a sentence.
fn looked(found: &FoundEvents, is_filtered: bool) -> String {
    let (Some(lowest), Some(highest)) = (found.lowest, found.highest) else {
        return "There are no positions in this part of the log.".to_owned();
    };
    let range = format!("positions {lowest} to {highest} of a log that ends at {}", found.end);
    if is_filtered {
        format!("Looked at {range}. One page looks at {LOOKED_MAX} positions at most; the links go on from there.")
    } else {
        format!("These are {range}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lowest: u64, highest: u64, end: u64, next: Option<u64>) -> FoundEvents {
        let (lowest, highest) = (Some(care(lowest)), Some(care(highest)));
        FoundEvents { events: Vec::new(), lowest, highest, end: care(end), next: next.map(care) }
    }

    #[test]
    fn the_links_lead_to_the_parts_beside_this_one_and_keep_the_kind() {
        let asked = AskedLog { other_kind: " a&b ".into(), ..AskedLog::default() };
        let (newer, older) = neighbours(&asked, &found(51, 100, 100, Some(50)), false);
        assert_eq!((newer, older.as_deref()), (None, Some("/audit?other-kind=a%26b&upto=care:50")));
        let asked = AskedLog::default();
        let (newer, older) = neighbours(&asked, &found(51, 100, 200, Some(101)), true);
        assert_eq!((newer.as_deref(), older.as_deref()), (Some("/audit?from=care:101"), Some("/audit?upto=care:50")));
        assert_eq!(neighbours(&asked, &found(1, 3, 3, None), true), (None, None));
    }

    #[test]
    fn a_part_is_searched_in_the_direction_of_its_bound() {
        let from = AskedLog { from: "care:5".into(), upto: "care:9".into(), ..AskedLog::default() }.search();
        assert_eq!((from.order, from.from), (Some(SearchOrder::OldestFirst), Some(care(5))));
        let upto = AskedLog { upto: "9".into(), kind: "a.b.v1".into(), ..AskedLog::default() }.search();
        assert_eq!((upto.order, upto.from), (Some(SearchOrder::NewestFirst), Some(care(9))));
        assert_eq!(upto.kind.as_deref(), Some("a.b.v1"));
    }

    #[test]
    fn hostile_text_is_shown_as_text() {
        let hostile = "<script>alert(1)</script>";
        let row = EventRow {
            position: care(1),
            time: "now".into(),
            instant: "now".into(),
            kind: hostile.into(),
            stream: hostile.into(),
            revision: 1,
            role: hostile.into(),
        };
        let page = LogPage {
            layout: Layout::open("The log"),
            given: AskedLog { position: format!("\">{hostile}"), ..AskedLog::default() },
            services: SERVICES,
            kind: Some(hostile.into()),
            first: None,
            rows: vec![row],
            looked: String::new(),
            newer: None,
            older: None,
            newest: "/audit".into(),
            errors: FieldFaults::none(),
        };
        assert!(!page.render().expect("renders").contains(hostile));
    }
}
