//! The change of a repeat medicine: another medicine or dose, other limits, or further issues.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::prescriptions::ChangeRepeat;
use event_core::SubjectId;
use http_edge::{Problem, problem_catalogue::NOT_FOUND};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use queries::prescriptions::{ListRepeats, RepeatMedicine};
use query_engine::page::Paging;
use serde::Deserialize;
use vocabulary::prescriptions::PlanId;

use super::{
    plan_cards::standing,
    plan_form::{PlanForm, TypedPlan, refused},
};
use crate::{
    concerned::Concerned,
    desk::practice_of,
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal,
};

const HEADING: &str = "Change this repeat medicine";
/// A patient has at most 50 plans that stand; stopped ones are among those that are read.
const PLANS_READ: usize = 500;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "desk.html" as desk %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<h1>{{ HEADING }}</h1>
<p>Now: {{ standing }}</p>
<form action="{{ base }}/repeats/{{ plan }}/change" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<div id="plan" tabindex="-1" class="nhsuk-form-group{% if errors.of("plan").is_some() %} nhsuk-form-group--error{% endif %}">
{% call forms::message(errors, "plan") %}{% endcall %}
{% call desk::medicine(errors, typed) %}{% endcall %}
{% call desk::field(errors, "issues", "Issues to authorise anew (optional)", "The count begins again with this number. Leave it empty to keep the issues that are left.", typed.issues, "number", "4") %}{% endcall %}
{% call desk::field(errors, "review", "Review by", "The last day on which the patient can order without a review.", typed.review, "date", "10") %}{% endcall %}
</div>
<button class="nhsuk-button">Change this medicine</button>
</form>
<p><a href="{{ base }}">Leave it as it is</a></p>
</div></div>
{% endblock %}"#
)]
struct ChangePage {
    layout: Layout,
    base: String,
    plan: PlanId,
    standing: String,
    typed: PlanForm,
    errors: FieldFaults,
}

/// The plan in an address.
#[derive(Deserialize)]
pub struct PlanPath {
    pub plan: PlanId,
}

/// The plan of this patient.
///
/// # Errors
/// If there is no such plan, the visitor may not see it, or the query fails.
pub async fn plan_of(
    pages: &Pages,
    visitor: &Visitor,
    subject: SubjectId,
    plan: &PlanId,
) -> Result<RepeatMedicine, PageError> {
    let found = pages.ask_for(visitor, &ListRepeats { subject }, Paging::of(PLANS_READ)).await?;
    let plan = found.answer.items.into_iter().find(|medicine| medicine.plan == *plan);
    plan.ok_or_else(|| Problem::of(&NOT_FOUND).into())
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
    let typed = PlanForm::of(&now).ok_or_else(|| Problem::of(&NOT_FOUND))?;
    Ok(shown(&visitor, &concerned, &now, typed, FieldFaults::none()))
}

/// # Errors
/// If there is no such plan, the form is not one of this server's, or the visitor works for no practice.
pub async fn change(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(path): Path<PlanPath>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let (visitor, typed) = (&form.visitor, PlanForm::posted(&form));
    let practice = practice_of(visitor)?;
    let now = plan_of(&pages, visitor, concerned.subject, &path.plan).await?;
    let TypedPlan { medicine, supply_days, issues, review_on } = match typed.read() {
        Ok(plan) => plan,
        Err(faults) => return Ok(shown(visitor, &concerned, &now, typed, faults)),
    };
    let (patient, plan) = (concerned.subject, path.plan);
    let command = ChangeRepeat { patient, practice, plan, medicine, supply_days, issues, review_on };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&format!("{}?changed", concerned.base), granted.position),
        Err(problem) => match refused(&problem) {
            Some(faults) => shown(visitor, &concerned, &now, typed, faults),
            None => refusal::page(visitor, problem, vec![(concerned.base, "See the patient".to_owned())]),
        },
    })
}

fn shown(
    visitor: &Visitor,
    concerned: &Concerned,
    now: &RepeatMedicine,
    typed: PlanForm,
    errors: FieldFaults,
) -> Response {
    let base = concerned.base.clone();
    let layout = Layout::of(visitor, errors.titled(HEADING)).back(base.clone());
    let (status, standing) = (errors.status(), standing(now));
    HtmlPage(status, ChangePage { layout, base, plan: now.plan.clone(), standing, typed, errors }).into_response()
}
