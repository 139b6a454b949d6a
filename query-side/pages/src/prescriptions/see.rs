//! A patient's repeat prescriptions: ordering first, then each medicine, the requests with their timelines, and the
//! pharmacy.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use queries::prescriptions::{ListPrescriptions, ListRepeats, RepeatMedicine, RepeatRequest, SeeNominatedPharmacy};
use query_engine::page::Paging;
use serde::Deserialize;
use vocabulary::prescriptions::RequestStage;

use super::medicine_words::{MedicineStory, dose, hindrance, name, next_order, place};
use crate::{
    concerned::Concerned,
    layout::{Layout, filters},
};

/// The number of medicines and requests on the page.
const REPEATS_SHOWN: usize = 100;
const REQUESTS_SHOWN: usize = 20;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "desk.html" as desk %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% if let Some(done) = done %}{% call desk::done(done) %}{% endcall %}{% endif %}
<h1>{{ layout.title }}</h1>
{% if can_order %}
<p><a class="nhsuk-button" href="/prescriptions/order">Request a repeat prescription</a></p>
{% else %}
<div class="nhsuk-inset-text"><p>There is nothing that you can order now. Below is the reason for each medicine.</p></div>
{% endif %}
<h2>Your requests, newest first</h2>
{% if requests.is_empty() %}<p>You have not requested anything yet.</p>{% endif %}
{% for request in requests %}
<div class="nhsuk-card"><div class="nhsuk-card__content">
{% for item in request.items %}
<h3 class="nhsuk-heading-s frontdoor-typed">{{ item.name }}</h3>
<p><strong class="nhsuk-tag">{{ item.now }}</strong></p>
<p class="frontdoor-typed">{{ item.dose }}</p>
<ol class="nhsuk-list nhsuk-list--border">
{% for step in item.steps %}<li>{{ step.0 }}<br>{{ step.1 }}</li>
{% endfor %}
</ol>
{% endfor %}
{% if let Some(reason) = request.reason %}<p>The reason: <span class="frontdoor-typed">{{ reason }}</span></p>{% endif %}
{% if request.expired %}<p>Its time ended before the pharmacy had dispensed it.</p>{% endif %}
<p>Pharmacy: {{ request.pharmacy }}</p>
{% if let Some(number) = request.prescription %}<p>Prescription number <span class="frontdoor-reference">{{ number }}</span></p>{% endif %}
{% if let Some(cancel) = request.cancel %}<p><a href="{{ cancel }}">Cancel this request<span class="nhsuk-u-visually-hidden"> of {{ request.names }}</span></a></p>{% endif %}
</div></div>
{% endfor %}
<h2>Your repeat medicines</h2>
{% if medicines.is_empty() %}<p>Your practice has authorised no repeat medicines for you.</p>{% endif %}
{% for medicine in medicines %}
<h3 class="nhsuk-heading-s frontdoor-typed">{{ medicine.name }}</h3>
<p class="frontdoor-typed">{{ medicine.dose }}</p>
<dl class="nhsuk-summary-list">
{% if let Some(next) = medicine.next %}<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Next order</dt><dd class="nhsuk-summary-list__value">From {{ next }}</dd></div>{% endif %}
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Can be ordered</dt><dd class="nhsuk-summary-list__value">{% if let Some(why_not) = medicine.why_not %}Not now. {{ why_not }}{% else %}Yes{% endif %}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Issues left</dt><dd class="nhsuk-summary-list__value">{{ medicine.left }} of {{ medicine.issues }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Review</dt><dd class="nhsuk-summary-list__value">By {{ medicine.review }}</dd></div>
</dl>
{% endfor %}
<h2>Your pharmacy</h2>
{% if let Some(pharmacy) = pharmacy %}
<p>Your prescriptions go to {{ pharmacy }}.</p>
<p><a href="/prescriptions/pharmacy">Change your pharmacy</a></p>
{% else %}
<p>You have not nominated a pharmacy. You can choose one for each request, or one for all.</p>
<p><a href="/prescriptions/pharmacy">Choose your pharmacy</a></p>
{% endif %}
</div></div>
{% endblock %}"#
)]
struct PrescriptionsPage {
    layout: Layout,
    done: Option<&'static str>,
    can_order: bool,
    requests: Vec<ShownRequest>,
    medicines: Vec<ShownMedicine>,
    pharmacy: Option<String>,
}

struct ShownRequest {
    items: Vec<MedicineStory>,
    names: String,
    reason: Option<String>,
    expired: bool,
    pharmacy: String,
    prescription: Option<String>,
    /// The address for cancelling it, while that is possible.
    cancel: Option<String>,
}

impl ShownRequest {
    fn of(request: &RepeatRequest) -> ShownRequest {
        let items: Vec<_> = request.items.iter().map(|item| MedicineStory::of(request, item)).collect();
        let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
        ShownRequest {
            names: names.join(", "),
            reason: request.reason.as_ref().map(|reason| reason.as_str().to_owned()),
            expired: request.expired,
            pharmacy: place(&request.pharmacy),
            prescription: request.prescription.as_ref().map(ToString::to_string),
            cancel: (request.stage == RequestStage::Requested)
                .then(|| format!("/prescriptions/requests/{}/cancel", request.request)),
            items,
        }
    }
}

struct ShownMedicine {
    name: String,
    dose: String,
    next: Option<String>,
    why_not: Option<String>,
    left: u16,
    issues: u16,
    review: String,
}

impl ShownMedicine {
    fn of(medicine: &RepeatMedicine) -> ShownMedicine {
        ShownMedicine {
            name: name(medicine.medicine.as_ref()),
            dose: dose(medicine.medicine.as_ref()),
            next: next_order(medicine.next_order_on),
            why_not: medicine.hindrance.as_ref().map(hindrance),
            left: medicine.issues_left,
            issues: medicine.issues,
            review: crate::words::day(medicine.review_on),
        }
    }
}

/// The command that led here.
#[derive(Deserialize)]
pub struct PrescriptionCommand {
    requested: Option<String>,
    cancelled: Option<String>,
    nominated: Option<String>,
    cleared: Option<String>,
}

impl PrescriptionCommand {
    fn done(&self) -> Option<&'static str> {
        let all = [
            (&self.requested, "Your request was sent to your practice. You see here how far it is."),
            (&self.cancelled, "Your request was cancelled."),
            (&self.nominated, "Your prescriptions go to this pharmacy from now on."),
            (&self.cleared, "You have no nominated pharmacy any more."),
        ];
        all.into_iter().find(|(done, _)| done.is_some()).map(|(_, text)| text)
    }
}

/// # Errors
/// If the visitor is not a patient, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Query(done): Query<PrescriptionCommand>,
) -> Result<Response, PageError> {
    let subject = concerned.subject;
    let repeats = pages.ask_for(&visitor, &ListRepeats { subject }, Paging::of(REPEATS_SHOWN)).await?;
    let requests = pages.ask_for(&visitor, &ListPrescriptions { subject }, Paging::of(REQUESTS_SHOWN)).await?;
    let nominated = pages.ask(&visitor, &SeeNominatedPharmacy { subject }).await?;
    let is_stale = repeats.stale || requests.stale || nominated.stale;
    let shown = PrescriptionsPage {
        layout: Layout::of(&visitor, "Your repeat prescriptions").back("/").stale(is_stale),
        done: done.done(),
        can_order: repeats.answer.items.iter().any(|medicine| medicine.hindrance.is_none()),
        requests: requests.answer.items.iter().map(ShownRequest::of).collect(),
        medicines: repeats.answer.items.iter().map(ShownMedicine::of).collect(),
        pharmacy: nominated.answer.pharmacy.as_ref().map(place),
    };
    Ok(HtmlPage::ok(shown).into_response())
}
