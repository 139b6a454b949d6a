//! Requesting repeat medicines: the medicines that can be ordered now, a note, and the pharmacy.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::prescriptions::RequestRepeat;
use event_core::OrganisationCode;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use queries::prescriptions::{ListPharmacies, ListRepeats, PharmacyPlace, RepeatMedicine, SeeNominatedPharmacy};
use query_engine::page::Paging;
use vocabulary::prescriptions::{PlanId, RepeatRequestId, RequestNote};

use super::medicine_words::{dose, name, place};
use crate::{
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
    random_id, refusal,
};

/// The number of medicines and of pharmacies that the page offers.
const OFFERED_MAX: usize = 100;
/// The value of the field for the nominated pharmacy.
const NOMINATED: &str = "nominated";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<h1>Request a repeat prescription</h1>
{% if medicines.is_empty() %}
<p>There is nothing that you can order now. <a href="/prescriptions">See why</a>.</p>
{% else %}
<form action="/prescriptions/order" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<input type="hidden" name="practice" value="{{ practice }}">
<div class="nhsuk-form-group{% if errors.of("plan").is_some() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset"{% if errors.of("plan").is_some() %} aria-describedby="plan-error"{% endif %}>
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--m">Which medicines do you need?</legend>
{% call forms::message(errors, "plan") %}{% endcall %}
<div class="nhsuk-checkboxes">
{% for medicine in medicines %}
<div class="nhsuk-checkboxes__item">
<input class="nhsuk-checkboxes__input" id="{% if loop.first %}plan{% else %}plan-{{ loop.index }}{% endif %}" name="plan" type="checkbox" value="{{ medicine.plan }}"{% if medicine.is_chosen %} checked{% endif %}>
<label class="nhsuk-label nhsuk-checkboxes__label frontdoor-typed" for="{% if loop.first %}plan{% else %}plan-{{ loop.index }}{% endif %}">{{ medicine.name }}<br>{{ medicine.dose }}</label>
</div>
{% endfor %}
</div>
</fieldset>
</div>
<div class="nhsuk-form-group{% if errors.of("pharmacy").is_some() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset"{% if errors.of("pharmacy").is_some() %} aria-describedby="pharmacy-error"{% endif %}>
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--m">Where should they go?</legend>
{% call forms::message(errors, "pharmacy") %}{% endcall %}
<div class="nhsuk-radios">
{% for choice in pharmacies %}
<div class="nhsuk-radios__item">
<input class="nhsuk-radios__input" id="{% if loop.first %}pharmacy{% else %}pharmacy-{{ loop.index }}{% endif %}" name="pharmacy" type="radio" value="{{ choice.value }}"{% if choice.is_chosen %} checked{% endif %}>
<label class="nhsuk-label nhsuk-radios__label" for="{% if loop.first %}pharmacy{% else %}pharmacy-{{ loop.index }}{% endif %}">{{ choice.text }}</label>
</div>
{% endfor %}
</div>
</fieldset>
</div>
<div class="nhsuk-form-group{% if errors.of("note").is_some() %} nhsuk-form-group--error{% endif %}">
<label class="nhsuk-label nhsuk-label--m" for="note">A note for your practice (optional)</label>
<div class="nhsuk-hint" id="note-hint">At most {{ RequestNote::CHARACTERS_MAX }} characters. Do not use it for anything urgent.</div>
{% call forms::message(errors, "note") %}{% endcall %}
<textarea class="nhsuk-textarea" id="note" name="note" rows="4" aria-describedby="note-hint{% if errors.of("note").is_some() %} note-error{% endif %}">
{{ note }}</textarea>
</div>
<button class="nhsuk-button">Send the request</button>
</form>
{% endif %}
</div></div>
{% endblock %}"#
)]
struct OrderPage {
    layout: Layout,
    practice: String,
    medicines: Vec<OfferedMedicine>,
    pharmacies: Vec<OfferedPharmacy>,
    note: String,
    errors: FieldFaults,
}

struct OfferedMedicine {
    plan: String,
    name: String,
    dose: String,
    is_chosen: bool,
}

struct OfferedPharmacy {
    value: String,
    text: String,
    is_chosen: bool,
}

/// The fields of the form as they were filled in.
#[derive(Default)]
struct TypedOrder {
    plans: Vec<String>,
    pharmacy: String,
    note: String,
}

/// # Errors
/// If the visitor is not a patient, or the query fails.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, concerned: Concerned) -> Result<Response, PageError> {
    shown(&pages, &visitor, &concerned, TypedOrder::default(), FieldFaults::none()).await
}

/// # Errors
/// If the form is not one of this server's, or the visitor is not a patient.
pub async fn order(State(pages): State<Pages>, concerned: Concerned, form: PostedForm) -> Result<Response, PageError> {
    let visitor = &form.visitor;
    let typed = TypedOrder {
        plans: form.all("plan").into_iter().map(str::to_owned).collect(),
        pharmacy: form.text("pharmacy").to_owned(),
        note: form.text("note").to_owned(),
    };
    let mut faults = FieldFaults::none();
    let plans: Vec<PlanId> = typed.plans.iter().filter_map(|plan| plan.parse().ok()).collect();
    if plans.is_empty() || plans.len() < typed.plans.len() {
        faults.add("plan", "Choose the medicines that you need");
    }
    let pharmacy: Option<Option<OrganisationCode>> = match typed.pharmacy.as_str() {
        NOMINATED => Some(None),
        other => faults.read("pharmacy", other.parse().map_err(|_| "Choose a pharmacy")).map(Some),
    };
    let note = match form.filled("note") {
        None => Some(None),
        Some(text) => faults.read("note", text.parse::<RequestNote>().map_err(|_| note_fault())).map(Some),
    };
    let practice = form.text("practice").parse().ok();
    let request: Option<RepeatRequestId> = random_id::of_form(&form.key).and_then(|id| id.parse().ok());
    let (Some(pharmacy), Some(note), Some(practice), Some(request), true) =
        (pharmacy, note, practice, request, faults.is_empty())
    else {
        return shown(&pages, visitor, &concerned, typed, faults).await;
    };
    let command = RequestRepeat { patient: concerned.subject, practice, request, plans, note, pharmacy };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to("/prescriptions?requested", granted.position),
        Err(problem) => {
            let see = ("/prescriptions".to_owned(), "See your repeat medicines".to_owned());
            let again = ("/prescriptions/order".to_owned(), "Choose again".to_owned());
            refusal::page(visitor, problem, vec![see, again])
        }
    })
}

fn note_fault() -> String {
    format!("Write at most {} characters that can be seen", RequestNote::CHARACTERS_MAX)
}

async fn shown(
    pages: &Pages,
    visitor: &Visitor,
    concerned: &Concerned,
    typed: TypedOrder,
    errors: FieldFaults,
) -> Result<Response, PageError> {
    let subject = concerned.subject;
    let repeats = pages.ask_for(visitor, &ListRepeats { subject }, Paging::of(OFFERED_MAX)).await?;
    let nominated = pages.ask(visitor, &SeeNominatedPharmacy { subject }).await?.answer.pharmacy;
    let known = pages.ask_for(visitor, &ListPharmacies {}, Paging::of(OFFERED_MAX)).await?;
    let offered: Vec<_> = repeats.answer.items.iter().filter(|medicine| medicine.hindrance.is_none()).collect();
    let practice = offered.first().map_or_else(String::new, |medicine| medicine.practice.code.to_string());
    let medicine = |medicine: &&RepeatMedicine| OfferedMedicine {
        plan: medicine.plan.to_string(),
        name: name(medicine.medicine.as_ref()),
        dose: dose(medicine.medicine.as_ref()),
        is_chosen: typed.plans.contains(&medicine.plan.to_string()),
    };
    let page = OrderPage {
        layout: Layout::of(visitor, errors.titled("Request a repeat prescription"))
            .back("/prescriptions")
            .stale(repeats.stale),
        practice,
        medicines: offered.iter().map(medicine).collect(),
        pharmacies: pharmacies(nominated.as_ref(), &known.answer.items, &typed.pharmacy),
        note: typed.note,
        errors,
    };
    Ok(HtmlPage(page.errors.status(), page).into_response())
}

/// The nominated pharmacy first, and chosen if nothing else is.
fn pharmacies(nominated: Option<&PharmacyPlace>, known: &[PharmacyPlace], typed: &str) -> Vec<OfferedPharmacy> {
    let first = nominated.map(|own| OfferedPharmacy {
        value: NOMINATED.to_owned(),
        text: format!("{} (your pharmacy)", place(own)),
        is_chosen: typed.is_empty() || typed == NOMINATED,
    });
    let others = known.iter().filter(|other| nominated.is_none_or(|own| own.code != other.code));
    let others = others.map(|other| OfferedPharmacy {
        value: other.code.to_string(),
        text: place(other),
        is_chosen: typed == other.code.to_string(),
    });
    first.into_iter().chain(others).collect()
}
