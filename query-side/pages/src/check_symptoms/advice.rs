//! The advice to which a symptom check led, and the ways onward. Advice of withdrawn questions is not shown.

use askama::Template;
use axum::response::{IntoResponse, Response};
use page_engine::{HtmlPage, Visitor};
use pathways::{Disposition, TimeFrame};
use queries::symptom_checks::{Onward, SymptomCheckFile, SymptomOutcome};

use super::answer_line::{AnswerLine, address};
use crate::{
    layout::{Layout, filters},
    words,
};

/// For a visitor without an account, and so without a pharmacy here.
const FIND_A_PHARMACY: &str = "https://www.nhs.uk/nhs-services/pharmacies/find-a-pharmacy/";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "symptoms.html" as symptoms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<span class="nhsuk-caption-l">{{ title }}</span>
<h1>{{ layout.title }}</h1>
{% if let Some(withdrawn) = withdrawn %}
<div class="nhsuk-card nhsuk-card--care nhsuk-card--care--urgent">
<div class="nhsuk-card--care__heading-container"><h2 class="nhsuk-card--care__heading">Do not rely on this symptom check</h2><span class="nhsuk-card--care__arrow" aria-hidden="true"></span></div>
<div class="nhsuk-card__content"><p>Its questions were withdrawn, because they may lead to wrong advice: {{ withdrawn }}</p>
<p>If there still are symptoms, call 111, or 999 in an emergency.</p></div>
</div>
{% else if let Some(advice) = advice %}
<div class="nhsuk-card nhsuk-card--care nhsuk-card--care--{{ advice.urgency }}">
<div class="nhsuk-card--care__heading-container"><h2 class="nhsuk-card--care__heading"><span class="nhsuk-u-visually-hidden">{{ advice.urgency_words }}: </span>{{ advice.text }}</h2><span class="nhsuk-card--care__arrow" aria-hidden="true"></span></div>
<div class="nhsuk-card__content">
<p>{{ advice.within }}</p>
{% match advice.onward %}
{% when Onward::Telephone with { number } %}<p><a class="nhsuk-button" href="tel:{{ number }}">Call {{ number }}</a></p>
{% when Onward::BookAppointment with { service } %}
{% if layout.is_anonymous %}
<p><a class="nhsuk-button" href="/sign-in?next=%2Fcheck-symptoms%2Fkeep">Sign in to book a {{ words::service(service) }}</a></p>
{% else %}
<form action="{{ base }}/book" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button">Book a {{ words::service(service) }}</button>
</form>
{% endif %}
{% when Onward::Pharmacy %}
{% if layout.is_anonymous %}
<p><a class="nhsuk-button" href="{{ FIND_A_PHARMACY }}">Find a pharmacy on the NHS website</a></p>
{% else %}
<p><a class="nhsuk-button" href="/prescriptions/pharmacy">See your pharmacy</a></p>
{% endif %}
{% when Onward::Web with { address } %}<p><a class="nhsuk-button" href="{{ address }}">Find out more on the NHS website</a></p>
{% endmatch %}
</div>
</div>
{% if !advice.care.is_empty() %}
<h2>What you can do</h2>
<ul class="nhsuk-list nhsuk-list--bullet">{% for line in advice.care %}<li>{{ line }}</li>{% endfor %}</ul>
{% endif %}
<h2>Why you get this advice</h2>
{% if advice.because.is_empty() %}
<p>It follows from all your answers.</p>
{% else %}
<p>It follows from these answers.</p>
{% call symptoms::answers(&advice.because, None::<String>) %}{% endcall %}
{% endif %}
{% else %}
<p>The advice was erased and cannot be read any more.</p>
{% endif %}
{% call symptoms::unkept(layout.is_anonymous) %}{% endcall %}
{% call symptoms::safety(notice) %}{% endcall %}
{% if withdrawn.is_none() && !answers.is_empty() %}
<details class="nhsuk-details">
<summary class="nhsuk-details__summary"><span class="nhsuk-details__summary-text">All your answers</span></summary>
<div class="nhsuk-details__text">{% call symptoms::answers(answers, None::<String>) %}{% endcall %}</div>
</details>
{% endif %}
<p><a href="/check-symptoms/start">Start a new symptom check</a></p>
</div></div>
{% endblock %}"#
)]
struct AdvicePage {
    layout: Layout,
    title: String,
    base: String,
    withdrawn: Option<String>,
    advice: Option<AdviceWords>,
    notice: &'static str,
    answers: Vec<AnswerLine>,
}

struct AdviceWords {
    /// The class of the card, and its words beside the colour.
    urgency: &'static str,
    urgency_words: &'static str,
    text: String,
    within: String,
    onward: Onward,
    care: Vec<String>,
    because: Vec<AnswerLine>,
}

impl AdviceWords {
    fn of(outcome: SymptomOutcome) -> AdviceWords {
        let (urgency, urgency_words) = match outcome.disposition {
            Disposition::Call999 | Disposition::EmergencyDepartment => ("emergency", "Emergency advice"),
            Disposition::CallBack | Disposition::UrgentGp => ("urgent", "Urgent advice"),
            Disposition::GpRoutine
            | Disposition::Pharmacy
            | Disposition::Dentist
            | Disposition::Optician
            | Disposition::Midwife
            | Disposition::MentalHealth
            | Disposition::SelfCare => ("non-urgent", "Non-urgent advice"),
        };
        AdviceWords {
            urgency,
            urgency_words,
            text: outcome.text.unwrap_or_else(|| "Call 111 about this advice".to_owned()),
            within: within(&outcome.within),
            onward: outcome.onward,
            care: outcome.advice,
            because: outcome.because.iter().map(AnswerLine::of).collect(),
        }
    }
}

/// A time frame as a sentence.
pub fn within(text: &str) -> String {
    const HOUR: u32 = 60;
    const DAY: u32 = 24 * HOUR;
    match text.parse() {
        Ok(TimeFrame::Immediately) | Err(_) => "Do this now.".to_owned(),
        Ok(TimeFrame::Within { minutes }) => {
            let (count, one, many) = match minutes {
                minutes if minutes % (7 * DAY) == 0 => (minutes / (7 * DAY), "week", "weeks"),
                minutes if minutes % DAY == 0 => (minutes / DAY, "day", "days"),
                minutes if minutes % HOUR == 0 => (minutes / HOUR, "hour", "hours"),
                minutes => (minutes, "minute", "minutes"),
            };
            format!("Do this within {}.", words::count(count.into(), one, many))
        }
    }
}

/// The page of a check that ended, or of which the questions were withdrawn.
pub fn page(visitor: &Visitor, file: SymptomCheckFile, stale: bool) -> Response {
    let layout = Layout::of(visitor, "Your symptom check").back("/check-symptoms").stale(stale);
    let page = AdvicePage {
        layout,
        title: file.title,
        base: address(file.check.number()),
        withdrawn: file.withdrawn.map(|withdrawn| format!("{}.", withdrawn.reason.as_str().trim_end_matches('.'))),
        advice: file.outcome.map(AdviceWords::of),
        notice: file.notice,
        answers: file.answers.iter().map(AnswerLine::of).collect(),
    };
    HtmlPage::ok(page).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_frame_is_a_sentence() {
        for (text, expected) in [
            ("immediately", "Do this now."),
            ("PT30M", "Do this within 30 minutes."),
            ("PT6H", "Do this within 6 hours."),
            ("P1D", "Do this within 1 day."),
            ("P2W", "Do this within 2 weeks."),
        ] {
            assert_eq!(within(text), expected);
        }
    }
}
