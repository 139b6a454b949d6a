//! Changing a clinic session: the form, a look at the bookings that no longer fit, and the change.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use domain::appointments::{
    AmendSession,
    rejections::{BOOKINGS_AFFECTED, BOOKINGS_CHANGED, SESSION_INVALID},
};
use event_core::LocalDate;
use http_edge::{Problem, problem_catalogue::NOT_FOUND};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, see_other};
use queries::appointments::{ClinicSession, SessionBookings};
use serde::{Deserialize, Serialize};
use vocabulary::{
    SessionId,
    appointments::{BookedPlace, SessionCut, SessionPublished},
};

use super::{
    bookings::{BookingLine, SeenBookings, of_session},
    clinic::what,
    overlap,
    session_day::{SessionDay, see},
    session_form::{CHANNELS, SessionForm, TIME_HINT, WHOLE, why},
};
use crate::{
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal, words,
};

const HEADING: &str = "Change this clinic session";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "desk.html" as desk %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<span class="nhsuk-caption-l">{{ day }}</span>
<h1>{{ HEADING }}</h1>
<p>Enter the session as it should be. Before anything changes, you see which appointments would no longer fit.</p>
<form action="/desk/sessions/{{ session }}/change?date={{ date }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<div id="session" tabindex="-1" class="nhsuk-form-group{% if errors.of("session").is_some() %} nhsuk-form-group--error{% endif %}">
{% call forms::message(errors, "session") %}{% endcall %}
{% call desk::field(errors, "from", "Start", TIME_HINT, typed.from, "time", "10") %}{% endcall %}
{% call desk::field(errors, "until", "End", TIME_HINT, typed.until, "time", "10") %}{% endcall %}
{% call desk::field(errors, "minutes", "Minutes of a slot", "", typed.minutes, "number", "4") %}{% endcall %}
{% call desk::field(errors, "capacity", "Patients in a slot", "How many patients can have the same slot. Usually 1.", typed.capacity, "number", "4") %}{% endcall %}
{% call desk::channel(errors, typed) %}{% endcall %}
{% call desk::field(errors, "name", "Clinician's name", "As patients see it, like Dr Amara Okafor.", typed.name, "text", "30") %}{% endcall %}
{% call desk::field(errors, "role", "Clinician's role", "Like General practitioner.", typed.role, "text", "30") %}{% endcall %}
</div>
<button class="nhsuk-button">Show what changes</button>
</form>
<p><a href="/desk/sessions?date={{ date }}">Leave it as it is</a></p>
</div></div>
{% endblock %}"#
)]
struct AmendSessionPage {
    layout: Layout,
    day: String,
    date: LocalDate,
    session: SessionId,
    typed: SessionForm,
    errors: FieldFaults,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "desk.html" as desk %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<span class="nhsuk-caption-l">{{ day }}</span>
<h1>{{ layout.title }}</h1>
{% call desk::changes(changes) %}{% endcall %}
<dl class="nhsuk-summary-list">
{% for row in rows %}<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">{{ row.0 }}</dt><dd class="nhsuk-summary-list__value">{{ row.2 }}{% if row.1 != row.2 %}<br><span class="nhsuk-u-secondary-text-colour">Until now: {{ row.1 }}</span>{% endif %}</dd></div>
{% endfor %}
</dl>
{% if ending.is_empty() %}
<p>{% if staying == 0 %}Nobody has booked this session.{% else %}Every appointment that is booked still fits.{% endif %}</p>
{% else %}
<h2>{{ count }} will not take place</h2>
<p>Each patient below gets a message that says so, and can book again.{% if staying > 0 %} {{ stay }} as before.{% endif %}</p>
{% call desk::bookings(ending) %}{% endcall %}
{% endif %}
<form action="/desk/sessions/{{ session }}/change/check?date={{ date }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
{% if let Some(version) = version %}<input type="hidden" name="affected" value="{{ version }}">{% endif %}
<button class="nhsuk-button{% if !ending.is_empty() %} nhsuk-button--warning{% endif %}">Change this session</button>
</form>
<p><a href="/desk/sessions/{{ session }}/change?date={{ date }}&amp;again">Enter something else</a></p>
<p><a href="/desk/sessions?date={{ date }}">Leave the session as it is</a></p>
</div></div>
{% endblock %}"#
)]
struct AmendCheckPage {
    layout: Layout,
    day: String,
    date: LocalDate,
    session: SessionId,
    changes: Vec<String>,
    /// The name of a property, its value until now, and its value after the change.
    rows: Vec<(&'static str, String, String)>,
    count: String,
    ending: Vec<BookingLine>,
    staying: usize,
    stay: String,
    /// The version of the list of bookings, if some of them no longer fit.
    version: Option<String>,
}

/// The name of the draft.
const DRAFT: &str = "changed session";

/// A change of a session that was typed.
#[derive(Serialize, Deserialize)]
struct SessionChangeDraft {
    session: SessionId,
    typed: SessionForm,
}

#[derive(Deserialize)]
pub struct AmendmentOn {
    date: LocalDate,
    /// Present to change what was typed before.
    again: Option<String>,
    /// Present if the change was refused because the bookings had changed.
    changed: Option<String>,
}

/// # Errors
/// If the session is not known, the visitor may not see it, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    Path(session): Path<SessionId>,
    Query(on): Query<AmendmentOn>,
) -> Result<Response, PageError> {
    let now = found(&pages, &visitor, &session).await?;
    let draft: Option<SessionChangeDraft> = match on.again {
        Some(_) => pages.kept(&visitor, DRAFT).await?,
        None => None,
    };
    let typed = draft.filter(|draft| draft.session == session).map(|draft| draft.typed);
    Ok(shown(&visitor, &now, typed.unwrap_or_else(|| SessionForm::of(&now)), FieldFaults::none()))
}

/// Keeps what was typed, and leads to the check.
///
/// # Errors
/// If there is no such session, the form is not one of this server's, or the draft cannot be kept.
pub async fn preview(
    State(pages): State<Pages>,
    Path(session): Path<SessionId>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let visitor = &form.visitor;
    let now = found(&pages, visitor, &session).await?;
    let typed = SessionForm::changed(&form, &now);
    if let Err(faults) = planned(&typed, session.clone()) {
        return Ok(shown(visitor, &now, typed, faults));
    }
    pages.keep(visitor, DRAFT, &SessionChangeDraft { session: session.clone(), typed }).await?;
    Ok(see_other(&format!("/desk/sessions/{session}/change/check?date={}", now.on)))
}

/// # Errors
/// If the session does not exist, or the query fails.
pub async fn check(
    State(pages): State<Pages>,
    visitor: Visitor,
    Path(session): Path<SessionId>,
    Query(on): Query<AmendmentOn>,
) -> Result<Response, PageError> {
    let now = found(&pages, &visitor, &session).await?;
    let Some(typed) = kept(&pages, &visitor, &session).await? else { return Ok(to_form(&session, on.date)) };
    let plan = match planned(&typed, session.clone()) {
        Ok(plan) => plan,
        Err(faults) => return Ok(shown(&visitor, &now, typed, faults)),
    };
    let list = of_session(&pages, &visitor, now.on, &session).await?;
    let changes = match on.changed {
        Some(_) => SeenBookings::changes(&pages, &visitor, &list).await?,
        None => {
            SeenBookings::keep(&pages, &visitor, &list).await?;
            Vec::new()
        }
    };
    let ending = misfits(&now, &plan, &list);
    let staying = list.bookings.len() - ending.len();
    let shown = AmendCheckPage {
        layout: Layout::of(&visitor, "Check and change")
            .back(format!("/desk/sessions/{session}/change?date={}&again", now.on)),
        day: words::day(now.on),
        date: now.on,
        session,
        changes,
        rows: rows(&now, &plan),
        count: words::count(ending.len() as u64, "appointment", "appointments"),
        version: (!ending.is_empty()).then(|| list.version.to_string()),
        ending,
        staying,
        stay: words::count(staying as u64, "other appointment stays", "other appointments stay"),
    };
    Ok(HtmlPage::ok(shown).into_response())
}

/// # Errors
/// If there is no such session, the form is not one of this server's, or the draft cannot be read.
pub async fn confirm(
    State(pages): State<Pages>,
    Path(session): Path<SessionId>,
    Query(on): Query<SessionDay>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let visitor = &form.visitor;
    let now = found(&pages, visitor, &session).await?;
    let Some(typed) = kept(&pages, visitor, &session).await? else { return Ok(to_form(&session, on.date)) };
    let plan = match planned(&typed, session.clone()) {
        Ok(plan) => plan,
        Err(faults) => return Ok(shown(visitor, &now, typed, faults)),
    };
    let command = AmendSession {
        session: session.clone(),
        from: plan.from,
        until: plan.until,
        slot_minutes: plan.timetable.slot_minutes,
        capacity: plan.capacity,
        channel: plan.channel,
        practitioner: plan.practitioner,
        affected: form.text("affected").parse().ok(),
        practitioner_day: overlap::day_of(&now),
    };
    let problem = match pages.give(&form, &command).await {
        Ok(granted) => return Ok(back_to(&format!("{}&amended", on.address()), granted.position)),
        Err(problem) => problem,
    };
    if [BOOKINGS_AFFECTED.code, BOOKINGS_CHANGED.code].contains(&problem.code()) {
        return Ok(see_other(&format!("/desk/sessions/{session}/change/check?date={}&changed", on.date)));
    }
    if problem.code() == SESSION_INVALID.code {
        return Ok(shown(visitor, &now, typed, FieldFaults::one(WHOLE, why(&problem))));
    }
    if let Some(sentence) = overlap::sentence(&pages, visitor, &problem).await {
        return Ok(shown(visitor, &now, typed, FieldFaults::one(WHOLE, sentence)));
    }
    let again = (format!("/desk/sessions/{session}/change?date={}&again", on.date), "Try again".to_owned());
    let sessions = (on.address(), "See the sessions of its day as they are now".to_owned());
    Ok(refusal::page(visitor, problem, vec![again, sessions]))
}

async fn found(pages: &Pages, visitor: &Visitor, session: &SessionId) -> Result<ClinicSession, PageError> {
    see(pages, visitor, session).await?.ok_or_else(|| Problem::of(&NOT_FOUND).into())
}

async fn kept(pages: &Pages, visitor: &Visitor, session: &SessionId) -> Result<Option<SessionForm>, PageError> {
    let draft: Option<SessionChangeDraft> = pages.kept(visitor, DRAFT).await?;
    Ok(draft.filter(|draft| draft.session == *session).map(|draft| draft.typed))
}

fn to_form(session: &SessionId, date: LocalDate) -> Response {
    see_other(&format!("/desk/sessions/{session}/change?date={date}"))
}

/// The session as it would be published after the change.
fn planned(typed: &SessionForm, session: SessionId) -> Result<SessionPublished, FieldFaults> {
    let published = typed.read(session)?.published();
    published.map_err(|rejected| FieldFaults::one(WHOLE, why(&Problem::from(rejected))))
}

/// The bookings of which a place does not fit the plan.
fn misfits(now: &ClinicSession, plan: &SessionPublished, list: &SessionBookings) -> Vec<BookingLine> {
    let before = SessionCut { timetable: now.timetable.clone(), capacity: now.capacity, channel: now.channel };
    let coming = || list.bookings.iter().filter(|booking| booking.is_coming);
    let place = |by| move |starts_at: &_| BookedPlace { starts_at: *starts_at, by };
    let places = coming().flat_map(|booking| booking.slots.iter().map(place(booking.patient)));
    let misfits = before.misfits(&SessionCut::of(plan), places);
    let is_one = |starts_at: &_, by| misfits.iter().any(|place| place.starts_at == *starts_at && place.by == by);
    let ending = coming().filter(|booking| booking.slots.iter().any(|slot| is_one(slot, booking.patient)));
    ending.map(BookingLine::of).collect()
}

/// Each property of the session, until now and after the change.
fn rows(now: &ClinicSession, plan: &SessionPublished) -> Vec<(&'static str, String, String)> {
    let time = |from, until| format!("{} to {}", words::clock(from), words::clock(until));
    let slots = |table: &vocabulary::appointments::Timetable, capacity: u16| {
        let slots = words::count(table.slots().count() as u64, "slot", "slots");
        let minutes = words::count(table.slot_minutes.into(), "minute", "minutes");
        format!("{slots} of {minutes}, each for {}", words::count(capacity.into(), "patient", "patients"))
    };
    let clinician = |one: &vocabulary::appointments::Practitioner| format!("{}, {}", one.name, one.role);
    vec![
        ("Time", time(now.from, now.until), time(plan.from, plan.until)),
        ("Slots", slots(&now.timetable, now.capacity), slots(&plan.timetable, plan.capacity)),
        ("Appointments", what(&now.service, now.channel), what(&plan.service, plan.channel)),
        ("Clinician", clinician(&now.practitioner), clinician(&plan.practitioner)),
    ]
}

fn shown(visitor: &Visitor, now: &ClinicSession, typed: SessionForm, errors: FieldFaults) -> Response {
    let on = SessionDay { date: now.on };
    let layout = Layout::of(visitor, errors.titled(HEADING)).back(on.address());
    let (status, day, session) = (errors.status(), words::day(now.on), now.session.clone());
    HtmlPage(status, AmendSessionPage { layout, day, date: now.on, session, typed, errors }).into_response()
}
