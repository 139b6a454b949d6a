//! The day at a glance: every clinic session with its slots. An open page follows changes.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use event_core::{LocalDate, SubjectId};
use http_edge::{Problem, problem_catalogue::NOT_FOUND};
use page_engine::{HtmlPage, PageError, Pages, Visitor, encoded};
use queries::appointments::{DaySlot, SlotState};
use serde::Deserialize;
use vocabulary::{access::Permission, text::Reason, time::LONDON, vaccinations::ProgrammeId};

use super::{
    attendance::{AttendanceCell, at_part, noted, presence},
    chosen_day::ChosenDay,
    clinic::{ClinicDetails, ClinicOfDay},
    clocks::{self, ClockChange},
    day_slots::DaySlots,
    practice::practice_of,
};
use crate::{
    layout::{Layout, filters, has},
    vaccinations::visit,
    words,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "desk.html" as desk %}
{% block main %}
{% call forms::summary(day.errors) %}{% endcall %}
{% if let Some(done) = done %}{% call desk::done(done) %}{% endcall %}{% endif %}
<h1>{{ day.name() }}</h1>
{% call desk::days("/desk/days/", day) %}{% endcall %}
{% call desk::choose_day("/desk/days", day) %}{% endcall %}
{% if let Some(clocks) = clocks %}<div class="nhsuk-inset-text"><p>{{ clocks }}</p></div>{% endif %}
<div data-part="totals">{% if !clinics.is_empty() %}<p class="nhsuk-lede-text">{{ totals }}</p>{% endif %}{% if let Some(presence) = presence %}<p>{{ presence }}</p>{% endif %}</div>
{% if is_later %}<p><a href="/desk/days/{{ day.date }}">Show the day from its start</a></p>{% endif %}
<div data-part="sessions">
{% if clinics.is_empty() %}<p>There are no clinic sessions on this day.</p>{% endif %}
{% for clinic in clinics %}
<div data-part="{{ clinic.details.session }}">
<h2 class="nhsuk-heading-m nhsuk-u-margin-bottom-2">{{ clinic.details.time }}: {{ clinic.details.clinician }}</h2>
<p>{{ clinic.details.role }}. {{ clinic.details.what }}.</p>
<div class="frontdoor-scroll" tabindex="0" role="region" aria-label="Slots of {{ clinic.details.clinician }}, {{ clinic.details.time }}">
<table class="nhsuk-table nhsuk-table--compact">
<caption class="nhsuk-table__caption nhsuk-u-visually-hidden">Slots of {{ clinic.details.clinician }}, {{ clinic.details.time }}</caption>
<thead class="nhsuk-table__head"><tr class="nhsuk-table__row"><th class="nhsuk-table__header" scope="col">Time</th><th class="nhsuk-table__header" scope="col">State</th><th class="nhsuk-table__header" scope="col">Patient</th><th class="nhsuk-table__header" scope="col">Attendance</th><th class="nhsuk-table__header" scope="col">Reason</th></tr></thead>
<tbody class="nhsuk-table__body">
{% for row in clinic.rows %}
<tr class="nhsuk-table__row">
<th class="nhsuk-table__header" scope="row"{% if row.patients.len() > 1 %} rowspan="{{ row.patients.len() }}"{% endif %}>{{ row.time }}</th>
<td class="nhsuk-table__cell"{% if row.patients.len() > 1 %} rowspan="{{ row.patients.len() }}"{% endif %}><strong class="nhsuk-tag nhsuk-tag--{{ row.colour }}">{{ row.state }}</strong></td>
{% if row.patients.is_empty() %}<td class="nhsuk-table__cell"></td><td class="nhsuk-table__cell"></td><td class="nhsuk-table__cell"></td></tr>{% endif %}
{% for patient in row.patients %}
{% if !loop.first %}<tr class="nhsuk-table__row">{% endif %}
<td class="nhsuk-table__cell"><a href="{{ patient.address }}"><span class="nhsuk-u-visually-hidden">Patient </span>{{ patient.name }}</a></td>
<td class="nhsuk-table__cell">{% if let Some(attendance) = patient.attendance %}{{ attendance.state }}
{% if !attendance.steps.is_empty() %}
<form action="/desk/days/{{ day.date }}/attendance{{ at_part }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<input type="hidden" name="patient" value="{{ patient.subject }}">
<input type="hidden" name="session" value="{{ clinic.details.session }}">
<input type="hidden" name="starts-at" value="{{ attendance.starts_at }}">
{% for step in attendance.steps %}<button class="nhsuk-button nhsuk-button--secondary nhsuk-button--small nhsuk-u-margin-bottom-1" name="step" value="{{ step.0 }}">{{ step.1 }}<span class="nhsuk-u-visually-hidden">: {{ patient.name }} at {{ row.time }}</span></button>
{% endfor %}
</form>
{% endif %}
{% endif %}</td>
<td class="nhsuk-table__cell frontdoor-typed">{{ patient.note }}</td></tr>
{% endfor %}
{% endfor %}
</tbody>
</table>
</div>
</div>
{% endfor %}
</div>
{% if let Some(next) = next %}<p><a href="/desk/days/{{ day.date }}?part={{ next }}">Show later slots</a></p>{% endif %}
{% if has_clinics %}<p><a href="/desk/sessions?date={{ day.date }}">Change the clinic sessions of this day</a></p>{% endif %}
{% endblock %}"#
)]
struct DayPage {
    layout: Layout,
    day: ChosenDay,
    clocks: Option<String>,
    totals: String,
    /// The numbers of patients that are here and that are still to come.
    presence: Option<String>,
    clinics: Vec<ClinicTable>,
    /// The step that was done just before.
    done: Option<&'static str>,
    /// The part of the day, as its addresses name it.
    at_part: String,
    /// True if the visitor may change clinic sessions.
    has_clinics: bool,
    is_later: bool,
    next: Option<String>,
}

struct ClinicTable {
    details: ClinicDetails,
    rows: Vec<SlotLine>,
}

/// A slot. It has a line for each patient, or one line without a patient.
struct SlotLine {
    time: String,
    state: String,
    colour: &'static str,
    patients: Vec<PatientOfSlot>,
}

struct PatientOfSlot {
    subject: SubjectId,
    /// The page of the patient. In a clinic for vaccinations it is the page of the visit, because the patient can be registered at
    /// another practice.
    address: String,
    name: String,
    /// Absent for a hold.
    attendance: Option<AttendanceCell>,
    /// The reason of a booking, or the end of a hold.
    note: String,
}

impl SlotLine {
    fn of(slot: &DaySlot, vaccinates: bool) -> SlotLine {
        let is_visit = vaccinates && ProgrammeId::of_service(&slot.service).is_some();
        let of_patient = |patient: SubjectId| format!("/desk/patients/{patient}");
        let taken = slot.bookings.len() + slot.holds.len();
        let (mut state, colour) = match slot.state {
            SlotState::Free => ("Free".to_owned(), "green"),
            SlotState::Held => {
                let until = slot.holds.iter().map(|hold| hold.until).min();
                (until.map_or("Held".to_owned(), |until| format!("Held until {}", words::time(until))), "yellow")
            }
            SlotState::Booked => ("Booked".to_owned(), "blue"),
        };
        if slot.capacity > 1 {
            state = format!("{state}, {taken} of {} places taken", slot.capacity);
        }
        let bookings = slot.bookings.iter().map(|booking| PatientOfSlot {
            subject: booking.patient,
            address: match is_visit {
                true => visit::address(&slot.session, booking.starts_at, booking.patient),
                false => of_patient(booking.patient),
            },
            name: booking.name.as_ref().map_or_else(|| short(booking.patient), |name| name.as_str().to_owned()),
            attendance: Some(AttendanceCell::of(booking, slot.starts_at)),
            note: booking.reason.as_ref().map_or("None given", Reason::as_str).to_owned(),
        });
        let holds = slot.holds.iter().map(|hold| PatientOfSlot {
            subject: hold.patient,
            address: of_patient(hold.patient),
            name: short(hold.patient),
            attendance: None,
            note: format!("Not booked: the patient holds it until {}", words::time(hold.until)),
        });
        SlotLine { time: clocks::time(slot.starts_at), state, colour, patients: bookings.chain(holds).collect() }
    }
}

/// The first characters of the id of a patient, in place of a name that the day does not have.
fn short(subject: SubjectId) -> String {
    subject.to_string().chars().take(8).collect()
}

/// `36 slots: 20 free, 1 held, 15 booked`
fn totals(slots: &[DaySlot], is_whole: bool) -> String {
    let of = |state| slots.iter().filter(|slot| slot.state == state).count();
    let (free, held, booked) = (of(SlotState::Free), of(SlotState::Held), of(SlotState::Booked));
    let all = words::count(slots.len() as u64, "slot", "slots");
    let here = if is_whole { "" } else { " on this page" };
    format!("{all}{here}: {free} free, {held} held, {booked} booked")
}

#[derive(Deserialize)]
pub struct DayForm {
    date: Option<String>,
}

/// The part of the day, and what was done just before.
#[derive(Default, Deserialize)]
pub struct DayPart {
    part: Option<String>,
    published: Option<String>,
    noted: Option<String>,
}

impl DayPart {
    fn done(&self) -> Option<&'static str> {
        match (&self.published, &self.noted) {
            (Some(_), _) => Some("The clinic session is published. Its slots can be booked."),
            (None, Some(step)) => noted(step),
            (None, None) => None,
        }
    }
}

/// Leads to the chosen day, or to today.
///
/// # Errors
/// If the visitor may not see the day, or the query fails.
pub async fn chosen(
    State(pages): State<Pages>,
    visitor: Visitor,
    Query(form): Query<DayForm>,
) -> Result<Response, PageError> {
    let day = ChosenDay::read(form.date.as_deref(), LONDON.day(pages.now()));
    if day.errors.is_empty() {
        return Ok(Redirect::to(&format!("/desk/days/{}", day.date)).into_response());
    }
    shown(&pages, &visitor, day, DayPart::default()).await
}

/// # Errors
/// If the visitor may not see the day, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    Path(date): Path<String>,
    Query(part): Query<DayPart>,
) -> Result<Response, PageError> {
    shown(&pages, &visitor, ChosenDay::of(in_address(&date)?), part).await
}

/// Tells an open page that the day has changed.
///
/// # Errors
/// If the visitor may not see the day.
pub async fn live(
    State(pages): State<Pages>,
    visitor: Visitor,
    Path(date): Path<String>,
    Query(part): Query<DayPart>,
) -> Result<Response, PageError> {
    let date = in_address(&date)?;
    DaySlots::read(&pages, &visitor, date, part.part.as_deref()).await?;
    let topic = format!("day {} {date} {}", practice_of(&visitor)?, part.part.as_deref().unwrap_or_default());
    let look = {
        let pages = pages.clone();
        move || {
            let (pages, visitor, part) = (pages.clone(), visitor.up_to_date(), part.part.clone());
            async move { DaySlots::read(&pages, &visitor, date, part.as_deref()).await.ok()?.fingerprint() }
        }
    };
    Ok(pages.live(Some(topic), look))
}

fn in_address(date: &str) -> Result<LocalDate, PageError> {
    date.parse().map_err(|_| Problem::of(&NOT_FOUND).into())
}

async fn shown(pages: &Pages, visitor: &Visitor, day: ChosenDay, part: DayPart) -> Result<Response, PageError> {
    let read = DaySlots::read(pages, visitor, day.date, part.part.as_deref()).await?;
    let at_part = at_part(part.part.as_deref());
    let title = if day.errors.is_empty() { day.name() } else { format!("Error: {}", day.name()) };
    let layout = Layout::of(visitor, title).stale(read.stale).live(format!("/desk/days/{}/live{at_part}", day.date));
    let vaccinates = has(visitor.caller(), Permission::Vaccinating);
    let clinics = ClinicOfDay::all(&read.slots).into_iter().map(|clinic| ClinicTable {
        details: clinic.details(),
        rows: clinic.slots.iter().map(|slot| SlotLine::of(slot, vaccinates)).collect(),
    });
    let status = day.errors.status();
    let shown = DayPage {
        layout,
        clocks: ClockChange::on(day.date).map(|change| change.sentence()),
        totals: totals(&read.slots, part.part.is_none() && read.next.is_none()),
        presence: presence(&read.slots),
        clinics: clinics.collect(),
        done: part.done(),
        at_part,
        has_clinics: has(visitor.caller(), Permission::Clinics),
        is_later: part.part.is_some(),
        next: read.next.as_deref().map(encoded),
        day,
    };
    Ok(HtmlPage(status, shown).into_response())
}
