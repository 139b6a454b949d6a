//! The work list of a pharmacy, and reporting on a prescription.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use domain::prescriptions::ReportDispense;
use event_core::SubjectId;
use http_edge::{
    Problem,
    problem_catalogue::{KEY_REUSED, MALFORMED},
};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, see_other};
use queries::prescriptions::{PharmacyTask, RequestedMedicine, SeePharmacyWork};
use serde::Deserialize;
use vocabulary::prescriptions::{DispenseStatus, RepeatRequestId};

use super::medicine_words::{dose, field, name, status};
use crate::{
    appointment_card::place,
    desk::practice_of,
    layout::{Layout, filters},
    refusal, words,
};

/// The reports that the page offers, in the order of the work.
const REPORTS: [DispenseStatus; 7] = [
    DispenseStatus::WithPharmacy,
    DispenseStatus::Preparing,
    DispenseStatus::ReadyToCollect,
    DispenseStatus::ReadyToDispatch,
    DispenseStatus::Collected,
    DispenseStatus::Dispatched,
    DispenseStatus::NotDispensed,
];

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "desk.html" as desk %}
{% block main %}
{% if is_reported %}{% call desk::done("The report is saved. The patient sees it.") %}{% endcall %}{% endif %}
<h1>Prescriptions of this pharmacy</h1>
<p>The oldest is first. A prescription leaves the list when each of its medicines was collected, sent or not dispensed.{% if more %} There are more than are shown here.{% endif %}</p>
{% if tasks.is_empty() %}<p>There is nothing to do.</p>{% endif %}
{% for task in tasks %}
<div class="nhsuk-card"><div class="nhsuk-card__content">
<h2 class="nhsuk-heading-m">{{ task.patient }}</h2>
<dl class="nhsuk-summary-list">
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Prescription number</dt><dd class="nhsuk-summary-list__value"><span class="frontdoor-reference">{{ task.number }}</span></dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">NHS number</dt><dd class="nhsuk-summary-list__value">{{ task.nhs_number }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Date of birth</dt><dd class="nhsuk-summary-list__value">{{ task.born_on }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Practice</dt><dd class="nhsuk-summary-list__value">{{ task.practice }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Sent</dt><dd class="nhsuk-summary-list__value">{{ task.sent }}</dd></div>
</dl>
{% for item in task.items %}
<h3 class="nhsuk-heading-s frontdoor-typed">{{ item.0 }}</h3>
<p class="frontdoor-typed">{{ item.1 }}</p>
<p><strong class="nhsuk-tag">{{ item.2 }}</strong></p>
{% endfor %}
<form action="/pharmacy/{{ task.subject }}/{{ task.request }}/report" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<h3 class="nhsuk-heading-s">Report</h3>
<ul class="frontdoor-times">
{% for choice in choices %}
<li><button class="nhsuk-button nhsuk-button--secondary nhsuk-button--small" name="status" value="{{ choice.0 }}">{{ choice.1 }}<span class="nhsuk-u-visually-hidden">: {{ task.number }}</span></button></li>
{% endfor %}
</ul>
</form>
</div></div>
{% endfor %}
{% endblock %}"#
)]
struct WorkPage {
    layout: Layout,
    is_reported: bool,
    tasks: Vec<ShownTask>,
    /// The value and the text of each report.
    choices: Vec<(&'static str, &'static str)>,
    more: bool,
}

struct ShownTask {
    subject: SubjectId,
    request: RepeatRequestId,
    number: String,
    patient: String,
    nhs_number: String,
    born_on: String,
    practice: String,
    sent: String,
    /// The name, the dose and the status of each medicine.
    items: Vec<(String, String, &'static str)>,
}

impl ShownTask {
    fn of(task: &PharmacyTask) -> ShownTask {
        let erased = || "Erased".to_owned();
        let details = &task.details;
        let item = |item: &RequestedMedicine| {
            let now = item.status.map_or("Nothing is reported", status);
            (name(item.medicine.as_ref()), dose(item.medicine.as_ref()), now)
        };
        ShownTask {
            subject: task.patient,
            request: task.request.clone(),
            number: task.prescription.to_string(),
            patient: details.name.as_ref().map_or_else(erased, |name| name.as_str().to_owned()),
            nhs_number: details.nhs_number.as_ref().map_or_else(erased, words::nhs_number),
            born_on: details.born_on.map_or_else(erased, |born_on| words::date_of_birth(born_on.0)),
            practice: place(&task.practice),
            sent: words::date_and_time(task.sent_at),
            items: task.items.iter().map(item).collect(),
        }
    }
}

#[derive(Deserialize)]
pub struct WorkDone {
    reported: Option<String>,
}

/// # Errors
/// If the visitor may not see the list, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    Query(done): Query<WorkDone>,
) -> Result<Response, PageError> {
    let found = pages.ask(&visitor, &SeePharmacyWork { pharmacy: practice_of(&visitor)? }).await?;
    let shown = WorkPage {
        layout: Layout::of(&visitor, "Prescriptions of this pharmacy").stale(found.stale),
        is_reported: done.reported.is_some(),
        tasks: found.answer.items.iter().map(ShownTask::of).collect(),
        choices: REPORTS.iter().map(|report| (field(*report), status(*report))).collect(),
        more: found.answer.next.is_some(),
    };
    Ok(HtmlPage::ok(shown).into_response())
}

/// Reports about all medicines of the prescription, true from now on.
///
/// # Errors
/// If the form is not one of this server's, or the visitor works for no organisation.
pub async fn report(
    State(pages): State<Pages>,
    Path((patient, request)): Path<(SubjectId, RepeatRequestId)>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let pharmacy = practice_of(&form.visitor)?;
    let chosen = REPORTS.into_iter().find(|report| field(*report) == form.text("status"));
    let status = chosen.ok_or_else(|| Problem::of(&MALFORMED))?;
    let command = ReportDispense { pharmacy, patient, request, plans: Vec::new(), status, at: pages.now() };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to("/pharmacy?reported", granted.position),
        // The form was sent twice. The second time is later, so its command differs; the first one holds.
        Err(problem) if problem.code() == KEY_REUSED.code => see_other("/pharmacy?reported"),
        Err(problem) => {
            let see = ("/pharmacy".to_owned(), "See the prescriptions of this pharmacy".to_owned());
            refusal::page(&form.visitor, problem, vec![see])
        }
    })
}
