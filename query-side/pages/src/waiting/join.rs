//! Joining the waiting list of a practice for a kind of appointment.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use domain::appointments::{
    JoinWaitingList,
    join_waiting_list::RANGE_DAYS_MAX,
    rejections::{OUTSIDE_BOOKING_WINDOW, WAITING_INVALID},
};
use event_core::LocalDate;
use http_edge::Problem;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use serde::Deserialize;
use serde_json::Value;
use vocabulary::{appointments::Channel, time::LONDON};

use crate::{
    book::{BookableKind, site, site_name},
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal, words,
};

/// The number of days that the form proposes, with the first one.
const DAYS_PROPOSED: i64 = 14;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "desk.html" as desk %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<span class="nhsuk-caption-l">{{ kind.name() }} at {{ site }}</span>
<h1>Wait for a time that becomes free</h1>
<p>When somebody cancels, the time is offered to the first in line whom it suits. You get a message, and the time is held for you for some minutes.</p>
<p>This is not for urgent help: telephone your practice, call 111 if it is urgent, and 999 in an emergency.</p>
<form action="{{ address }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
{% call desk::field(errors, "earliest", "The first day that suits", "", typed.earliest, "date", "10") %}{% endcall %}
{% call desk::field(errors, "latest", "The last day that suits", most, typed.latest, "date", "10") %}{% endcall %}
<div class="nhsuk-form-group">
<fieldset class="nhsuk-fieldset">
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--s">How?</legend>
<div class="nhsuk-radios">
<div class="nhsuk-radios__item">
<input class="nhsuk-radios__input" id="how" name="how" type="radio" value="only"{% if !typed.any_channel %} checked{% endif %}>
<label class="nhsuk-label nhsuk-radios__label" for="how">{{ channel }} only</label>
</div>
<div class="nhsuk-radios__item">
<input class="nhsuk-radios__input" id="how-2" name="how" type="radio" value="any"{% if typed.any_channel %} checked{% endif %}>
<label class="nhsuk-label nhsuk-radios__label" for="how-2">In any way: face to face, by telephone or by video</label>
</div>
</div>
</fieldset>
</div>
<button class="nhsuk-button">Join the waiting list</button>
</form>
</div></div>
{% endblock %}"#
)]
struct JoinPage {
    layout: Layout,
    kind: BookableKind,
    channel: &'static str,
    site: String,
    address: String,
    most: String,
    typed: TypedDays,
    errors: FieldFaults,
}

/// The form as it was typed.
struct TypedDays {
    earliest: String,
    latest: String,
    any_channel: bool,
}

/// The kind of appointment, and the day from which none suits.
#[derive(Debug, Clone, Deserialize)]
pub struct Wanted {
    kind: Option<String>,
    from: Option<LocalDate>,
}

impl Wanted {
    fn kind(&self) -> Option<BookableKind> {
        self.kind.as_deref()?.parse().ok()
    }

    /// The form before anything is typed.
    fn proposed(&self, today: LocalDate) -> TypedDays {
        let earliest = self.from.unwrap_or(today).max(today);
        let latest = earliest.plus_days(DAYS_PROPOSED - 1);
        TypedDays { earliest: earliest.to_string(), latest: latest.to_string(), any_channel: false }
    }
}

/// # Errors
/// If the visitor may not see where this person is registered, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Query(wanted): Query<Wanted>,
) -> Result<Response, PageError> {
    let Some(kind) = wanted.kind() else { return Ok(without_kind(&concerned)) };
    let typed = wanted.proposed(LONDON.day(pages.now()));
    shown(&pages, &visitor, &concerned, kind, typed, FieldFaults::none()).await
}

/// # Errors
/// If the form is not one of this server's, or the query fails.
pub async fn join(
    State(pages): State<Pages>,
    concerned: Concerned,
    Query(wanted): Query<Wanted>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let Some(kind) = wanted.kind() else { return Ok(without_kind(&concerned)) };
    let visitor = &form.visitor;
    let any_channel = form.text("how") == "any";
    let typed = TypedDays { earliest: form.text("earliest").into(), latest: form.text("latest").into(), any_channel };
    let mut faults = FieldFaults::none();
    let mut read = |field| {
        let day = form.text(field).parse::<LocalDate>();
        faults.read(field, day.map_err(|_| "Enter a day, like 2026-11-26"))
    };
    let (Some(earliest), Some(latest)) = (read("earliest"), read("latest")) else {
        return shown(&pages, visitor, &concerned, kind, typed, faults).await;
    };
    let command = JoinWaitingList {
        patient: concerned.subject,
        site: site(&pages, visitor, &concerned).await?.code,
        service: kind.service.clone(),
        channel: channel_of(&kind, any_channel),
        earliest,
        latest,
    };
    let base = &concerned.base;
    match pages.give(&form, &command).await {
        Ok(granted) => Ok(back_to(&format!("{base}/waiting?joined"), granted.position)),
        Err(problem) => match fault_of(&problem) {
            Some(faults) => shown(&pages, visitor, &concerned, kind, typed, faults).await,
            None => {
                let ways = vec![
                    (format!("{base}/waiting"), "See what you wait for, and leave a list there".to_owned()),
                    (format!("{base}/book/days?kind={kind}"), "See the times that are free now".to_owned()),
                ];
                Ok(refusal::page(visitor, problem, ways))
            }
        },
    }
}

fn channel_of(kind: &BookableKind, any: bool) -> Option<Channel> {
    (!any).then_some(kind.channel)
}

/// The fault in the days that the rule refused; `None` if it refused something else.
fn fault_of(problem: &Problem) -> Option<FieldFaults> {
    if problem.code() == OUTSIDE_BOOKING_WINDOW.code {
        let days = problem.member("days").and_then(Value::as_u64)?;
        return Some(FieldFaults::one("latest", format!("Choose a day within the next {days} days")));
    }
    if problem.code() == WAITING_INVALID.code {
        let why = problem.member("why").and_then(Value::as_str)?;
        let field = if why.starts_with("the first") { "earliest" } else { "latest" };
        return Some(FieldFaults::one(field, words::sentence(why)));
    }
    None
}

fn without_kind(concerned: &Concerned) -> Response {
    Redirect::to(&format!("{}/book?missing", concerned.base)).into_response()
}

async fn shown(
    pages: &Pages,
    visitor: &Visitor,
    concerned: &Concerned,
    kind: BookableKind,
    typed: TypedDays,
    errors: FieldFaults,
) -> Result<Response, PageError> {
    let (site, base) = (site(pages, visitor, concerned).await?, &concerned.base);
    let layout = Layout::of(visitor, errors.titled("Wait for a time that becomes free"));
    let page = JoinPage {
        layout: layout.back(format!("{base}/book/days?kind={kind}")),
        channel: words::channel(kind.channel),
        site: site_name(&site),
        address: format!("{base}/waiting/join?kind={kind}"),
        most: format!("At most {RANGE_DAYS_MAX} days with the first one."),
        kind,
        typed,
        errors,
    };
    Ok(HtmlPage(page.errors.status(), page).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_proposes_two_weeks_from_the_day_that_did_not_suit_or_from_today() {
        let date = |text: &str| -> LocalDate { text.parse().expect("a date") };
        let wanted = |from: Option<&str>| Wanted { kind: None, from: from.map(date) };
        let proposed = |from| {
            let typed = wanted(from).proposed(date("2026-03-02"));
            (typed.earliest, typed.latest)
        };
        assert_eq!(proposed(None), ("2026-03-02".to_owned(), "2026-03-15".to_owned()));
        assert_eq!(proposed(Some("2026-03-09")), ("2026-03-09".to_owned(), "2026-03-22".to_owned()));
        assert_eq!(proposed(Some("2026-02-01")), ("2026-03-02".to_owned(), "2026-03-15".to_owned()));
    }

    #[test]
    fn a_refusal_of_the_days_is_at_their_field() {
        let field = |problem: Problem| {
            let faults = fault_of(&problem)?;
            faults.list().first().map(|fault| (fault.name(), fault.text.clone()))
        };
        let late = Problem::from(OUTSIDE_BOOKING_WINDOW.with("days", 42));
        assert_eq!(field(late), Some(("latest", "Choose a day within the next 42 days".to_owned())));
        let early = Problem::from(WAITING_INVALID.with("why", "the first day is today at the earliest"));
        assert_eq!(field(early), Some(("earliest", "The first day is today at the earliest".to_owned())));
        let long = Problem::from(WAITING_INVALID.with("why", "there are 31 days at most"));
        assert_eq!(field(long), Some(("latest", "There are 31 days at most".to_owned())));
    }
}
