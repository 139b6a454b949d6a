//! Changing an earlier answer. Its place is in the address, and not the question, which would say something about the symptoms.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::symptom_checks::{rejections::ANSWER_NOT_OFFERED, revise_answer::ReviseAnswer};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, see_other};
use queries::symptom_checks::{GivenAnswer, OfferedAnswer, SeeSymptomCheck, SymptomCheckFile};
use vocabulary::symptom_checks::SymptomCheckNumber;

use super::{
    answer_form::{AnswerFields, AnswerForm, TypedAnswer, fault},
    answer_line::{address, ways_on},
    checker::Checker,
};
use crate::{
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "symptoms.html" as symptoms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<span class="nhsuk-caption-l">{{ title }}, change an answer</span>
<form action="{{ base }}/answers/{{ place }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<input type="hidden" name="question" value="{{ form.question }}">
{% call symptoms::answer(form, errors) %}{% endcall %}
<p>Later questions may change with this answer. You are asked again what is still needed.</p>
<button class="nhsuk-button">Change the answer</button>
</form>
<p><a href="{{ base }}">Keep the answer</a></p>
{% call symptoms::safety(notice) %}{% endcall %}
</div></div>
{% endblock %}"#
)]
struct ChangeAnswerPage {
    layout: Layout,
    title: String,
    place: usize,
    base: String,
    form: AnswerForm,
    notice: &'static str,
    errors: FieldFaults,
}

/// An answer of a check, by its place from 1.
type AnswerPlace = (SymptomCheckNumber, usize);

/// # Errors
/// If the visitor is of the staff, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    checker: Checker,
    Path((number, place)): Path<AnswerPlace>,
) -> Result<Response, PageError> {
    let found = pages.ask(&visitor, &SeeSymptomCheck { subject: checker.subject, number: number.clone() }).await?;
    let mut file = found.answer;
    let Some((answer, offered)) = changeable(&mut file, place) else {
        return Ok(see_other(&address(&number)));
    };
    let typed = TypedAnswer::of_answer(&answer.answer);
    Ok(shown(&visitor, file, place, AnswerForm::answered(&answer, &offered, typed), FieldFaults::none()))
}

/// # Errors
/// If the form is not one of this server's, or the query fails.
pub async fn change(
    State(pages): State<Pages>,
    checker: Checker,
    Path((number, place)): Path<AnswerPlace>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let (visitor, subject) = (&form.visitor, checker.subject);
    let mut file = pages.ask(visitor, &SeeSymptomCheck { subject, number: number.clone() }).await?.answer;
    let same = |answer: &GivenAnswer| answer.question.as_str() == form.text("question");
    let Some((answer, offered)) = changeable(&mut file, place).filter(|(answer, _)| same(answer)) else {
        return Ok(see_other(&address(&number)));
    };
    let (typed, faults) = (TypedAnswer::of_form(&form), fault(&offered));
    let Some(value) = typed.read(&offered) else {
        return Ok(shown(visitor, file, place, AnswerForm::answered(&answer, &offered, typed), faults));
    };
    let command = ReviseAnswer { subject, check: file.check.clone(), question: answer.question.clone(), answer: value };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&address(&number), granted.position),
        Err(problem) if problem.code() == ANSWER_NOT_OFFERED.code => {
            shown(visitor, file, place, AnswerForm::answered(&answer, &offered, typed), faults)
        }
        Err(problem) => refusal::page(visitor, problem, ways_on(&number)),
    })
}

/// The answer at this place with what its question offers, if the check is open.
fn changeable(file: &mut SymptomCheckFile, place: usize) -> Option<(GivenAnswer, OfferedAnswer)> {
    let at = place.checked_sub(1).filter(|at| *at < file.answers.len() && file.question.is_some())?;
    let mut answer = file.answers.swap_remove(at);
    let offered = answer.offered.take()?;
    Some((answer, offered))
}

fn shown(visitor: &Visitor, file: SymptomCheckFile, place: usize, form: AnswerForm, errors: FieldFaults) -> Response {
    let base = address(file.check.number());
    let layout = Layout::of(visitor, errors.titled("Change an answer")).back(base.clone());
    let page = ChangeAnswerPage { layout, title: file.title, place, base, form, notice: file.notice, errors };
    HtmlPage(page.errors.status(), page).into_response()
}
