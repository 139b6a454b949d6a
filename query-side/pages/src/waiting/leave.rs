//! Leaving a waiting list, after a check.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::appointments::LeaveWaitingList;
use event_core::{LocalDate, OrganisationCode};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, see_other};
use queries::appointments::ListWaiting;
use serde::Deserialize;

use crate::{
    concerned::Concerned,
    layout::{Layout, filters},
    refusal,
    waiting_card::{days, wanted},
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<span class="nhsuk-caption-l">{{ what }}</span>
<h1>Stop waiting?</h1>
<p>{{ days }}</p>
{% if has_offer %}<p>A time is held now. It goes to the next in line.</p>{% endif %}
<p>Who joins the list again is at its end.</p>
<form action="{{ address }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button nhsuk-button--warning">Stop waiting</button>
</form>
<p><a href="{{ base }}/waiting">Keep waiting</a></p>
</div></div>
{% endblock %}"#
)]
struct LeavePage {
    layout: Layout,
    base: String,
    address: String,
    what: String,
    days: String,
    has_offer: bool,
}

/// The list in an address. The desk's addresses also have the patient, which `Concerned` reads.
#[derive(Debug, Deserialize)]
pub struct ListPath {
    site: OrganisationCode,
    month: LocalDate,
}

/// # Errors
/// If the visitor may not see the waiting lists of this patient, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<ListPath>,
) -> Result<Response, PageError> {
    let found = pages.ask(&visitor, &ListWaiting { subject: concerned.subject }).await?;
    let own =
        |entry: &&queries::appointments::WaitingEntry| (&entry.site.code, entry.month) == (&path.site, path.month);
    let base = concerned.base;
    let Some(entry) = found.answer.items.iter().find(own) else {
        return Ok(see_other(&format!("{base}/waiting")));
    };
    let shown = LeavePage {
        layout: Layout::of(&visitor, "Stop waiting?").back(format!("{base}/waiting")).stale(found.stale),
        address: format!("{base}/waiting/leave/{}/{}", path.site, path.month),
        what: wanted(&entry.service, entry.channel),
        days: days(entry.earliest, entry.latest),
        has_offer: entry.offer.is_some(),
        base,
    };
    Ok(HtmlPage::ok(shown).into_response())
}

/// # Errors
/// If the form is not one of this server's.
pub async fn leave(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(path): Path<ListPath>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let command = LeaveWaitingList { patient: concerned.subject, site: path.site, month: path.month };
    let lists = format!("{}/waiting", concerned.base);
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&format!("{lists}?left"), granted.position),
        Err(problem) => refusal::page(&form.visitor, problem, vec![(lists, "See what you wait for".to_owned())]),
    })
}
