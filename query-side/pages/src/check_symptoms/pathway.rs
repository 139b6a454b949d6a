//! The choice of a pathway. It says which symptoms a person has, so it is kept as a draft and is in no address.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, see_other};
use queries::symptom_checks::ListPathways;

use super::{checker::Checker, person::CheckDraft};
use crate::{
    errors::FieldFaults,
    layout::{Layout, filters},
};

const HEADING: &str = "What is the problem about?";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "symptoms.html" as symptoms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<form action="/check-symptoms/start" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<div class="nhsuk-form-group{% if !errors.is_empty() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset" aria-describedby="pathway-hint{% if !errors.is_empty() %} pathway-error{% endif %}">
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--l"><h1 class="nhsuk-fieldset__heading">{{ heading }}</h1></legend>
<div class="nhsuk-hint" id="pathway-hint">Choose what troubles you most. Call 111 if it is something else.</div>
{% call forms::message(errors, "pathway") %}{% endcall %}
<div class="nhsuk-radios">
{% for offer in offers %}
<div class="nhsuk-radios__item">
<input class="nhsuk-radios__input" id="{% if loop.first %}pathway{% else %}pathway-{{ loop.index }}{% endif %}" name="pathway" type="radio" value="{{ offer.release }}"{% if offer.is_chosen %} checked{% endif %} aria-describedby="pathway-{{ loop.index }}-hint">
<label class="nhsuk-label nhsuk-radios__label" for="{% if loop.first %}pathway{% else %}pathway-{{ loop.index }}{% endif %}">{{ offer.title }}</label>
<div class="nhsuk-hint nhsuk-radios__hint" id="pathway-{{ loop.index }}-hint">{{ offer.about }}</div>
</div>
{% endfor %}
</div>
</fieldset>
</div>
<button class="nhsuk-button">Continue</button>
</form>
{% call symptoms::safety(notice) %}{% endcall %}
</div></div>
{% endblock %}"#
)]
struct PathwayPage {
    layout: Layout,
    heading: &'static str,
    notice: &'static str,
    offers: Vec<PathwayOffer>,
    errors: FieldFaults,
}

struct PathwayOffer {
    release: String,
    title: String,
    about: String,
    is_chosen: bool,
}

/// # Errors
/// If the visitor is of the staff, or the query fails.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, _: Checker) -> Result<Response, PageError> {
    shown(&pages, &visitor, FieldFaults::none()).await
}

/// # Errors
/// If the form is not one of this server's, or the draft cannot be kept.
pub async fn choose(State(pages): State<Pages>, _: Checker, form: PostedForm) -> Result<Response, PageError> {
    let Ok(release) = form.text("pathway").parse() else {
        let missing = FieldFaults::one("pathway", "Choose what the problem is about");
        return shown(&pages, &form.visitor, missing).await;
    };
    let draft = CheckDraft::kept(&pages, &form.visitor).await?;
    draft.with_release(release).keep(&pages, &form.visitor).await?;
    Ok(see_other("/check-symptoms/person"))
}

async fn shown(pages: &Pages, visitor: &Visitor, errors: FieldFaults) -> Result<Response, PageError> {
    let draft = CheckDraft::kept(pages, visitor).await?;
    let found = pages.ask(visitor, &ListPathways {}).await?;
    let offers = found.answer.pathways.into_iter().map(|offered| PathwayOffer {
        is_chosen: draft.release.as_ref() == Some(&offered.release),
        release: offered.release.to_string(),
        title: offered.title,
        about: offered.about,
    });
    let layout = Layout::of(visitor, errors.titled(HEADING)).back("/check-symptoms").stale(found.stale);
    let (offers, notice) = (offers.collect(), found.answer.notice);
    let page = PathwayPage { layout, heading: HEADING, notice, offers, errors };
    Ok(HtmlPage(page.errors.status(), page).into_response())
}
