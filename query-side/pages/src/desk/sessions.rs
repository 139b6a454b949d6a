//! The clinic sessions of a day, and what can be done with each.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, Visitor, encoded};
use serde::Deserialize;
use vocabulary::time::LONDON;

use super::{
    chosen_day::ChosenDay,
    clinic::{ClinicDetails, ClinicOfDay},
    day_slots::DaySlots,
};
use crate::layout::{Layout, filters};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "desk.html" as desk %}
{% block main %}
{% call forms::summary(day.errors) %}{% endcall %}
{% if let Some(done) = done %}{% call desk::done(done) %}{% endcall %}{% endif %}
<span class="nhsuk-caption-l">{{ day.name() }}</span>
<h1>Clinic sessions</h1>
{% call desk::days("/desk/sessions?date=", day) %}{% endcall %}
{% call desk::choose_day("/desk/sessions", day) %}{% endcall %}
<p><a class="nhsuk-button" href="/desk/sessions/new?date={{ day.date }}">Publish a clinic session</a></p>
{% if clinics.is_empty() %}
<p>There are no clinic sessions on this day.</p>
{% else %}
<div class="frontdoor-scroll" tabindex="0" role="region" aria-label="Clinic sessions of {{ day.name() }}">
<table class="nhsuk-table">
<caption class="nhsuk-table__caption">Sessions of {{ day.name() }}</caption>
<thead class="nhsuk-table__head"><tr class="nhsuk-table__row"><th class="nhsuk-table__header" scope="col">Time</th><th class="nhsuk-table__header" scope="col">Clinician</th><th class="nhsuk-table__header" scope="col">Appointments</th><th class="nhsuk-table__header" scope="col">Slots</th><th class="nhsuk-table__header nhsuk-table__header--numeric" scope="col">Booked</th><th class="nhsuk-table__header" scope="col">Change</th></tr></thead>
<tbody class="nhsuk-table__body">
{% for clinic in clinics %}
<tr class="nhsuk-table__row">
<th class="nhsuk-table__header" scope="row">{{ clinic.time }}</th>
<td class="nhsuk-table__cell">{{ clinic.clinician }}, {{ clinic.role }}</td>
<td class="nhsuk-table__cell">{{ clinic.what }}</td>
<td class="nhsuk-table__cell">{{ clinic.slots }}</td>
<td class="nhsuk-table__cell nhsuk-table__cell--numeric">{{ clinic.booked }}</td>
<td class="nhsuk-table__cell"><a href="/desk/sessions/{{ clinic.session }}/change?date={{ day.date }}">Change<span class="nhsuk-u-visually-hidden"> the session of {{ clinic.clinician }}, {{ clinic.time }}</span></a><br><a href="/desk/sessions/{{ clinic.session }}/extend?date={{ day.date }}">Extend<span class="nhsuk-u-visually-hidden"> the session of {{ clinic.clinician }}, {{ clinic.time }}</span></a><br><a href="/desk/sessions/{{ clinic.session }}/withdraw?date={{ day.date }}">Withdraw<span class="nhsuk-u-visually-hidden"> the session of {{ clinic.clinician }}, {{ clinic.time }}</span></a></td>
</tr>
{% endfor %}
</tbody>
</table>
</div>
{% endif %}
{% if let Some(next) = next %}<p><a href="/desk/sessions?date={{ day.date }}&amp;part={{ next }}">Show later sessions</a></p>{% endif %}
<p><a href="/desk/days/{{ day.date }}">See the slots of this day</a></p>
{% endblock %}"#
)]
struct SessionsPage {
    layout: Layout,
    day: ChosenDay,
    clinics: Vec<ClinicDetails>,
    done: Option<&'static str>,
    next: Option<String>,
}

/// The day, its part, and the change that was made just before.
#[derive(Deserialize)]
pub struct SessionsOf {
    date: Option<String>,
    part: Option<String>,
    withdrawn: Option<String>,
    extended: Option<String>,
    amended: Option<String>,
}

impl SessionsOf {
    fn done(&self) -> Option<&'static str> {
        let all = [
            (&self.withdrawn, "The clinic session is withdrawn. Patients who had booked it get a message."),
            (&self.extended, "The clinic session is extended. The new slots can be booked."),
            (&self.amended, "The clinic session is changed. Patients whose appointments no longer fit get a message."),
        ];
        all.into_iter().find(|(done, _)| done.is_some()).map(|(_, text)| text)
    }
}

/// # Errors
/// If the visitor may not see the day, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    Query(of): Query<SessionsOf>,
) -> Result<Response, PageError> {
    let day = ChosenDay::read(of.date.as_deref(), LONDON.day(pages.now()));
    let read = DaySlots::read(&pages, &visitor, day.date, of.part.as_deref()).await?;
    let done = of.done();
    let title = if day.errors.is_empty() { "Clinic sessions" } else { "Error: Clinic sessions" };
    let layout = Layout::of(&visitor, title).stale(read.stale);
    let clinics = ClinicOfDay::all(&read.slots).iter().map(ClinicOfDay::details).collect();
    let (status, next) = (day.errors.status(), read.next.as_deref().map(encoded));
    Ok(HtmlPage(status, SessionsPage { layout, day, clinics, done, next }).into_response())
}
