//! A symptom check: the question that is asked now, or the advice. The answer to the question, stopping and going on.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::symptom_checks::{
    abandon_symptom_check::AbandonSymptomCheck,
    answer_question::AnswerQuestion,
    rejections::{ANSWER_NOT_OFFERED, STALE_QUESTION},
    resume_symptom_check::ResumeSymptomCheck,
};
use event_core::Command;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, see_other};
use queries::symptom_checks::{AskedQuestion, SeeSymptomCheck, SymptomCheckFile, SymptomCheckStage};
use vocabulary::symptom_checks::SymptomCheckNumber;

use super::{
    advice,
    answer_form::{AnswerFields, AnswerForm, TypedAnswer, fault},
    answer_line::{AnswerLine, address, ways_on},
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
<span class="nhsuk-caption-l">{{ title }}, question {{ place }}</span>
<form action="{{ base }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<input type="hidden" name="question" value="{{ form.question }}">
{% call symptoms::answer(form, errors) %}{% endcall %}
<button class="nhsuk-button">Continue</button>
</form>
<form action="{{ base }}/leave" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="frontdoor-link">Stop, and go on later</button>
</form>
{% call symptoms::safety(notice) %}{% endcall %}
{% if !answers.is_empty() %}
<details class="nhsuk-details">
<summary class="nhsuk-details__summary"><span class="nhsuk-details__summary-text">Your answers so far</span></summary>
<div class="nhsuk-details__text">
{% call symptoms::answers(answers, Some(base)) %}{% endcall %}
</div>
</details>
{% endif %}
</div></div>
{% endblock %}"#
)]
struct QuestionPage {
    layout: Layout,
    title: String,
    place: usize,
    base: String,
    form: AnswerForm,
    notice: &'static str,
    answers: Vec<AnswerLine>,
    errors: FieldFaults,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "symptoms.html" as symptoms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<span class="nhsuk-caption-l">{{ title }}</span>
<h1>{{ layout.title }}</h1>
{% if is_open %}
<p>You stopped this symptom check. Your answers are kept.</p>
{% call symptoms::unkept(layout.is_anonymous) %}{% endcall %}
<form action="{{ base }}/resume" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button">Go on</button>
</form>
{% else %}
<p>The questions of this symptom check cannot be shown any more.</p>
{% endif %}
<p><a href="/check-symptoms/start">Start a new symptom check</a></p>
{% call symptoms::safety(notice) %}{% endcall %}
</div></div>
{% endblock %}"#
)]
struct StoppedPage {
    layout: Layout,
    title: String,
    base: String,
    notice: &'static str,
    is_open: bool,
}

/// # Errors
/// If the visitor is of the staff, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    checker: Checker,
    Path(number): Path<SymptomCheckNumber>,
) -> Result<Response, PageError> {
    let found = pages.ask(&visitor, &SeeSymptomCheck { subject: checker.subject, number }).await?;
    let (file, stale) = (found.answer, found.stale);
    Ok(match (file.stage, file.question.is_some()) {
        (SymptomCheckStage::Disposed, _) => advice::page(&visitor, file, stale),
        (SymptomCheckStage::Open | SymptomCheckStage::Abandoned, _) if file.withdrawn.is_some() => {
            advice::page(&visitor, file, stale)
        }
        (SymptomCheckStage::Open, true) => asked(&visitor, file, TypedAnswer::default(), FieldFaults::none(), stale),
        (SymptomCheckStage::Open | SymptomCheckStage::Abandoned, is_open) => stopped(&visitor, file, is_open, stale),
    })
}

/// The page of the question that is asked now, with these fields.
fn asked(visitor: &Visitor, file: SymptomCheckFile, typed: TypedAnswer, errors: FieldFaults, stale: bool) -> Response {
    let base = address(file.check.number());
    let Some(question) = file.question else { return see_other("/check-symptoms") };
    let back = match file.answers.len() {
        0 => "/check-symptoms".to_owned(),
        last => format!("{base}/answers/{last}"),
    };
    let place = file.answers.len() + 1;
    // The title has no question, because browsers keep titles in their history.
    let title = errors.titled(&format!("Question {place} of your symptom check"));
    let page = QuestionPage {
        layout: Layout::of(visitor, title).back(back).stale(stale),
        title: file.title,
        place,
        base,
        form: AnswerForm::asked(question, typed),
        notice: file.notice,
        answers: file.answers.iter().map(AnswerLine::of).collect(),
        errors,
    };
    HtmlPage(page.errors.status(), page).into_response()
}

fn stopped(visitor: &Visitor, file: SymptomCheckFile, is_open: bool, stale: bool) -> Response {
    let layout = Layout::of(visitor, "Your symptom check").back("/check-symptoms").stale(stale);
    let base = address(file.check.number());
    HtmlPage::ok(StoppedPage { layout, title: file.title, base, notice: file.notice, is_open }).into_response()
}

/// # Errors
/// If the form is not one of this server's, or the query fails.
pub async fn answer(
    State(pages): State<Pages>,
    checker: Checker,
    Path(number): Path<SymptomCheckNumber>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let (visitor, subject) = (&form.visitor, checker.subject);
    let file = pages.ask(visitor, &SeeSymptomCheck { subject, number: number.clone() }).await?.answer;
    let is_asked = |asked: &&AskedQuestion| asked.question.as_str() == form.text("question");
    let Some(question) = file.question.as_ref().filter(is_asked) else {
        // The form was sent twice, or is of an earlier question: the page of the check says how it stands.
        return Ok(see_other(&address(&number)));
    };
    let typed = TypedAnswer::of_form(&form);
    let Some(value) = typed.read(&question.answer) else {
        let faults = fault(&question.answer);
        return Ok(asked(visitor, file, typed, faults, false));
    };
    let (check, question) = (file.check.clone(), question.question.clone());
    let command = AnswerQuestion { subject, check, question, answer: value };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&address(&number), granted.position),
        Err(problem) if problem.code() == ANSWER_NOT_OFFERED.code => {
            let faults = file.question.as_ref().map(|question| fault(&question.answer)).unwrap_or_default();
            asked(visitor, file, typed, faults, false)
        }
        Err(problem) if problem.code() == STALE_QUESTION.code => see_other(&address(&number)),
        Err(problem) => refusal::page(visitor, problem, ways_on(&number)),
    })
}

/// # Errors
/// If the form is not one of this server's, or the query fails.
pub async fn leave(
    State(pages): State<Pages>,
    checker: Checker,
    Path(number): Path<SymptomCheckNumber>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let subject = checker.subject;
    let file = pages.ask(&form.visitor, &SeeSymptomCheck { subject, number: number.clone() }).await?.answer;
    Ok(given(&pages, &form, &AbandonSymptomCheck { subject, check: file.check }, &number).await)
}

/// # Errors
/// If the form is not one of this server's, or the query fails.
pub async fn resume(
    State(pages): State<Pages>,
    checker: Checker,
    Path(number): Path<SymptomCheckNumber>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let subject = checker.subject;
    let file = pages.ask(&form.visitor, &SeeSymptomCheck { subject, number: number.clone() }).await?.answer;
    Ok(given(&pages, &form, &ResumeSymptomCheck { subject, check: file.check }, &number).await)
}

/// Gives the command, and leads to the page of the check.
async fn given(pages: &Pages, form: &PostedForm, command: &impl Command, number: &SymptomCheckNumber) -> Response {
    match pages.give(form, command).await {
        Ok(granted) => back_to(&address(number), granted.position),
        Err(problem) => refusal::page(&form.visitor, problem, ways_on(number)),
    }
}
