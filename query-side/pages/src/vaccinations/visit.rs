//! A person that comes to the site for a vaccination, as its staff see them, wherever the person is registered.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use event_core::{SubjectId, Timestamp};
use page_engine::{HtmlPage, PageError, Pages, Visitor, encoded};
use queries::vaccinations::{DeclaredAnswers, SeeVaccinationVisit, VaccinationDose, VaccinationVisit};
use serde::Deserialize;
use vocabulary::SessionId;

use super::{dose_card::DoseCard, list::VaccinationDone};
use crate::{
    concerned::Concerned,
    desk::practice_of,
    layout::{Layout, filters},
    words,
};

/// The beginning of the addresses of a visit.
pub const VISIT: &str = "/desk/visits/{session}/{at}/{subject}";

/// The address of a visit.
pub fn address(session: &SessionId, starts_at: Timestamp, patient: SubjectId) -> String {
    format!("/desk/visits/{session}/{}/{patient}/vaccinations", encoded(&starts_at.to_string()))
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "desk.html" as desk %}
{% import "vaccinations.html" as vaccinations %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% if let Some(done) = done %}{% call desk::done(done) %}{% endcall %}{% endif %}
<h1>{{ layout.title }}</h1>
<dl class="nhsuk-summary-list">
{% for row in rows %}<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">{{ row.0 }}</dt><dd class="nhsuk-summary-list__value frontdoor-typed">{{ row.1 }}</dd></div>
{% endfor %}
</dl>
<h2>Declared before the booking</h2>
{% match declared %}
{% when None %}<div class="nhsuk-inset-text"><p>The answers cannot be shown. Ask the questions again before you vaccinate.</p></div>
{% when Some with (declared) %}
{% if declared.is_empty() %}<p>Nothing that speaks against the vaccination.</p>{% else %}
<ul class="nhsuk-list nhsuk-list--bullet">
{% for one in declared %}<li>{{ one }}</li>
{% endfor %}
</ul>
{% endif %}
{% endmatch %}
<p><a class="nhsuk-button" href="{{ base }}/vaccinations/new">Record a dose</a></p>
<h2>Doses so far</h2>
{% if doses.is_empty() %}<p>No dose of this programme is recorded.</p>{% endif %}
{% for dose in doses %}{% call vaccinations::card(dose) %}{% endcall %}{% endfor %}
</div></div>
{% endblock %}"#
)]
struct VisitPage {
    layout: Layout,
    base: String,
    done: Option<&'static str>,
    rows: Vec<(&'static str, String)>,
    /// `None` if the answers are not known here.
    declared: Option<Vec<String>>,
    doses: Vec<DoseCard>,
}

#[derive(Deserialize)]
pub struct VisitPath {
    session: SessionId,
    at: Timestamp,
    subject: SubjectId,
}

/// # Errors
/// If the visitor works for no site, the person has no such appointment there, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<VisitPath>,
    Query(done): Query<VaccinationDone>,
) -> Result<Response, PageError> {
    let site = practice_of(&visitor)?;
    let query =
        SeeVaccinationVisit { site: site.clone(), session: path.session, starts_at: path.at, patient: path.subject };
    let found = pages.ask(&visitor, &query).await?;
    let visit = found.answer;
    let back = format!("/desk/days/{}", vocabulary::time::LONDON.day(query.starts_at));
    let to_void = |dose: &VaccinationDose| {
        let voidable = dose.voided_at.is_none() && dose.given.site == site;
        voidable.then(|| format!("{}/vaccinations/{}/void", concerned.base, dose.dose))
    };
    let page = VisitPage {
        layout: Layout::of(&visitor, "Vaccination visit").back(back).stale(found.stale),
        rows: facts(&visit, query.starts_at),
        declared: visit.declared.as_ref().map(declared),
        done: done.done(),
        doses: visit
            .doses
            .into_iter()
            .map(|dose| {
                let to_void = to_void(&dose);
                DoseCard::of(dose, None, to_void)
            })
            .collect(),
        base: concerned.base,
    };
    Ok(HtmlPage::ok(page).into_response())
}

fn facts(visit: &VaccinationVisit, starts_at: Timestamp) -> Vec<(&'static str, String)> {
    let details = &visit.details;
    let mut rows = Vec::new();
    rows.extend(details.name.as_ref().map(|name| ("Name", name.as_str().to_owned())));
    rows.extend(details.born_on.map(|born| ("Date of birth", words::date_of_birth(born.0))));
    rows.extend(details.nhs_number.as_ref().map(|number| ("NHS number", words::nhs_number(number))));
    let programme = visit.programme_title.clone().unwrap_or_else(|| visit.programme.to_string());
    rows.push(("Vaccination", visit.number.map_or(programme.clone(), |number| format!("{programme}, dose {number}"))));
    rows.push(("Appointment", words::date_and_time(starts_at)));
    rows
}

fn declared(answers: &DeclaredAnswers) -> Vec<String> {
    let groups = answers.cohorts.iter().map(|cohort| format!("Group: {cohort}"));
    let answers = answers.contraindications.iter().map(|answer| match answer.on {
        Some(on) => format!("{} Yes, on {}", answer.question, words::day(on)),
        None => format!("{} Yes", answer.question),
    });
    answers.chain(groups).collect()
}
