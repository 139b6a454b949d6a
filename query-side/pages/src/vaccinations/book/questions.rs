//! The questions of a programme: what speaks against the vaccination, and the groups to which the person belongs.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, see_other};
use queries::vaccinations::{DeclarableContraindication, OfferedProgramme};

use super::{
    answers::{TypedAnswers, TypedDeclaration},
    steps::ProgrammePath,
};
use crate::{
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
};

const HEADING: &str = "Before you book";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<span class="nhsuk-caption-l">{{ programme }}</span>
<h1>{{ HEADING }}</h1>
<p>{{ about }}</p>
<form action="{{ address }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
{% for question in questions %}
<div class="nhsuk-form-group{% if question.has_fault() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset"{% if question.fault.is_some() %} aria-describedby="{{ question.id }}-answer-error"{% endif %}>
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--s">{{ question.text }}</legend>
{% if let Some(fault) = question.fault %}<span class="nhsuk-error-message" id="{{ question.id }}-answer-error"><span class="nhsuk-u-visually-hidden">Error:</span> {{ fault }}</span>{% endif %}
<div class="nhsuk-radios">
<div class="nhsuk-radios__item"><input class="nhsuk-radios__input" id="{{ question.id }}-answer" name="{{ question.id }}-answer" type="radio" value="no"{% if question.typed.answer == "no" %} checked{% endif %}><label class="nhsuk-label nhsuk-radios__label" for="{{ question.id }}-answer">No</label></div>
<div class="nhsuk-radios__item"><input class="nhsuk-radios__input" id="{{ question.id }}-answer-2" name="{{ question.id }}-answer" type="radio" value="yes"{% if question.typed.answer == "yes" %} checked{% endif %}><label class="nhsuk-label nhsuk-radios__label" for="{{ question.id }}-answer-2">Yes</label></div>
</div>
{% if question.has_day %}
<fieldset class="nhsuk-fieldset" aria-describedby="{{ question.id }}-day-hint{% if question.day_fault.is_some() %} {{ question.id }}-day-error{% endif %}">
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--xs">If yes, the day</legend>
<div class="nhsuk-hint" id="{{ question.id }}-day-hint">For example, 27 3 2026</div>
{% if let Some(fault) = question.day_fault %}<span class="nhsuk-error-message" id="{{ question.id }}-day-error"><span class="nhsuk-u-visually-hidden">Error:</span> {{ fault }}</span>{% endif %}
<div class="nhsuk-date-input">
{% for part in question.parts() %}
<div class="nhsuk-date-input__item"><div class="nhsuk-form-group">
<label class="nhsuk-label nhsuk-date-input__label" for="{{ question.id }}-{{ part.0 }}">{{ part.1 }}</label>
<input class="nhsuk-input nhsuk-date-input__input nhsuk-input--width-{{ part.2 }}{% if question.day_fault.is_some() %} nhsuk-input--error{% endif %}" id="{{ question.id }}-{{ part.0 }}" name="{{ question.id }}-{{ part.0 }}" type="text" inputmode="numeric" autocomplete="off" value="{{ part.3 }}">
</div></div>
{% endfor %}
</div>
</fieldset>
{% endif %}
</fieldset>
</div>
{% endfor %}
{% if !cohorts.is_empty() %}
<div class="nhsuk-form-group">
<fieldset class="nhsuk-fieldset" aria-describedby="cohort-hint">
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--s">Do any of these apply?</legend>
<div class="nhsuk-hint" id="cohort-hint">Choose all that apply, or none.</div>
<div class="nhsuk-checkboxes">
{% for cohort in cohorts %}
<div class="nhsuk-checkboxes__item"><input class="nhsuk-checkboxes__input" id="cohort-{{ loop.index }}" name="cohort" type="checkbox" value="{{ cohort.0 }}"{% if cohort.2 %} checked{% endif %}><label class="nhsuk-label nhsuk-checkboxes__label" for="cohort-{{ loop.index }}">{{ cohort.1 }}</label></div>
{% endfor %}
</div>
</fieldset>
</div>
{% endif %}
<button class="nhsuk-button">Continue</button>
</form>
</div></div>
{% endblock %}"#
)]
struct QuestionsPage {
    layout: Layout,
    programme: String,
    about: String,
    address: String,
    questions: Vec<QuestionFields>,
    /// Id, words, and whether it is ticked.
    cohorts: Vec<(String, String, bool)>,
    errors: FieldFaults,
}

/// A question with its fields. Their names begin with its id.
struct QuestionFields {
    id: String,
    text: String,
    has_day: bool,
    typed: TypedDeclaration,
    fault: Option<String>,
    day_fault: Option<String>,
}

impl QuestionFields {
    fn of(asked: DeclarableContraindication, typed: &TypedAnswers, errors: &FieldFaults) -> QuestionFields {
        let fault = |field: &str| errors.of(&format!("{}-{field}", asked.id)).map(str::to_owned);
        QuestionFields {
            typed: typed.of(&asked.id),
            fault: fault("answer"),
            day_fault: fault("day"),
            has_day: asked.defers_days.is_some(),
            id: asked.id,
            text: asked.question,
        }
    }

    fn has_fault(&self) -> bool {
        self.fault.is_some() || self.day_fault.is_some()
    }

    /// The name, the label, the width and the text of each part of the day.
    fn parts(&self) -> [(&'static str, &'static str, u8, &str); 3] {
        let TypedDeclaration { day, month, year, .. } = &self.typed;
        [("day", "Day", 2, day), ("month", "Month", 2, month), ("year", "Year", 4, year)]
    }
}

/// # Errors
/// If this server does not have the programme, or the draft cannot be read.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<ProgrammePath>,
) -> Result<Response, PageError> {
    let programme = path.offered(&pages, &visitor).await?;
    let typed = TypedAnswers::kept(&pages, &visitor, &concerned, &path.programme).await?;
    Ok(shown(&visitor, &concerned, &path, programme, &typed, FieldFaults::none()))
}

/// Keeps the answers, and leads to the sites.
///
/// # Errors
/// If the form is not one of this server's, this server does not have the programme, or the answers cannot be kept.
pub async fn keep(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(path): Path<ProgrammePath>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let visitor = &form.visitor;
    let programme = path.offered(&pages, visitor).await?;
    let (typed, mut faults) = (TypedAnswers::posted(&form, &programme), FieldFaults::none());
    if typed.read(&programme, &mut faults).is_none() {
        return Ok(shown(visitor, &concerned, &path, programme, &typed, faults));
    }
    typed.keep(&pages, visitor, &concerned, &path.programme).await?;
    Ok(see_other(&format!("{}/sites", path.address(&concerned))))
}

fn shown(
    visitor: &Visitor,
    concerned: &Concerned,
    path: &ProgrammePath,
    programme: OfferedProgramme,
    typed: &TypedAnswers,
    errors: FieldFaults,
) -> Response {
    let questions = programme.contraindications.into_iter();
    let cohorts = programme.cohorts.into_iter();
    let page = QuestionsPage {
        layout: Layout::of(visitor, errors.titled(HEADING)).back(concerned.vaccination_booking()),
        programme: programme.title,
        about: programme.about,
        address: path.address(concerned),
        questions: questions.map(|asked| QuestionFields::of(asked, typed, &errors)).collect(),
        cohorts: cohorts
            .map(|cohort| {
                let is_ticked = typed.is_in(&cohort.id);
                (cohort.id, cohort.words, is_ticked)
            })
            .collect(),
        errors,
    };
    HtmlPage(page.errors.status(), page).into_response()
}
