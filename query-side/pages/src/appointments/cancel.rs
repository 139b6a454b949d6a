//! Cancelling an appointment, after a check.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::appointments::{CancelAppointment, rejections};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use vocabulary::appointments::CancellationReason;

use super::see::AppointmentPath;
use crate::{
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal, words,
};

/// The reasons that a patient may give, as their fields say it.
const BY_PATIENT: &[(&str, CancellationReason, &str)] = &[
    ("not-needed", CancellationReason::CancelledByCitizen, "I do not need it, or I cannot come"),
    ("other-time", CancellationReason::RescheduledByCitizen, "I will book another time"),
];
/// The reasons that the desk may give.
const BY_DESK: &[(&str, CancellationReason, &str)] = &[
    ("patient", CancellationReason::CancelledByCitizen, "The patient asked for it"),
    ("site", CancellationReason::CancelledBySite, "The practice cannot hold it"),
];

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<span class="nhsuk-caption-l">{{ when }}</span>
<h1>Cancel this appointment?</h1>
<p>The time becomes free for others at once.</p>
<form action="{{ address }}/cancel" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<input type="hidden" name="version" value="{{ version }}">
<div class="nhsuk-form-group{% if !errors.is_empty() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset"{% if !errors.is_empty() %} aria-describedby="cause-error"{% endif %}>
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--m">Why?</legend>
{% call forms::message(errors, "cause") %}{% endcall %}
<div class="nhsuk-radios">
{% for cause in causes %}
<div class="nhsuk-radios__item">
<input class="nhsuk-radios__input" id="{% if loop.first %}cause{% else %}cause-{{ loop.index }}{% endif %}" name="cause" type="radio" value="{{ cause.0 }}">
<label class="nhsuk-label nhsuk-radios__label" for="{% if loop.first %}cause{% else %}cause-{{ loop.index }}{% endif %}">{{ cause.2 }}</label>
</div>
{% endfor %}
</div>
</fieldset>
</div>
<button class="nhsuk-button nhsuk-button--warning">Cancel this appointment</button>
</form>
<p><a href="{{ address }}">Keep it</a></p>
</div></div>
{% endblock %}"#
)]
struct CancelPage {
    layout: Layout,
    address: String,
    when: String,
    version: u32,
    causes: &'static [(&'static str, CancellationReason, &'static str)],
    errors: FieldFaults,
}

/// # Errors
/// If there is no such appointment, or the visitor may not see it.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<AppointmentPath>,
) -> Result<Response, PageError> {
    let found = pages.ask(&visitor, &path.query(&concerned)).await?;
    Ok(shown(&visitor, &concerned, &path, found.answer.version, FieldFaults::none()))
}

/// # Errors
/// If the form is not one of this server's.
pub async fn cancel(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(path): Path<AppointmentPath>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let (visitor, address) = (&form.visitor, path.address(&concerned.base));
    let version = form.text("version").parse::<u32>().ok();
    let cause = causes(&concerned).iter().find(|(field, _, _)| *field == form.text("cause"));
    let (Some(version), Some((_, cause, _))) = (version, cause) else {
        let errors = FieldFaults::one("cause", "Say why you cancel it");
        return Ok(shown(visitor, &concerned, &path, version.unwrap_or_default(), errors));
    };
    let command = CancelAppointment {
        patient: concerned.subject,
        session: path.session.clone(),
        starts_at: path.at,
        reason: Some(*cause),
        version: Some(version),
    };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&format!("{address}?cancelled"), granted.position),
        Err(problem) => {
            let see = (address, "See the appointment as it is now".to_owned());
            let mut ways = vec![see];
            if problem.code() == rejections::CUT_OFF_PASSED.code {
                ways.insert(0, ("/".to_owned(), "Telephone the practice, and go to the start page".to_owned()));
            }
            refusal::page(visitor, problem, ways)
        }
    })
}

fn causes(concerned: &Concerned) -> &'static [(&'static str, CancellationReason, &'static str)] {
    if concerned.is_by_desk() { BY_DESK } else { BY_PATIENT }
}

fn shown(
    visitor: &Visitor,
    concerned: &Concerned,
    path: &AppointmentPath,
    version: u32,
    errors: FieldFaults,
) -> Response {
    let address = path.address(&concerned.base);
    let layout = Layout::of(visitor, errors.titled("Cancel this appointment?")).back(address.clone());
    let status = errors.status();
    let when = words::date_and_time(path.at);
    HtmlPage(status, CancelPage { layout, address, when, version, causes: causes(concerned), errors }).into_response()
}
