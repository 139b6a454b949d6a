//! Stopping a repeat medicine of a patient, after a check.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::prescriptions::StopRepeat;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use vocabulary::prescriptions::PlanId;

use super::{
    change::{PlanPath, plan_of},
    medicine_words::{dose, name},
    plan_cards::standing,
};
use crate::{
    concerned::Concerned,
    desk::practice_of,
    layout::{Layout, filters},
    refusal,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>{{ layout.title }}</h1>
<p class="frontdoor-typed">{{ name }}</p>
<p class="frontdoor-typed">{{ dose }}</p>
<p>{{ standing }}</p>
<p>The patient cannot order it any more, and sees that the practice has stopped it. A request that is open stays open. A medicine is stopped for good: to offer it again, authorise it anew.</p>
<form action="{{ base }}/repeats/{{ plan }}/stop" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button nhsuk-button--warning">Stop this medicine</button>
</form>
<p><a href="{{ base }}">Do not stop it</a></p>
</div></div>
{% endblock %}"#
)]
struct StopPage {
    layout: Layout,
    base: String,
    plan: PlanId,
    name: String,
    dose: String,
    standing: String,
}

/// # Errors
/// If there is no such plan, the visitor may not see it, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<PlanPath>,
) -> Result<Response, PageError> {
    let now = plan_of(&pages, &visitor, concerned.subject, &path.plan).await?;
    let shown = StopPage {
        layout: Layout::of(&visitor, "Stop this repeat medicine?").back(concerned.base.clone()),
        base: concerned.base,
        plan: path.plan,
        name: name(now.medicine.as_ref()),
        dose: dose(now.medicine.as_ref()),
        standing: standing(&now),
    };
    Ok(HtmlPage::ok(shown).into_response())
}

/// # Errors
/// If the form is not one of this server's, or the visitor works for no practice.
pub async fn stop(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(path): Path<PlanPath>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let practice = practice_of(&form.visitor)?;
    let command = StopRepeat { patient: concerned.subject, practice, plan: path.plan };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&format!("{}?stopped", concerned.base), granted.position),
        Err(problem) => refusal::page(&form.visitor, problem, vec![(concerned.base, "See the patient".to_owned())]),
    })
}
