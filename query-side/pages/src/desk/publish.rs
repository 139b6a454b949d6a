//! Publishing a clinic session: the form, the slots that it would have, and the publication.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use domain::appointments::{PublishSession, rejections};
use http_edge::Problem;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, see_other};
use serde::{Deserialize, Serialize};
use vocabulary::{SessionId, appointments::SessionPublished, time::LONDON};

use super::{
    chosen_day::ChosenDay,
    clinic::what,
    clocks::{self, ClockChange},
    overlap,
    practice::practice_of,
    session_form::{CHANNELS, SessionForm, TIME_HINT, WHOLE, new_session, why},
};
use crate::{
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal, words,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "desk.html" as desk %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<h1>Publish a clinic session</h1>
<p>Enter the session. You see its slots before it is published.</p>
<form action="/desk/sessions/new" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<div id="session" tabindex="-1" class="nhsuk-form-group{% if errors.of("session").is_some() %} nhsuk-form-group--error{% endif %}">
{% call forms::message(errors, "session") %}{% endcall %}
{% call desk::field(errors, "date", "Day", "", typed.date, "date", "10") %}{% endcall %}
{% call desk::field(errors, "from", "Start", TIME_HINT, typed.from, "time", "10") %}{% endcall %}
{% call desk::field(errors, "until", "End", TIME_HINT, typed.until, "time", "10") %}{% endcall %}
{% call desk::field(errors, "minutes", "Minutes of a slot", "", typed.minutes, "number", "4") %}{% endcall %}
{% call desk::field(errors, "capacity", "Patients in a slot", "How many patients can have the same slot. Usually 1.", typed.capacity, "number", "4") %}{% endcall %}
{% call desk::field(errors, "service", "Service", "Small letters, digits and hyphens, like gp-routine or nurse.", typed.service, "text", "20") %}{% endcall %}
{% call desk::channel(errors, typed) %}{% endcall %}
{% call desk::field(errors, "name", "Clinician's name", "As patients see it, like Dr Amara Okafor.", typed.name, "text", "30") %}{% endcall %}
{% call desk::field(errors, "role", "Clinician's role", "Like General practitioner.", typed.role, "text", "30") %}{% endcall %}
{% call desk::field(errors, "code", "Clinician's code (optional)", "Capital letters and digits, like G1234567. Sessions with the same code cannot overlap.", typed.code, "text", "20") %}{% endcall %}
</div>
<button class="nhsuk-button">Show the slots</button>
</form>
</div></div>
{% endblock %}"#
)]
struct PublishPage {
    layout: Layout,
    typed: SessionForm,
    errors: FieldFaults,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>{{ layout.title }}</h1>
<dl class="nhsuk-summary-list">
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Day</dt><dd class="nhsuk-summary-list__value">{{ plan.day }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Time</dt><dd class="nhsuk-summary-list__value">{{ plan.time }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Clinician</dt><dd class="nhsuk-summary-list__value">{{ typed.name }}, {{ typed.role }}{% if !typed.code.is_empty() %} ({{ typed.code }}){% endif %}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Appointments</dt><dd class="nhsuk-summary-list__value">{{ plan.what }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Slots</dt><dd class="nhsuk-summary-list__value">{{ plan.slots }}</dd></div>
</dl>
{% if !plan.clocks.is_empty() %}<div class="nhsuk-inset-text">{% for sentence in plan.clocks %}<p>{{ sentence }}</p>{% endfor %}</div>{% endif %}
<h2>The slots begin at</h2>
<ul class="frontdoor-times">
{% for start in plan.starts %}<li>{{ start }}</li>
{% endfor %}
</ul>
<form action="/desk/sessions/new/check" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button">Publish this session</button>
</form>
<p><a href="/desk/sessions/new?again">Change the session</a></p>
</div></div>
{% endblock %}"#
)]
struct PreviewPage {
    layout: Layout,
    typed: SessionForm,
    plan: SessionPlan,
}

/// The session that would be published.
struct SessionPlan {
    day: String,
    time: String,
    what: String,
    slots: String,
    /// The change of the clocks on the day, and its effect on the session.
    clocks: Vec<String>,
    starts: Vec<String>,
}

impl SessionPlan {
    fn of(published: &SessionPublished) -> SessionPlan {
        let table = &published.timetable;
        let starts: Vec<String> = table.slots().map(clocks::time).collect();
        let more = clocks::minutes_more(published.from, published.until, table.starts_at, table.ends_at);
        let minutes = words::count(more.unsigned_abs(), "minute", "minutes");
        let effect = match more {
            0 => None,
            1.. => Some(format!("This session is {minutes} longer than its times say.")),
            _ => Some(format!("This session is {minutes} shorter than its times say.")),
        };
        let change = ClockChange::on(published.on).map(|change| change.sentence());
        let slots = words::count(starts.len() as u64, "slot", "slots");
        let minutes = words::count(table.slot_minutes.into(), "minute", "minutes");
        let patients = words::count(published.capacity.into(), "patient", "patients");
        SessionPlan {
            day: words::day(published.on),
            time: format!("{} to {}", words::clock(published.from), words::clock(published.until)),
            what: what(&published.service, published.channel),
            slots: format!("{slots} of {minutes}, each for {patients}"),
            clocks: change.into_iter().chain(effect).collect(),
            starts,
        }
    }
}

#[derive(Deserialize)]
pub struct PublishOn {
    date: Option<String>,
    /// Present to change the session that was typed before.
    again: Option<String>,
}

/// The name of the draft.
const DRAFT: &str = "clinic session";

/// A session that was typed, with the id that it got then: sending the form of the check twice publishes one session.
#[derive(Serialize, Deserialize)]
struct SessionDraft {
    session: SessionId,
    typed: SessionForm,
}

/// # Errors
/// If the visitor works for no practice.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    Query(on): Query<PublishOn>,
) -> Result<Response, PageError> {
    practice_of(&visitor)?;
    let draft: Option<SessionDraft> = match on.again {
        Some(_) => pages.kept(&visitor, DRAFT).await?,
        None => None,
    };
    let day = ChosenDay::read(on.date.as_deref(), LONDON.day(pages.now()));
    let typed = draft.map_or_else(|| SessionForm::on(day.date), |draft| draft.typed);
    Ok(shown(&visitor, typed, FieldFaults::none()))
}

/// Keeps what was typed, and leads to the check, which shows the slots.
///
/// # Errors
/// If the form is not one of this server's, the visitor works for no practice, or the draft cannot be kept.
pub async fn preview(State(pages): State<Pages>, form: PostedForm) -> Result<Response, PageError> {
    let (visitor, typed) = (&form.visitor, SessionForm::posted(&form));
    let session =
        new_session(&practice_of(visitor)?).ok_or_else(|| Problem::of(&http_edge::problem_catalogue::INTERNAL))?;
    if let Err(faults) = planned(&typed, session.clone()) {
        return Ok(shown(visitor, typed, faults));
    }
    pages.keep(visitor, DRAFT, &SessionDraft { session, typed }).await?;
    Ok(see_other("/desk/sessions/new/check"))
}

/// The session that would be published.
fn planned(typed: &SessionForm, session: SessionId) -> Result<SessionPublished, FieldFaults> {
    let published = typed.read(session)?.published();
    published.map_err(|rejected| FieldFaults::one(WHOLE, why(&Problem::from(rejected))))
}

/// # Errors
/// If the draft cannot be read.
pub async fn check(State(pages): State<Pages>, visitor: Visitor) -> Result<Response, PageError> {
    let Some(SessionDraft { session, typed }) = pages.kept(&visitor, DRAFT).await? else {
        return Ok(see_other("/desk/sessions/new"));
    };
    let published = match planned(&typed, session) {
        Ok(published) => published,
        Err(faults) => return Ok(shown(&visitor, typed, faults)),
    };
    let layout = Layout::of(&visitor, "Check and publish").back("/desk/sessions/new?again");
    Ok(HtmlPage::ok(PreviewPage { layout, typed, plan: SessionPlan::of(&published) }).into_response())
}

/// # Errors
/// If the form is not one of this server's, or the draft cannot be read.
pub async fn confirm(State(pages): State<Pages>, form: PostedForm) -> Result<Response, PageError> {
    let visitor = &form.visitor;
    let Some(SessionDraft { session, typed }) = pages.kept(visitor, DRAFT).await? else {
        return Ok(see_other("/desk/sessions/new"));
    };
    let command: PublishSession = match typed.read(session) {
        Ok(command) => command,
        Err(faults) => return Ok(shown(visitor, typed, faults)),
    };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&format!("/desk/days/{}?published", command.on), granted.position),
        Err(problem) if problem.code() == rejections::SESSION_INVALID.code => {
            shown(visitor, typed, FieldFaults::one(WHOLE, why(&problem)))
        }
        Err(problem) => {
            if let Some(sentence) = overlap::sentence(&pages, visitor, &problem).await {
                return Ok(shown(visitor, typed, FieldFaults::one(WHOLE, sentence)));
            }
            let day = (format!("/desk/days/{}", command.on), "See the sessions that are published".to_owned());
            let new = ("/desk/sessions/new".to_owned(), "Start again".to_owned());
            refusal::page(visitor, problem, vec![day, new])
        }
    })
}

fn shown(visitor: &Visitor, typed: SessionForm, errors: FieldFaults) -> Response {
    let title = if errors.is_empty() { "Publish a clinic session" } else { "Error: Publish a clinic session" };
    let layout = Layout::of(visitor, title).back("/desk/sessions");
    HtmlPage(errors.status(), PublishPage { layout, typed, errors }).into_response()
}

#[cfg(test)]
mod tests {
    use vocabulary::appointments::{Channel, Timetable};

    use super::*;

    fn plan(on: &str, from: &str, until: &str) -> SessionPlan {
        let (on, from, until) = (on.parse().expect("a date"), from.parse().expect("a"), until.parse().expect("b"));
        let instant = |time| LONDON.instant_of(on, time).expect("an instant");
        SessionPlan::of(&SessionPublished {
            session: "A12345.0123456789AB".parse().expect("a session"),
            on,
            from,
            until,
            zone: LONDON.name().into(),
            timetable: Timetable { starts_at: instant(from), ends_at: instant(until), slot_minutes: 30 },
            capacity: 1,
            service: "nurse".parse().expect("a service"),
            channel: Channel::InPerson,
            practitioner: vocabulary::appointments::Practitioner {
                name: "Rowan Pryce".parse().expect("a name"),
                role: "Practice nurse".parse().expect("a role"),
            },
            practitioner_id: None,
            released_at: None,
        })
    }

    #[test]
    fn a_plan_lists_the_slots_as_the_clock_on_the_wall_shows_them() {
        let usual = plan("2026-07-01", "11:30", "13:00");
        assert_eq!(usual.starts, ["11:30am", "12:00pm", "12:30pm"]);
        assert_eq!((usual.time.as_str(), usual.clocks.len()), ("11:30am to 1:00pm", 0));
        assert_eq!(usual.slots, "3 slots of 30 minutes, each for 1 patient");
    }

    #[test]
    fn a_plan_says_what_the_clocks_do_to_the_session() {
        let forward = plan("2026-03-29", "00:30", "02:30");
        assert_eq!(forward.starts, ["12:30am", "2:00am"]);
        assert_eq!(forward.clocks[1], "This session is 60 minutes shorter than its times say.");
        let back = plan("2026-10-25", "00:30", "02:00");
        assert_eq!(back.starts.len(), 5);
        assert_eq!(back.starts[1], "1:00am (before the clocks go back)");
        assert_eq!(back.starts[3], "1:00am (after the clocks went back)");
        assert_eq!(back.clocks[1], "This session is 60 minutes longer than its times say.");
        assert_eq!(plan("2026-03-29", "09:00", "10:00").clocks.len(), 1);
    }
}
