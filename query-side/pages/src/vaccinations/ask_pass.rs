//! Asking for a vaccination pass for a dose.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::vaccinations::{
    issue_pass::{IssuePass, PassName},
    rejections::NAME_DIFFERS,
};
use event_core::strictness::strictly;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use passes::HolderText;
use queries::registrations::SeeRegistration;
use query_engine::page::Paging;
use serde::Deserialize;
use vocabulary::vaccinations::{DoseId, PassId};

use crate::{
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
    random_id, refusal,
};

const HEADING: &str = "Get a vaccination pass";

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
<p>A pass proves this vaccination with a QR code, also without a connection. It is valid for {{ passes::PASS_VALID_DAYS }} days; then you can get another one.</p>
<p>Write the registered name in two parts, as a passport has it. If there is one part only, it is the surname.</p>
<form action="{{ address }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
{% call desk::field(errors, "forename", "Forenames", "", typed.forename, "text", "30") %}{% endcall %}
{% call desk::field(errors, "surname", "Surname", "", typed.surname, "text", "30") %}{% endcall %}
<button class="nhsuk-button">Get the pass</button>
</form>
</div></div>
{% endblock %}"#
)]
struct AskPassPage {
    layout: Layout,
    address: String,
    typed: TypedName,
    errors: FieldFaults,
}

/// The two parts of a name as they were typed.
#[derive(Default)]
struct TypedName {
    forename: String,
    surname: String,
}

impl TypedName {
    /// The parts that the form suggests: the last word as surname, the others as forenames.
    fn of(registered: &str) -> TypedName {
        let (forename, surname) = registered.trim().rsplit_once(' ').unwrap_or(("", registered.trim()));
        TypedName { forename: forename.trim().to_owned(), surname: surname.to_owned() }
    }

    fn read(&self) -> Result<PassName, FieldFaults> {
        let mut faults = FieldFaults::none();
        let mut part = |field: &'static str, text: &str| {
            let text = text.trim();
            let part: Option<Result<HolderText, _>> = (!text.is_empty()).then(|| strictly(|| text.parse()));
            part.and_then(|part| faults.read(field, part.map_err(|_| "Enter at most 80 visible characters")))
        };
        let (forename, surname) = (part("forename", &self.forename), part("surname", &self.surname));
        if !faults.is_empty() {
            return Err(faults);
        }
        let surname = surname.ok_or_else(|| FieldFaults::one("surname", "Enter the surname"))?;
        Ok(PassName { surname, forename, surname_latin: None, forename_latin: None })
    }
}

#[derive(Deserialize)]
pub struct DosePath {
    pub dose: DoseId,
}

/// # Errors
/// If the visitor may not see this person's vaccinations.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<DosePath>,
) -> Result<Response, PageError> {
    let asked = pages.asked(&visitor, &SeeRegistration { subject: concerned.subject }, Paging::default()).await;
    // Staff that may not see registrations type the name.
    let name = asked.outcome.ok().and_then(|registration| registration.name);
    let typed = name.map(|name| TypedName::of(name.as_str())).unwrap_or_default();
    Ok(shown(&visitor, &concerned, &path.dose, typed, FieldFaults::none()))
}

/// # Errors
/// If the form is not one of this server's.
pub async fn issue(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(path): Path<DosePath>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let (visitor, dose) = (&form.visitor, path.dose);
    let typed = TypedName { forename: form.text("forename").to_owned(), surname: form.text("surname").to_owned() };
    let name = match typed.read() {
        Ok(name) => name,
        Err(faults) => return Ok(shown(visitor, &concerned, &dose, typed, faults)),
    };
    let pass: Option<PassId> = random_id::of_form(&form.key).and_then(|id| id.parse().ok());
    let Some(pass) = pass else { return Ok(shown(visitor, &concerned, &dose, typed, FieldFaults::none())) };
    let address = format!("{}/vaccinations/passes/{pass}", concerned.base);
    let command = IssuePass { subject: concerned.subject, pass, dose: dose.clone(), name };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&address, granted.position),
        Err(problem) if problem.code() == NAME_DIFFERS.code => {
            let fault = "Forenames and surname together must be the registered name";
            shown(visitor, &concerned, &dose, typed, FieldFaults::one("forename", fault))
        }
        Err(problem) => {
            let list = format!("{}/vaccinations", concerned.base);
            refusal::page(visitor, problem, vec![(list, "See the vaccinations and the passes".to_owned())])
        }
    })
}

fn shown(visitor: &Visitor, concerned: &Concerned, dose: &DoseId, typed: TypedName, errors: FieldFaults) -> Response {
    let list = format!("{}/vaccinations", concerned.base);
    let layout = Layout::of(visitor, errors.titled(HEADING)).back(list.clone());
    let page = AskPassPage { layout, address: format!("{list}/{dose}/pass"), typed, errors };
    HtmlPage(page.errors.status(), page).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registered_name_is_offered_in_two_parts() {
        let parts = |name| {
            let typed = TypedName::of(name);
            (typed.forename, typed.surname)
        };
        let of = |forename: &str, surname: &str| (forename.to_owned(), surname.to_owned());
        assert_eq!(parts("Alice Anna Example"), of("Alice Anna", "Example"));
        assert_eq!(parts("Alice"), of("", "Alice"));
    }

    #[test]
    fn a_name_without_a_surname_is_a_fault() {
        let fault = |forename: &str, surname: &str| {
            let typed = TypedName { forename: forename.to_owned(), surname: surname.to_owned() };
            typed
                .read()
                .err()
                .map(|faults| faults.list().iter().map(|fault| fault.field.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(fault("Alice", " "), Some(vec!["surname".to_owned()]));
        assert_eq!(fault(&"a".repeat(81), "\u{1}"), Some(vec!["forename".to_owned(), "surname".to_owned()]));
        assert_eq!((fault("Zoë", "Example"), fault("", "Example")), (None, None));
    }
}
