//! The state of the system: what is not well, read models, relays, processes, and charts of the last minutes.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use page_engine::{
    Fingerprint, HtmlPage, Look, PageError, Pages, PolicyReport, ProcessSample, ProcessState, ReadModelState,
    RelayState, SystemState, Visitor,
};
use serde::Serialize;

use super::{
    access::{admitted, next_look},
    chart::Chart,
    figures,
    states::StateTag,
};
use crate::layout::{Layout, filters};

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"{% extends "layout.html" %}
{% block main %}
<h1>{{ layout.title }}</h1>
<p class="nhsuk-lede-text" role="status" data-part="sentence">{{ shown.sentence }}</p>
<div data-part="unwell">
{% if !shown.unwell.is_empty() %}<ul>{% for what in shown.unwell %}<li>{{ what }}</li>{% endfor %}</ul>{% endif %}
</div>
{% if shown.is_partial %}<div class="nhsuk-inset-text"><p>Other processes share these read models. This page shows one process only, because it was started without the addresses of the others (<code>--peer-admins</code>).</p></div>{% endif %}

<div class="frontdoor-scroll" tabindex="0" role="region" aria-label="Read models">
<table class="nhsuk-table">
<caption class="nhsuk-table__caption nhsuk-table__caption--m">Read models</caption>
<thead class="nhsuk-table__head"><tr>
<th class="nhsuk-table__header" scope="col">Name</th>
<th class="nhsuk-table__header" scope="col">State</th>
<th class="nhsuk-table__header nhsuk-table__header--numeric" scope="col">Position</th>
<th class="nhsuk-table__header nhsuk-table__header--numeric" scope="col">Events behind</th>
<th class="nhsuk-table__header nhsuk-table__header--numeric" scope="col">Time behind</th>
<th class="nhsuk-table__header nhsuk-table__header--numeric" scope="col">Build</th>
<th class="nhsuk-table__header" scope="col">Followed by</th>
</tr></thead>
<tbody class="nhsuk-table__body" data-part="read-models">
{% for model in shown.read_models %}
<tr class="nhsuk-table__row">
<th class="nhsuk-table__header" scope="row"><a href="/operate/read-models/{{ model.name }}">{{ model.name }}</a></th>
<td class="nhsuk-table__cell"><strong class="nhsuk-tag {{ model.state.class }}">{{ model.state.text }}</strong>{% if let Some(note) = model.note %}<br>{{ note }}{% endif %}</td>
<td class="nhsuk-table__cell nhsuk-table__cell--numeric">{{ model.position }}</td>
<td class="nhsuk-table__cell nhsuk-table__cell--numeric">{{ model.lag_events }}</td>
<td class="nhsuk-table__cell nhsuk-table__cell--numeric">{{ model.lag_time }}</td>
<td class="nhsuk-table__cell nhsuk-table__cell--numeric">{{ model.build }}</td>
<td class="nhsuk-table__cell">{{ model.followed_by }}</td>
</tr>
{% endfor %}
</tbody></table></div>

<div data-part="policies">
{% if !shown.policies.is_empty() %}
<div class="frontdoor-scroll" tabindex="0" role="region" aria-label="Policies">
<table class="nhsuk-table">
<caption class="nhsuk-table__caption nhsuk-table__caption--m">Policies</caption>
<thead class="nhsuk-table__head"><tr>
<th class="nhsuk-table__header" scope="col">Name</th>
<th class="nhsuk-table__header" scope="col">State</th>
<th class="nhsuk-table__header nhsuk-table__header--numeric" scope="col">Position</th>
<th class="nhsuk-table__header nhsuk-table__header--numeric" scope="col">Events behind</th>
<th class="nhsuk-table__header nhsuk-table__header--numeric" scope="col">Commands waiting</th>
<th class="nhsuk-table__header nhsuk-table__header--numeric" scope="col">Commands parked</th>
<th class="nhsuk-table__header" scope="col">Run by</th>
</tr></thead>
<tbody class="nhsuk-table__body">
{% for policy in shown.policies %}
<tr class="nhsuk-table__row">
<th class="nhsuk-table__header" scope="row">{{ policy.name }}</th>
<td class="nhsuk-table__cell"><strong class="nhsuk-tag {{ policy.state.class }}">{{ policy.state.text }}</strong>{% if let Some(note) = policy.note %}<br>{{ note }}{% endif %}</td>
<td class="nhsuk-table__cell nhsuk-table__cell--numeric">{{ policy.position }}</td>
<td class="nhsuk-table__cell nhsuk-table__cell--numeric">{{ policy.lag_events }}</td>
<td class="nhsuk-table__cell nhsuk-table__cell--numeric">{{ policy.waiting }}</td>
<td class="nhsuk-table__cell nhsuk-table__cell--numeric">{{ policy.parked }}</td>
<td class="nhsuk-table__cell">{{ policy.run_by }}</td>
</tr>
{% endfor %}
</tbody></table></div>
{% endif %}
</div>

<h2 class="nhsuk-heading-m">The last 15 minutes of this process</h2>
<div class="nhsuk-grid-row" data-part="charts">
{% for chart in shown.charts %}
<figure class="nhsuk-grid-column-one-third frontdoor-figure">
<figcaption class="nhsuk-u-font-weight-bold">{{ chart.title }}</figcaption>
<svg class="frontdoor-chart" viewBox="0 0 300 80" role="img" aria-label="{{ chart.title }} in the last 15 minutes. {{ chart.words }}">
<line x1="4" y1="76" x2="296" y2="76" stroke="#aeb7bd" stroke-width="1"></line>
{% for points in chart.lines %}<polyline points="{{ points }}" fill="none" stroke="#005eb8" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"></polyline>{% endfor %}
</svg>
<p class="nhsuk-body-s">{{ chart.words }}</p>
</figure>
{% endfor %}
</div>

<div class="frontdoor-scroll" tabindex="0" role="region" aria-label="Processes">
<table class="nhsuk-table">
<caption class="nhsuk-table__caption nhsuk-table__caption--m">Processes</caption>
<thead class="nhsuk-table__head"><tr>
<th class="nhsuk-table__header" scope="col">Operator's address</th>
<th class="nhsuk-table__header" scope="col">Roles</th>
<th class="nhsuk-table__header" scope="col">State</th>
</tr></thead>
<tbody class="nhsuk-table__body" data-part="processes">
{% for process in shown.processes %}
<tr class="nhsuk-table__row">
<th class="nhsuk-table__header" scope="row">{{ process.address }}</th>
<td class="nhsuk-table__cell">{{ process.roles }}</td>
<td class="nhsuk-table__cell"><strong class="nhsuk-tag {{ process.state.class }}">{{ process.state.text }}</strong>{% for reason in process.reasons %}<br>{{ reason }}{% endfor %}</td>
</tr>
{% endfor %}
</tbody></table></div>

<div data-part="relays">
{% if shown.relays.is_empty() %}
<h2 class="nhsuk-heading-m">Relays</h2>
<p>None: read models follow the log itself.</p>
{% else %}
<div class="frontdoor-scroll" tabindex="0" role="region" aria-label="Relays">
<table class="nhsuk-table">
<caption class="nhsuk-table__caption nhsuk-table__caption--m">Relays</caption>
<thead class="nhsuk-table__head"><tr>
<th class="nhsuk-table__header" scope="col">Log</th>
<th class="nhsuk-table__header" scope="col">Process</th>
<th class="nhsuk-table__header" scope="col">State</th>
<th class="nhsuk-table__header nhsuk-table__header--numeric" scope="col">Epoch</th>
<th class="nhsuk-table__header nhsuk-table__header--numeric" scope="col">Position</th>
<th class="nhsuk-table__header nhsuk-table__header--numeric" scope="col">Events behind</th>
<th class="nhsuk-table__header nhsuk-table__header--numeric" scope="col">Time behind</th>
</tr></thead>
<tbody class="nhsuk-table__body">
{% for relay in shown.relays %}
<tr class="nhsuk-table__row">
<th class="nhsuk-table__header" scope="row">{{ relay.log }}</th>
<td class="nhsuk-table__cell">{{ relay.address }}</td>
<td class="nhsuk-table__cell"><strong class="nhsuk-tag {{ relay.state.class }}">{{ relay.state.text }}</strong>{% if let Some(note) = relay.note %}<br>{{ note }}{% endif %}</td>
<td class="nhsuk-table__cell nhsuk-table__cell--numeric">{{ relay.epoch }}</td>
<td class="nhsuk-table__cell nhsuk-table__cell--numeric">{{ relay.position }}</td>
<td class="nhsuk-table__cell nhsuk-table__cell--numeric">{{ relay.lag_events }}</td>
<td class="nhsuk-table__cell nhsuk-table__cell--numeric">{{ relay.lag_time }}</td>
</tr>
{% endfor %}
</tbody></table></div>
{% endif %}
</div>
<p><a href="/operate">Load again</a></p>
{% endblock %}"##
)]
struct SystemPage {
    layout: Layout,
    shown: SystemShown,
}

/// The content of the page. A change of it is a change of the page.
#[derive(Serialize)]
struct SystemShown {
    sentence: String,
    unwell: Vec<String>,
    is_partial: bool,
    read_models: Vec<ReadModelRow>,
    policies: Vec<PolicyRow>,
    charts: [Chart; 3],
    processes: Vec<ProcessRow>,
    relays: Vec<RelayRow>,
}

#[derive(Serialize)]
struct ReadModelRow {
    name: String,
    state: StateTag,
    note: Option<String>,
    position: String,
    lag_events: String,
    lag_time: String,
    build: i64,
    followed_by: String,
}

#[derive(Serialize)]
struct PolicyRow {
    name: String,
    state: StateTag,
    note: Option<String>,
    position: String,
    lag_events: String,
    waiting: String,
    parked: String,
    run_by: String,
}

#[derive(Serialize)]
struct ProcessRow {
    address: String,
    roles: String,
    state: StateTag,
    reasons: Vec<String>,
}

#[derive(Serialize)]
struct RelayRow {
    log: String,
    address: String,
    state: StateTag,
    note: Option<String>,
    epoch: String,
    position: String,
    lag_events: String,
    lag_time: String,
}

/// # Errors
/// If the visitor may not watch the system.
pub async fn page(State(pages): State<Pages>, visitor: Visitor) -> Result<Response, PageError> {
    admitted(&pages, &visitor).await?;
    let state = pages.operations.state().await;
    let layout = Layout::of(&visitor, "The system").live("/operate/live");
    Ok(HtmlPage::ok(SystemPage { layout, shown: shown(&pages, &state) }).into_response())
}

/// Tells an open page that the state of the system has changed.
///
/// # Errors
/// If the visitor may not watch the system.
pub async fn live(State(pages): State<Pages>, visitor: Visitor) -> Result<Response, PageError> {
    admitted(&pages, &visitor).await?;
    let look = {
        let pages = pages.clone();
        move || {
            let (pages, visitor) = (pages.clone(), visitor.clone());
            async move {
                admitted(&pages, &visitor).await.ok()?;
                let state = pages.operations.state().await;
                let shown = Fingerprint::of(&shown(&pages, &state))?;
                Some(Look { shown, next_within: next_look(state.rebuilds()) })
            }
        }
    };
    // The state of the system is cached for all viewers.
    Ok(pages.live(None, look))
}

fn shown(pages: &Pages, state: &SystemState) -> SystemShown {
    let samples: Vec<ProcessSample> = pages.operations.samples().into();
    let of = |value: fn(&ProcessSample) -> Option<f64>| {
        samples.iter().map(|sample| (sample.at, value(sample))).collect::<Vec<_>>()
    };
    let lag = of(|sample| sample.lag_ms.map(|ms| ms as f64));
    let commands = of(|sample| Some(sample.commands_per_second));
    let p99 = of(|sample| sample.command_p99_ms);
    SystemShown {
        sentence: sentence(&state.unwell),
        unwell: state.unwell.clone(),
        is_partial: state.is_partial,
        read_models: read_models(state),
        policies: policies(state),
        charts: [
            Chart::of("Lag of the slowest read model", &lag, |ms| figures::time(ms as u64)),
            Chart::of("Commands per second", &commands, figures::rate),
            Chart::of("Time for 99 % of commands", &p99, |ms| format!("{} ms", figures::rate(ms))),
        ],
        processes: processes(state),
        relays: relays(state),
    }
}

fn sentence(unwell: &[String]) -> String {
    match unwell.len() as u64 {
        0 => "All is well.".to_owned(),
        1 => "One thing is not well:".to_owned(),
        several => format!("{several} things are not well:"),
    }
}

fn read_models(state: &SystemState) -> Vec<ReadModelRow> {
    let row = |model: &ReadModelState| ReadModelRow {
        name: model.name.clone(),
        state: StateTag::of_read_model(model),
        note: match (&model.rebuild, &model.rebuild_failed) {
            (Some(rebuild), _) => {
                Some(format!("{} of {}", figures::number(rebuild.events_done), figures::number(rebuild.events_total)))
            }
            (None, Some(_)) => Some("The last rebuild failed".to_owned()),
            (None, None) => None,
        },
        position: figures::number(model.position),
        lag_events: figures::number(model.lag_events),
        lag_time: figures::time_or_unknown(model.lag_ms),
        build: model.build,
        followed_by: followed_by(model),
    };
    state.read_models.iter().map(row).collect()
}

fn policies(state: &SystemState) -> Vec<PolicyRow> {
    let row = |policy: &PolicyReport| PolicyRow {
        name: policy.name.clone(),
        state: StateTag::of_policy(policy),
        note: policy.why.clone(),
        position: figures::number(policy.position),
        lag_events: figures::number(policy.lag_events),
        waiting: figures::number(policy.waiting),
        parked: figures::number(policy.parked),
        run_by: policy.followed_at.clone().unwrap_or_else(|| "no process".to_owned()),
    };
    state.policies.iter().map(row).collect()
}

/// The address of the process that follows a read model; its name, if its address is not known.
pub fn followed_by(model: &ReadModelState) -> String {
    model.followed_at.clone().or(model.owner.clone()).unwrap_or_else(|| "no process".to_owned())
}

fn processes(state: &SystemState) -> Vec<ProcessRow> {
    let row = |process: &ProcessState| ProcessRow {
        address: process.address.clone(),
        roles: process.roles.replace(',', ", "),
        state: StateTag::of_process(process),
        reasons: process.silence.iter().chain(&process.obstacles).cloned().collect(),
    };
    state.processes.iter().map(row).collect()
}

/// Numbers of the relays that lead; the others know nothing newer.
fn relays(state: &SystemState) -> Vec<RelayRow> {
    let row = |relay: &RelayState| {
        let number =
            |number: Option<u64>| number.filter(|_| relay.leads).map_or_else(|| "-".to_owned(), figures::number);
        RelayRow {
            log: relay.log.clone(),
            address: relay.address.clone(),
            state: StateTag::of_relay(relay),
            note: relay.stopped.clone().or(relay.trouble.clone()),
            epoch: number(relay.epoch),
            position: number(relay.position),
            lag_events: number(relay.lag_events),
            lag_time: match relay.lag_ms.filter(|_| relay.leads) {
                Some(ms) => figures::time(ms),
                None => "-".to_owned(),
            },
        }
    };
    state.relays.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_says_how_many_things_are_not_well() {
        let unwell = |count: usize| sentence(&vec![String::new(); count]);
        assert_eq!([0, 1, 3].map(unwell), ["All is well.", "One thing is not well:", "3 things are not well:"]);
    }
}
