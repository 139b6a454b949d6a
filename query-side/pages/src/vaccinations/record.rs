//! The record of a dose, as the carton and the clinic say it.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::vaccinations::{
    record_dose::{GivenVaccine, RecordDose},
    rejections::{DOSE_GIVEN, DOSE_INVALID},
};
use event_core::{LocalDate, OrganisationCode, strictness::strictly};
use http_edge::Problem;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use programmes::VaccineRoute;
use queries::vaccinations::{ListProgrammes, OfferedProgramme, OfferedVaccine};
use vocabulary::{
    time::LONDON,
    vaccinations::{DoseId, ProgrammeId, VaccinatorName, VaccineId},
};

use crate::{
    concerned::Concerned,
    desk::practice_of,
    errors::FieldFaults,
    layout::{Layout, filters},
    random_id, refusal, words,
};

const HEADING: &str = "Record a dose";

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
<form action="{{ base }}/vaccinations/new" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<div id="dose" tabindex="-1" class="nhsuk-form-group{% if errors.of("dose").is_some() %} nhsuk-form-group--error{% endif %}">
{% call forms::message(errors, "dose") %}{% endcall %}
<div class="nhsuk-form-group{% if errors.of("vaccine").is_some() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset"{% if errors.of("vaccine").is_some() %} aria-describedby="vaccine-error"{% endif %}>
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--s">Vaccine</legend>
{% call forms::message(errors, "vaccine") %}{% endcall %}
<div class="nhsuk-radios">
{% for choice in vaccines %}
<div class="nhsuk-radios__item">
<input class="nhsuk-radios__input" id="{% if loop.first %}vaccine{% else %}vaccine-{{ loop.index }}{% endif %}" name="vaccine" type="radio" value="{{ choice.value }}"{% if choice.value == typed.vaccine %} checked{% endif %}>
<label class="nhsuk-label nhsuk-radios__label" for="{% if loop.first %}vaccine{% else %}vaccine-{{ loop.index }}{% endif %}">{{ choice.label }}</label>
</div>
{% endfor %}
</div>
</fieldset>
</div>
{% call desk::field(errors, "number", "Number of the dose", "From 1; a yearly vaccination has its number in the season.", typed.number, "number", "2") %}{% endcall %}
{% call desk::field(errors, "lot", "Lot number", "As the carton has it beside LOT.", typed.lot, "text", "20") %}{% endcall %}
{% call desk::field(errors, "expires", "Last day of use", "A month on the carton means its last day.", typed.expires, "date", "10") %}{% endcall %}
{% call desk::field(errors, "given", "Given on", "", typed.given, "date", "10") %}{% endcall %}
{% call desk::field(errors, "by", "Given by", "The name of the vaccinator.", typed.by, "text", "30") %}{% endcall %}
<div class="nhsuk-form-group{% if errors.of("route").is_some() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset"{% if errors.of("route").is_some() %} aria-describedby="route-error"{% endif %}>
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--s">Route</legend>
{% call forms::message(errors, "route") %}{% endcall %}
<div class="nhsuk-radios">
{% for route in VaccineRoute::ALL %}
<div class="nhsuk-radios__item">
<input class="nhsuk-radios__input" id="{% if loop.first %}route{% else %}route-{{ loop.index }}{% endif %}" name="route" type="radio" value="{{ route.name() }}"{% if route.name() == typed.route %} checked{% endif %}>
<label class="nhsuk-label nhsuk-radios__label" for="{% if loop.first %}route{% else %}route-{{ loop.index }}{% endif %}">{{ words::sentence(route.name()) }}</label>
</div>
{% endfor %}
</div>
</fieldset>
</div>
</div>
<button class="nhsuk-button">Record the dose</button>
</form>
</div></div>
{% endblock %}"#
)]
struct RecordPage {
    layout: Layout,
    base: String,
    vaccines: Vec<VaccineChoice>,
    typed: TypedDose,
    errors: FieldFaults,
}

/// A vaccine of a programme, as `covid-19.comirnaty` in the form.
struct VaccineChoice {
    value: String,
    label: String,
}

/// The fields as they were filled in.
#[derive(Default)]
struct TypedDose {
    vaccine: String,
    number: String,
    lot: String,
    expires: String,
    given: String,
    by: String,
    route: String,
}

impl TypedDose {
    fn posted(form: &PostedForm) -> TypedDose {
        let text = |name| form.text(name).to_owned();
        TypedDose {
            vaccine: text("vaccine"),
            number: text("number"),
            lot: text("lot"),
            expires: text("expires"),
            given: text("given"),
            by: text("by"),
            route: text("route"),
        }
    }

    /// The dose, if all fields read.
    fn read(&self, site: OrganisationCode) -> Result<GivenVaccine, FieldFaults> {
        let mut faults = FieldFaults::none();
        let vaccine = faults.read("vaccine", self.vaccine().ok_or("Choose the vaccine"));
        let number = self.number.parse().ok().filter(|number| (1..=9).contains(number));
        let number = faults.read("number", number.ok_or("Enter a number from 1 to 9"));
        let lot = faults.read("lot", self.lot.parse().map_err(|_| "Enter the lot number of 1 to 20 characters"));
        let date = |text: &str| text.parse::<LocalDate>().map_err(|_| "Enter a date, like 2026-11-26");
        let expires_on = faults.read("expires", date(&self.expires));
        let given_on = faults.read("given", date(&self.given));
        let by: Result<VaccinatorName, _> = strictly(|| self.by.parse());
        let given_by = faults.read("by", by.map_err(|_| "Enter the name of the vaccinator"));
        let route = VaccineRoute::ALL.into_iter().find(|route| route.name() == self.route);
        let route = faults.read("route", route.ok_or("Choose the route"));
        match (vaccine, number, lot, expires_on, given_on, given_by, route) {
            (
                Some((programme, vaccine)),
                Some(number),
                Some(lot),
                Some(expires_on),
                Some(given_on),
                Some(given_by),
                Some(route),
            ) => Ok(GivenVaccine { programme, number, vaccine, lot, expires_on, given_on, site, route, given_by }),
            _ => Err(faults),
        }
    }

    fn vaccine(&self) -> Option<(ProgrammeId, VaccineId)> {
        let (programme, vaccine) = self.vaccine.split_once('.')?;
        Some((programme.parse().ok()?, vaccine.parse().ok()?))
    }
}

/// # Errors
/// If the visitor works for no organisation, or the query fails.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, concerned: Concerned) -> Result<Response, PageError> {
    practice_of(&visitor)?;
    let given = LONDON.day(pages.now()).to_string();
    let typed = TypedDose { given, number: "1".to_owned(), route: "intramuscular".to_owned(), ..TypedDose::default() };
    shown(&pages, &visitor, &concerned, typed, FieldFaults::none()).await
}

/// # Errors
/// If the form is not one of this server's, the visitor works for no organisation, or the query fails.
pub async fn record(State(pages): State<Pages>, concerned: Concerned, form: PostedForm) -> Result<Response, PageError> {
    let (visitor, typed) = (&form.visitor, TypedDose::posted(&form));
    let given = match typed.read(practice_of(visitor)?) {
        Ok(given) => given,
        Err(faults) => return shown(&pages, visitor, &concerned, typed, faults).await,
    };
    let dose: Option<DoseId> = random_id::of_form(&form.key).and_then(|id| id.parse().ok());
    let Some(dose) = dose else { return shown(&pages, visitor, &concerned, typed, FieldFaults::none()).await };
    let list = format!("{}/vaccinations", concerned.base);
    match pages.give(&form, &RecordDose { subject: concerned.subject, dose, given }).await {
        Ok(granted) => Ok(back_to(&format!("{list}?recorded"), granted.position)),
        Err(problem) => match refused(&problem) {
            Some(faults) => shown(&pages, visitor, &concerned, typed, faults).await,
            None => Ok(refusal::page(visitor, problem, vec![(list, "See the vaccinations".to_owned())])),
        },
    }
}

/// The faults that the programme finds in the dose, as sentences of the form.
fn refused(problem: &Problem) -> Option<FieldFaults> {
    let about_dose = [DOSE_INVALID.code, DOSE_GIVEN.code].contains(&problem.code());
    let faults = problem.member("faults").and_then(|faults| faults.as_array()).filter(|_| about_dose)?;
    let sentences: Vec<String> = faults.iter().filter_map(|fault| fault.as_str()).map(words::sentence).collect();
    Some(FieldFaults::one("dose", sentences.join(". ")))
}

async fn shown(
    pages: &Pages,
    visitor: &Visitor,
    concerned: &Concerned,
    typed: TypedDose,
    errors: FieldFaults,
) -> Result<Response, PageError> {
    let offered = pages.ask(visitor, &ListProgrammes {}).await?.answer.programmes;
    let layout = Layout::of(visitor, errors.titled(HEADING)).back(format!("{}/vaccinations", concerned.base));
    let page = RecordPage { layout, base: concerned.base.clone(), vaccines: choices(&offered), typed, errors };
    Ok(HtmlPage(page.errors.status(), page).into_response())
}

fn choices(programmes: &[OfferedProgramme]) -> Vec<VaccineChoice> {
    let of = |programme: &OfferedProgramme| {
        let choice = |vaccine: &OfferedVaccine| VaccineChoice {
            value: format!("{}.{}", programme.programme, vaccine.vaccine),
            label: format!("{}: {}", programme.title, vaccine.name),
        };
        programme.vaccines.iter().map(choice).collect::<Vec<_>>()
    };
    programmes.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_a_dose_and_each_field_that_does_not_read_is_a_fault() {
        let text = str::to_owned;
        let typed = TypedDose {
            vaccine: text("covid-19.comirnaty"),
            number: text("2"),
            lot: text("EL1484"),
            expires: text("2026-12-31"),
            given: text("2026-11-26"),
            by: text("Nora Example"),
            route: text("intramuscular"),
        };
        let site = || "A99001".parse().expect("a code");
        let given = typed.read(site()).map_err(|_| "it has faults").expect("it reads");
        assert_eq!((given.number, given.vaccine.as_str(), given.lot.as_str()), (2, "comirnaty", "EL1484"));
        let Err(faults) = TypedDose::default().read(site()) else { panic!("it reads") };
        let fields: Vec<_> = faults.list().iter().map(|fault| fault.name()).collect();
        assert_eq!(fields, ["vaccine", "number", "lot", "expires", "given", "by", "route"]);
    }

    #[test]
    fn the_faults_of_the_programme_stand_at_the_dose() {
        let rejected = DOSE_INVALID.with("faults", vec!["the lot expired on 2026-01-01, before the day of the dose"]);
        let faults = refused(&Problem::from(rejected)).expect("a fault");
        assert_eq!(faults.of("dose"), Some("The lot expired on 2026-01-01, before the day of the dose"));
    }
}
