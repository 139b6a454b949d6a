//! The check before booking, and the booking of one dose or of two.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use domain::{
    appointments::rejections::LIMIT_REACHED,
    vaccinations::{
        book_vaccination::{BookVaccination, SecondAppointment},
        rejections::DOSE_BOOKED,
    },
};
use http_edge::Problem;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, encoded, see_other};
use serde::Deserialize;

use super::{
    steps::{ChosenTime, NotOffered, ProgrammePath, VaccinationSteps, place_of},
    times::{SiteTimesAsked, times},
};
use crate::{
    book::{is_about_time, limit_reached, refused_time},
    concerned::Concerned,
    layout::{Layout, filters},
    refusal::{self, WayOn},
    words,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% if let Some(not) = not_offered %}
<span class="nhsuk-caption-l">{{ programme }}, {{ first.when }}</span>
<h1>{{ not.heading }}</h1>
<p>{{ not.why }}</p>
<p>{{ not.advice }}</p>
{% else %}
<h1>{{ layout.title }}</h1>
<dl class="nhsuk-summary-list">
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Vaccination</dt><dd class="nhsuk-summary-list__value">{{ programme }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">When</dt><dd class="nhsuk-summary-list__value">{{ first.when }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Where</dt><dd class="nhsuk-summary-list__value">{{ first.place }}</dd></div>
{% if let Some(second) = second %}
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">When, second dose</dt><dd class="nhsuk-summary-list__value">{{ second.when }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Where, second dose</dt><dd class="nhsuk-summary-list__value">{{ second.place }}</dd></div>
{% endif %}
</dl>
<p>{% if second.is_some() %}These times are not held for you. They are yours when you have booked them.{% else %}This time is not held for you. It is yours when you have booked it.{% endif %}</p>
<form action="{{ check }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button">{% if second.is_some() %}Book both appointments{% else %}Book this appointment{% endif %}</button>
</form>
{% if let Some(to_second) = to_second %}
<h2>The second dose</h2>
<p>You can book the second dose now, too. It is given from {{ to_second.1 }} to {{ to_second.2 }}.</p>
<p><a href="{{ to_second.0 }}">Choose a time for the second dose</a></p>
{% endif %}
{% endif %}
<p><a href="{{ other_times }}">Choose another time</a></p>
<p><a href="{{ questions }}">Change your answers</a></p>
</div></div>
{% endblock %}"#
)]
struct VaccinationCheckPage {
    layout: Layout,
    programme: String,
    not_offered: Option<NotOffered>,
    first: ShownAppointment,
    second: Option<ShownAppointment>,
    check: String,
    /// The address of the sites for a second dose, and the first and the last day for it.
    to_second: Option<(String, String, String)>,
    other_times: String,
    questions: String,
}

struct ShownAppointment {
    when: String,
    place: String,
}

impl ShownAppointment {
    async fn of(pages: &Pages, visitor: &Visitor, time: &ChosenTime) -> Result<ShownAppointment, PageError> {
        let place = place_of(pages, visitor, time.session.site()).await?;
        Ok(ShownAppointment { when: words::date_and_time(time.at), place })
    }
}

/// The time that was chosen last, and before it the one of the first dose.
#[derive(Deserialize)]
pub struct CheckAsked {
    slot: String,
    first: Option<String>,
}

/// The times of one booking.
struct ChosenDoses {
    first: ChosenTime,
    second: Option<ChosenTime>,
}

impl CheckAsked {
    /// # Errors
    /// The way to the sites if a time does not read.
    fn read(&self, steps: &VaccinationSteps) -> Result<ChosenDoses, PageError> {
        let lost = || PageError::from(see_other(&steps.page("sites", &[])));
        let slot = ChosenTime::read(&self.slot).ok_or_else(lost)?;
        match &self.first {
            None => Ok(ChosenDoses { first: slot, second: None }),
            Some(first) => Ok(ChosenDoses { first: ChosenTime::read(first).ok_or_else(lost)?, second: Some(slot) }),
        }
    }

    fn address(&self, steps: &VaccinationSteps) -> String {
        let mut parameters = vec![("slot", self.slot.clone())];
        parameters.extend(self.first.clone().map(|first| ("first", first)));
        steps.page("check", &parameters)
    }
}

impl ChosenDoses {
    /// The time that was chosen last.
    fn last(&self) -> &ChosenTime {
        self.second.as_ref().unwrap_or(&self.first)
    }

    /// The times of the day that was chosen last.
    fn other_times(&self) -> SiteTimesAsked {
        let first = self.second.as_ref().map(|_| self.first.to_string());
        SiteTimesAsked { site: self.last().session.site(), day: self.last().day(), first }
    }

    fn address_of_other_times(&self, steps: &VaccinationSteps) -> String {
        let SiteTimesAsked { site, day, first } = self.other_times();
        let mut parameters = vec![("site", site.to_string()), ("day", day.to_string())];
        parameters.extend(first.map(|first| ("first", first)));
        steps.page("times", &parameters)
    }
}

/// # Errors
/// If the questions were not answered, no time was chosen, or a query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<ProgrammePath>,
    Query(asked): Query<CheckAsked>,
) -> Result<Response, PageError> {
    let steps = VaccinationSteps::of(&pages, &visitor, &concerned, &path).await?;
    let chosen = asked.read(&steps)?;
    let (day, site) = (chosen.first.day(), chosen.first.session.site());
    let answer = steps.eligibility(&pages, &visitor, day, Some(site)).await?;
    let second = match &chosen.second {
        Some(time) => Some(ShownAppointment::of(&pages, &visitor, time).await?),
        None => None,
    };
    let days = answer.as_ref().and_then(|answer| answer.second.as_ref()).filter(|_| second.is_none());
    let to_second = days.map(|days| {
        let sites = steps.page("sites", &[("first", chosen.first.to_string())]);
        (sites, words::day(days.from), words::day(days.until))
    });
    let other_times = chosen.address_of_other_times(&steps);
    let page = VaccinationCheckPage {
        layout: Layout::of(&visitor, "Check and book").back(other_times.clone()),
        programme: steps.programme.title.clone(),
        not_offered: answer.as_ref().and_then(NotOffered::of),
        first: ShownAppointment::of(&pages, &visitor, &chosen.first).await?,
        second,
        check: asked.address(&steps),
        to_second,
        other_times,
        questions: steps.address.clone(),
    };
    Ok(HtmlPage::ok(page).into_response())
}

/// Books. The same form twice books once, because it has one key; the same times twice are one booking by the rules.
///
/// # Errors
/// If the form is not one of this server's, the questions were not answered, or a query fails.
pub async fn confirm(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(path): Path<ProgrammePath>,
    Query(asked): Query<CheckAsked>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let visitor = &form.visitor;
    let steps = VaccinationSteps::of(&pages, visitor, &concerned, &path).await?;
    let chosen = asked.read(&steps)?;
    let second = chosen.second.clone();
    let command = BookVaccination {
        patient: concerned.subject,
        session: chosen.first.session.clone(),
        starts_at: chosen.first.at,
        declared: steps.declared.clone(),
        second: second.map(|second| SecondAppointment { session: second.session, starts_at: second.at }),
    };
    match pages.give(&form, &command).await {
        Ok(granted) => {
            let ChosenTime { session, at } = &chosen.first;
            let appointment = format!("{}/appointments/{session}/{}", concerned.base, encoded(&at.to_string()));
            let booked = if chosen.second.is_some() { "booked&both" } else { "booked" };
            Ok(back_to(&format!("{appointment}?{booked}"), granted.position))
        }
        // With two times the rule does not say which one it is about.
        Err(problem) if is_about_time(&problem) && chosen.second.is_none() => {
            times(&pages, visitor, &steps, &chosen.other_times(), Some(refused_time(&problem))).await
        }
        Err(problem) if problem.code() == LIMIT_REACHED.code => {
            limit_reached(&pages, visitor, &concerned, &problem).await
        }
        Err(problem) => Ok(refused(visitor, &concerned, &steps, &chosen, problem)),
    }
}

fn refused(
    visitor: &Visitor,
    concerned: &Concerned,
    steps: &VaccinationSteps,
    chosen: &ChosenDoses,
    problem: Problem,
) -> Response {
    let mut ways: Vec<WayOn> = Vec::new();
    if problem.code() == DOSE_BOOKED.code {
        let text = |name| problem.member(name).and_then(|member| member.as_str());
        if let (Some(session), Some(at)) = (text("session"), text("startsAt")) {
            let appointment = format!("{}/appointments/{session}/{}", concerned.base, encoded(at));
            ways.push((appointment, "See the appointment, and cancel it there".to_owned()));
        }
    } else if !is_about_time(&problem) {
        ways.push((steps.address.clone(), "Change your answers".to_owned()));
    }
    if chosen.second.is_some() {
        ways.push((chosen.address_of_other_times(steps), "Choose another time for the second dose".to_owned()));
        let first = steps.page("check", &[("slot", chosen.first.to_string())]);
        ways.push((first, "Book the first dose only".to_owned()));
    }
    ways.push((steps.page("sites", &[]), "Choose another site and time".to_owned()));
    refusal::page(visitor, problem, ways)
}
