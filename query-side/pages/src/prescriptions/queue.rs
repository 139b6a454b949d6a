//! The requests that wait for the practice, and approving one.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use domain::prescriptions::ApproveRequest;
use event_core::SubjectId;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use queries::prescriptions::{SeeApprovalQueue, WaitingMedicine, WaitingRequest};
use serde::Deserialize;
use vocabulary::{access::Permission, prescriptions::RepeatRequestId};

use super::medicine_words::{dose, name, place};
use crate::{
    desk::practice_of,
    layout::{Layout, filters, has},
    refusal, words,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "desk.html" as desk %}
{% block main %}
{% if let Some(done) = done %}{% call desk::done(done) %}{% endcall %}{% endif %}
<h1>Requests for repeat medicines</h1>
<p>The oldest is first.{% if more %} There are more than are shown here.{% endif %}</p>
{% if requests.is_empty() %}<p>No request waits.</p>{% endif %}
{% for request in requests %}
<div class="nhsuk-card"><div class="nhsuk-card__content">
<h2 class="nhsuk-heading-m">{% if let Some(page) = request.page %}<a href="{{ page }}">{{ request.patient }}</a>{% else %}{{ request.patient }}{% endif %}</h2>
<dl class="nhsuk-summary-list">
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">NHS number</dt><dd class="nhsuk-summary-list__value">{{ request.nhs_number }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Date of birth</dt><dd class="nhsuk-summary-list__value">{{ request.born_on }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Requested</dt><dd class="nhsuk-summary-list__value">{{ request.when }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Pharmacy</dt><dd class="nhsuk-summary-list__value">{{ request.pharmacy }}</dd></div>
{% if let Some(note) = request.note %}<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Note</dt><dd class="nhsuk-summary-list__value frontdoor-typed">{{ note }}</dd></div>{% endif %}
</dl>
{% for item in request.items %}
<h3 class="nhsuk-heading-s frontdoor-typed">{{ item.name }}</h3>
<p class="frontdoor-typed">{{ item.dose }}</p>
<p>{{ item.standing }}</p>
{% for warning in item.warnings %}<p><strong class="nhsuk-tag nhsuk-tag--red">{{ warning }}</strong></p>{% endfor %}
{% endfor %}
<form action="{{ request.address }}/approve" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button">Approve<span class="nhsuk-u-visually-hidden"> the request of {{ request.patient }} of {{ request.when }}</span></button>
</form>
<p><a href="{{ request.address }}/reject">Reject<span class="nhsuk-u-visually-hidden"> the request of {{ request.patient }} of {{ request.when }}</span></a></p>
</div></div>
{% endfor %}
{% endblock %}"#
)]
struct QueuePage {
    layout: Layout,
    done: Option<&'static str>,
    requests: Vec<ShownWaiting>,
    more: bool,
}

struct ShownWaiting {
    address: String,
    /// The address of the patient's page, for a visitor who may see it.
    page: Option<String>,
    patient: String,
    nhs_number: String,
    born_on: String,
    when: String,
    pharmacy: String,
    note: Option<String>,
    items: Vec<ShownItem>,
}

struct ShownItem {
    name: String,
    dose: String,
    standing: String,
    warnings: Vec<&'static str>,
}

impl ShownItem {
    fn of(item: &WaitingMedicine) -> ShownItem {
        let mut standing = Vec::new();
        if let (Some(left), Some(all)) = (item.issues_left, item.issues) {
            standing.push(format!("{left} of {all} issues left."));
        }
        standing.push(match item.supply_ends_on {
            Some(ends) => format!("The last supply ends on {}.", words::day(ends)),
            None => "There was no supply yet.".to_owned(),
        });
        if let Some(review) = item.review_on {
            standing.push(format!("Review by {}.", words::day(review)));
        }
        let warnings = [(item.stopped, "Stopped since"), (item.changed, "Changed since")];
        ShownItem {
            name: name(item.medicine.as_ref()),
            dose: dose(item.medicine.as_ref()),
            standing: standing.join(" "),
            warnings: warnings.into_iter().filter(|(is_so, _)| *is_so).map(|(_, text)| text).collect(),
        }
    }
}

impl ShownWaiting {
    fn of(request: &WaitingRequest, has_patients: bool) -> ShownWaiting {
        let erased = || "Erased".to_owned();
        let details = &request.details;
        ShownWaiting {
            address: address(request.patient, &request.request),
            page: has_patients.then(|| format!("/desk/patients/{}", request.patient)),
            patient: details.name.as_ref().map_or_else(erased, |name| name.as_str().to_owned()),
            nhs_number: details.nhs_number.as_ref().map_or_else(erased, words::nhs_number),
            born_on: details.born_on.map_or_else(erased, |born_on| words::date_of_birth(born_on.0)),
            when: words::date_and_time(request.requested_at),
            pharmacy: place(&request.pharmacy),
            note: request.note.as_ref().map(|note| note.as_str().to_owned()),
            items: request.items.iter().map(ShownItem::of).collect(),
        }
    }
}

/// The beginning of the addresses of a request.
pub fn address(patient: SubjectId, request: &RepeatRequestId) -> String {
    format!("/desk/prescriptions/{patient}/{request}")
}

#[derive(Deserialize)]
pub struct QueueCommand {
    approved: Option<String>,
    rejected: Option<String>,
}

/// # Errors
/// If the visitor may not see the requests, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    Query(command): Query<QueueCommand>,
) -> Result<Response, PageError> {
    let found = pages.ask(&visitor, &SeeApprovalQueue { practice: practice_of(&visitor)? }).await?;
    let done = match (command.approved, command.rejected) {
        (Some(_), _) => Some("The request was approved. Its prescription goes to the pharmacy."),
        (None, Some(_)) => Some("The request was rejected. The patient sees the reason."),
        (None, None) => None,
    };
    let has_patients = has(visitor.caller(), Permission::Booking);
    let shown = QueuePage {
        layout: Layout::of(&visitor, "Requests for repeat medicines").stale(found.stale),
        done,
        requests: found.answer.items.iter().map(|request| ShownWaiting::of(request, has_patients)).collect(),
        more: found.answer.next.is_some(),
    };
    Ok(HtmlPage::ok(shown).into_response())
}

/// # Errors
/// If the form is not one of this server's, or the visitor works for no practice.
pub async fn approve(
    State(pages): State<Pages>,
    Path((patient, request)): Path<(SubjectId, RepeatRequestId)>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let practice = practice_of(&form.visitor)?;
    Ok(match pages.give(&form, &ApproveRequest { patient, practice, request }).await {
        Ok(granted) => back_to("/desk/prescriptions?approved", granted.position),
        Err(problem) => refusal::page(&form.visitor, problem, ways()),
    })
}

pub fn ways() -> Vec<refusal::WayOn> {
    vec![("/desk/prescriptions".to_owned(), "See the requests that wait".to_owned())]
}
