//! Authorising a repeat medicine: the form, the check, and the authorisation.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use domain::prescriptions::AuthoriseRepeat;
use http_edge::{Problem, problem_catalogue::INTERNAL};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, see_other};
use serde::{Deserialize, Serialize};
use vocabulary::prescriptions::PlanId;

use super::plan_form::{PlanForm, TypedPlan, refused};
use crate::{
    concerned::Concerned,
    desk::practice_of,
    errors::FieldFaults,
    layout::{Layout, filters},
    random_id::twelve_digits,
    refusal, words,
};

const HEADING: &str = "Authorise a repeat medicine";

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
<p>The patient can then order it without seeing a prescriber.</p>
<form action="{{ base }}/repeats/new" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<div id="plan" tabindex="-1" class="nhsuk-form-group{% if errors.of("plan").is_some() %} nhsuk-form-group--error{% endif %}">
{% call forms::message(errors, "plan") %}{% endcall %}
{% call desk::medicine(errors, typed) %}{% endcall %}
{% call desk::field(errors, "issues", "Number of issues", "All of them, the first included.", typed.issues, "number", "4") %}{% endcall %}
{% call desk::field(errors, "review", "Review by", "The last day on which the patient can order without a review.", typed.review, "date", "10") %}{% endcall %}
</div>
<button class="nhsuk-button">Check the plan</button>
</form>
</div></div>
{% endblock %}"#
)]
struct AuthorisePage {
    layout: Layout,
    base: String,
    typed: PlanForm,
    errors: FieldFaults,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>{{ layout.title }}</h1>
<dl class="nhsuk-summary-list">
{% for row in rows %}<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">{{ row.0 }}</dt><dd class="nhsuk-summary-list__value frontdoor-typed">{{ row.1 }}</dd></div>
{% endfor %}
</dl>
<form action="{{ base }}/repeats/new/check" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button">Authorise this medicine</button>
</form>
<p><a href="{{ base }}/repeats/new?again">Change the plan</a></p>
</div></div>
{% endblock %}"#
)]
struct AuthoriseCheckPage {
    layout: Layout,
    base: String,
    rows: Vec<(&'static str, String)>,
}

/// The name of the draft.
const DRAFT: &str = "repeat plan";

/// A plan that was typed, with the id that it got then: sending the form of the check twice authorises one plan.
#[derive(Serialize, Deserialize)]
struct PlanDraft {
    /// The patient's page, so that a draft is never used for another patient.
    base: String,
    plan: PlanId,
    typed: PlanForm,
}

#[derive(Deserialize)]
pub struct AuthoriseOn {
    /// Present to change the plan that was typed before.
    again: Option<String>,
}

/// # Errors
/// If the visitor works for no practice.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Query(on): Query<AuthoriseOn>,
) -> Result<Response, PageError> {
    practice_of(&visitor)?;
    let draft = match on.again {
        Some(_) => kept(&pages, &visitor, &concerned).await?,
        None => None,
    };
    let typed = draft.map(|draft| draft.typed).unwrap_or_default();
    Ok(shown(&visitor, &concerned, typed, FieldFaults::none()))
}

/// Keeps what was typed, and leads to the check.
///
/// # Errors
/// If the form is not one of this server's, the visitor works for no practice, or the draft cannot be kept.
pub async fn preview(
    State(pages): State<Pages>,
    concerned: Concerned,
    form: PostedForm,
) -> Result<Response, PageError> {
    let (visitor, typed) = (&form.visitor, PlanForm::posted(&form));
    practice_of(visitor)?;
    if let Err(faults) = complete(&typed) {
        return Ok(shown(visitor, &concerned, typed, faults));
    }
    let plan = twelve_digits().parse().map_err(|_| Problem::of(&INTERNAL))?;
    pages.keep(visitor, DRAFT, &PlanDraft { base: concerned.base.clone(), plan, typed }).await?;
    Ok(see_other(&format!("{}/repeats/new/check", concerned.base)))
}

/// # Errors
/// If the draft cannot be read.
pub async fn check(State(pages): State<Pages>, visitor: Visitor, concerned: Concerned) -> Result<Response, PageError> {
    let Some(draft) = kept(&pages, &visitor, &concerned).await? else { return Ok(to_form(&concerned)) };
    let (plan, issues) = match complete(&draft.typed) {
        Ok(complete) => complete,
        Err(faults) => return Ok(shown(&visitor, &concerned, draft.typed, faults)),
    };
    let back = format!("{}/repeats/new?again", concerned.base);
    let layout = Layout::of(&visitor, "Check and authorise").back(back);
    Ok(HtmlPage::ok(AuthoriseCheckPage { layout, base: concerned.base, rows: rows(&plan, issues) }).into_response())
}

/// # Errors
/// If the form is not one of this server's, the visitor works for no practice, or the draft cannot be read.
pub async fn confirm(
    State(pages): State<Pages>,
    concerned: Concerned,
    form: PostedForm,
) -> Result<Response, PageError> {
    let visitor = &form.visitor;
    let practice = practice_of(visitor)?;
    let Some(draft) = kept(&pages, visitor, &concerned).await? else { return Ok(to_form(&concerned)) };
    let (TypedPlan { medicine, supply_days, review_on, .. }, issues) = match complete(&draft.typed) {
        Ok(complete) => complete,
        Err(faults) => return Ok(shown(visitor, &concerned, draft.typed, faults)),
    };
    let (patient, plan) = (concerned.subject, draft.plan);
    let command = AuthoriseRepeat { patient, practice, plan, medicine, supply_days, issues, review_on };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&format!("{}?authorised", concerned.base), granted.position),
        Err(problem) => match refused(&problem) {
            Some(faults) => shown(visitor, &concerned, draft.typed, faults),
            None => refusal::page(visitor, problem, vec![(concerned.base, "See the patient".to_owned())]),
        },
    })
}

/// A new plan says how many issues it has.
fn complete(typed: &PlanForm) -> Result<(TypedPlan, u16), FieldFaults> {
    let plan = typed.read()?;
    let issues = plan.issues.ok_or_else(|| FieldFaults::one("issues", "Enter the number of issues"))?;
    Ok((plan, issues))
}

fn rows(plan: &TypedPlan, issues: u16) -> Vec<(&'static str, String)> {
    let medicine = &plan.medicine;
    vec![
        ("Medicine", medicine.name.as_str().to_owned()),
        ("Code", medicine.code.to_string()),
        ("Dose", medicine.dose.as_str().to_owned()),
        ("Quantity", medicine.quantity.as_str().to_owned()),
        ("One issue lasts", words::count(plan.supply_days.into(), "day", "days")),
        ("Issues", issues.to_string()),
        ("Review by", words::day(plan.review_on)),
    ]
}

async fn kept(pages: &Pages, visitor: &Visitor, concerned: &Concerned) -> Result<Option<PlanDraft>, PageError> {
    let draft: Option<PlanDraft> = pages.kept(visitor, DRAFT).await?;
    Ok(draft.filter(|draft| draft.base == concerned.base))
}

fn to_form(concerned: &Concerned) -> Response {
    see_other(&format!("{}/repeats/new", concerned.base))
}

fn shown(visitor: &Visitor, concerned: &Concerned, typed: PlanForm, errors: FieldFaults) -> Response {
    let base = concerned.base.clone();
    let layout = Layout::of(visitor, errors.titled(HEADING)).back(base.clone());
    HtmlPage(errors.status(), AuthorisePage { layout, base, typed, errors }).into_response()
}
