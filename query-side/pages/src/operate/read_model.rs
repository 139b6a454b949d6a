//! One read model: its state, why it has stopped, and its rebuild.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use http_edge::{Problem, problem_catalogue::NOT_FOUND};
use page_engine::{
    Fingerprint, HtmlPage, Look, PageError, Pages, PostedForm, ReadModelState, RebuildState, Visitor, see_other,
};
use serde::{Deserialize, Serialize};

use super::{
    access::{admitted, next_look},
    figures,
    states::StateTag,
    system::followed_by,
};
use crate::layout::{Layout, filters};

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<span class="nhsuk-caption-l">Read model</span>
<h1>{{ shown.name }}</h1>
<div role="status" data-part="notice">
{% if let Some(notice) = shown.notice %}<div class="nhsuk-inset-text"><p>{{ notice }}</p></div>{% endif %}
</div>
<dl class="nhsuk-summary-list" data-part="state">
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">State</dt><dd class="nhsuk-summary-list__value"><strong class="nhsuk-tag {{ shown.state.class }}">{{ shown.state.text }}</strong></dd></div>
{% if let Some(why) = shown.why %}<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Why</dt><dd class="nhsuk-summary-list__value">{{ why }}{% if let Some(position) = shown.stopped_at %}<br>The event at care:{{ position }}. An auditor can open it.{% endif %}</dd></div>{% endif %}
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Position</dt><dd class="nhsuk-summary-list__value">{{ shown.position }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Behind</dt><dd class="nhsuk-summary-list__value">{{ shown.behind }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Version</dt><dd class="nhsuk-summary-list__value">{{ shown.version }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Build</dt><dd class="nhsuk-summary-list__value">{{ shown.build }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Followed by</dt><dd class="nhsuk-summary-list__value">{{ shown.followed_by }}</dd></div>
</dl>
<h2>Rebuild</h2>
<div data-part="rebuild">
{% if let Some(running) = shown.running %}
<p><label for="rebuild">Progress of the rebuild</label></p>
<progress id="rebuild" max="{{ running.total }}" value="{{ running.done }}"></progress>
<p>{{ running.words }}<br>{{ running.left }}</p>
{% else %}
{% if let Some(why) = shown.failed %}<div class="nhsuk-inset-text"><p>The last rebuild failed, and the rows are as they were: {{ why }}</p></div>{% endif %}
<p>A rebuild reads every event from the first one and replaces the rows at its end. Until then, the rows that there are serve all queries.</p>
<form action="/operate/read-models/{{ shown.name }}/rebuild" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button nhsuk-button--secondary">Rebuild this read model</button>
</form>
{% endif %}
</div>
<p><a href="{{ address }}">Load again</a></p>
</div></div>
{% endblock %}"##
)]
struct ReadModelPage {
    layout: Layout,
    address: String,
    shown: ReadModelShown,
}

/// The content of the page. A change of it is a change of the page.
#[derive(Serialize)]
struct ReadModelShown {
    name: String,
    notice: Option<String>,
    state: StateTag,
    why: Option<String>,
    stopped_at: Option<u64>,
    position: String,
    behind: String,
    version: u32,
    build: i64,
    followed_by: String,
    running: Option<RunningShown>,
    failed: Option<String>,
}

#[derive(Serialize)]
struct RunningShown {
    done: u64,
    total: u64,
    words: String,
    left: String,
}

/// The build that was live when the visitor started a rebuild.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Started {
    replaces: Option<i64>,
}

impl Started {
    /// True if the outcome of the rebuild that was started is still to come.
    fn is_awaited(self, model: &ReadModelState) -> bool {
        self.replaces == Some(model.build) && model.rebuild_failed.is_none()
    }
}

/// # Errors
/// If the visitor may not watch the system, or there is no such read model.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(started): Query<Started>,
) -> Result<Response, PageError> {
    admitted(&pages, &visitor).await?;
    let state = pages.operations.state().await;
    let model = state.read_model(&name).ok_or_else(|| Problem::of(&NOT_FOUND))?;
    let (address, live) = (address(&model.name, "", started), address(&model.name, "/live", started));
    let layout = Layout::of(&visitor, format!("Read model {}", model.name)).back("/operate").live(live);
    Ok(HtmlPage::ok(ReadModelPage { layout, address, shown: shown(model, started) }).into_response())
}

/// Tells an open page that the read model has changed.
///
/// # Errors
/// If the visitor may not watch the system.
pub async fn live(
    State(pages): State<Pages>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(started): Query<Started>,
) -> Result<Response, PageError> {
    admitted(&pages, &visitor).await?;
    let look = {
        let pages = pages.clone();
        move || {
            let (pages, visitor, name) = (pages.clone(), visitor.clone(), name.clone());
            async move {
                admitted(&pages, &visitor).await.ok()?;
                let state = pages.operations.state().await;
                let model = state.read_model(&name)?;
                let shown = Fingerprint::of(&shown(model, started))?;
                Some(Look { shown, next_within: next_look(state.rebuilds() || started.is_awaited(model)) })
            }
        }
    };
    // The state of the system is cached for all viewers.
    Ok(pages.live(None, look))
}

/// Starts a rebuild. If one runs already, the page shows its progress.
///
/// # Errors
/// If the visitor may not do that, there is no such read model, or no process that follows read models answers.
pub async fn rebuild(
    State(pages): State<Pages>,
    Path(name): Path<String>,
    form: PostedForm,
) -> Result<Response, PageError> {
    admitted(&pages, &form.visitor).await?;
    let state = pages.operations.state().await;
    let model = state.read_model(&name).ok_or_else(|| Problem::of(&NOT_FOUND))?;
    pages.operations.rebuild(&model.name).await?;
    let started = Started { replaces: Some(model.build) };
    Ok(see_other(&address(&model.name, "", started)))
}

/// The address of a form that was loaded again, or opened from the history.
pub async fn lost(Path(name): Path<String>) -> Redirect {
    Redirect::to(&format!("/operate/read-models/{}", page_engine::encoded(&name)))
}

fn address(name: &str, below: &str, started: Started) -> String {
    match started.replaces {
        Some(build) => format!("/operate/read-models/{name}{below}?replaces={build}"),
        None => format!("/operate/read-models/{name}{below}"),
    }
}

fn shown(model: &ReadModelState, started: Started) -> ReadModelShown {
    ReadModelShown {
        name: model.name.clone(),
        notice: started.replaces.and_then(|replaced| notice(model, replaced)),
        state: StateTag::of_read_model(model),
        why: model.why.clone(),
        stopped_at: model.stopped_at,
        position: figures::number(model.position),
        behind: match model.lag_events {
            0 => "Up to date".to_owned(),
            events => format!("{} events, {}", figures::number(events), figures::time_or_unknown(model.lag_ms)),
        },
        version: model.version,
        build: model.build,
        followed_by: followed_by(model),
        running: model.rebuild.map(running),
        failed: model.rebuild_failed.clone(),
    }
}

/// The outcome of the rebuild that the visitor has started to replace this build.
fn notice(model: &ReadModelState, replaced: i64) -> Option<String> {
    match model {
        ReadModelState { build, .. } if *build != replaced => {
            Some(format!("The rebuild has ended. Build {build} has replaced build {replaced}."))
        }
        ReadModelState { rebuild: Some(_), .. } => Some("The rebuild is running.".to_owned()),
        ReadModelState { rebuild_failed: Some(_), .. } => Some("The rebuild has failed.".to_owned()),
        _ => Some("The rebuild is starting.".to_owned()),
    }
}

fn running(rebuild: RebuildState) -> RunningShown {
    let RebuildState { events_done, events_total, events_per_second, seconds_left } = rebuild;
    let (done, total) = (figures::number(events_done), figures::number(events_total));
    RunningShown {
        done: events_done,
        total: events_total,
        words: format!("{done} of {total} events, {} events a second.", figures::rate(events_per_second)),
        left: figures::time_left(seconds_left, events_per_second),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notice_follows_the_rebuild_that_was_started() {
        let before = ReadModelState { build: 3, ..ReadModelState::default() };
        let running = ReadModelState { rebuild: Some(RebuildState::default()), ..before.clone() };
        let failed = ReadModelState { rebuild_failed: Some("a kind".to_owned()), ..before.clone() };
        let done = ReadModelState { build: 4, ..before.clone() };
        for (model, said) in [
            (before, "The rebuild is starting."),
            (running, "The rebuild is running."),
            (failed, "The rebuild has failed."),
            (done, "The rebuild has ended. Build 4 has replaced build 3."),
        ] {
            assert_eq!(shown(&model, Started { replaces: Some(3) }).notice.as_deref(), Some(said));
            assert_eq!(shown(&model, Started { replaces: None }).notice, None);
        }
    }

    #[test]
    fn the_progress_is_said_in_numbers_and_words() {
        let rebuild =
            RebuildState { events_done: 12_000, events_total: 30_000, events_per_second: 4_500.0, seconds_left: 4.0 };
        let shown = running(rebuild);
        assert_eq!(shown.words, "12,000 of 30,000 events, 4,500 events a second.");
        assert_eq!(shown.left, "About 4 seconds left.");
    }
}
