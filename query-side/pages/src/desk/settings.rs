//! The settings of the practice.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use domain::practices::{
    ChangePracticeSettings,
    practice::{
        BOOKING_WINDOW_DAYS_MAX, CANCEL_CUT_OFF_MINUTES_MAX, OFFER_MINUTES_MAX, OPEN_BOOKINGS_MAX,
        REPEAT_DAYS_EARLY_MAX,
    },
    rejections::SETTINGS_INVALID,
};
use event_core::OrganisationCode;
use http_edge::Problem;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use queries::practices::SeePractice;
use serde::Deserialize;
use serde_json::Value;
use vocabulary::practices::PracticeSettings;

use super::practice::practice_of;
use crate::{
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal,
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
{% if is_changed %}{% call desk::done("The settings are saved.") %}{% endcall %}{% endif %}
<span class="nhsuk-caption-l">{{ name }}</span>
<h1>Settings of the practice</h1>
<p>They apply to bookings from now on. What is booked stays booked.</p>
<form action="/desk/settings" method="post">
{% call forms::hidden(layout) %}{% endcall %}
{% call desk::field(errors, "window", "How many days ahead patients can book", typed.hint_of_window(), typed.window, "number", "4") %}{% endcall %}
{% call desk::field(errors, "open", "How many bookings a patient can have at a time", typed.hint_of_open(), typed.open, "number", "4") %}{% endcall %}
{% call desk::field(errors, "cut-off", "Minutes before the start until which patients can cancel or move", typed.hint_of_cut_off(), typed.cut_off, "number", "5") %}{% endcall %}
{% call desk::field(errors, "offer", "How many minutes a free slot is held for a patient on the waiting list", typed.hint_of_offer(), typed.offer, "number", "4") %}{% endcall %}
<div class="nhsuk-form-group">
<fieldset class="nhsuk-fieldset">
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--s">Repeat medicines</legend>
<div class="nhsuk-checkboxes"><div class="nhsuk-checkboxes__item">
<input class="nhsuk-checkboxes__input" id="repeats" name="repeats" type="checkbox" value="yes"{% if typed.repeats %} checked{% endif %}>
<label class="nhsuk-label nhsuk-checkboxes__label" for="repeats">Patients can order repeat medicines online</label>
</div></div>
</fieldset>
</div>
{% call desk::field(errors, "early", "How many days before the last supply ends patients can order the next", typed.hint_of_early(), typed.early, "number", "4") %}{% endcall %}
<button class="nhsuk-button">Save the settings</button>
</form>
</div></div>
{% endblock %}"#
)]
struct SettingsPage {
    layout: Layout,
    name: String,
    typed: TypedSettings,
    is_changed: bool,
    errors: FieldFaults,
}

/// The settings as they were typed.
struct TypedSettings {
    window: String,
    open: String,
    cut_off: String,
    repeats: bool,
    early: String,
    offer: String,
}

impl TypedSettings {
    fn of(settings: &PracticeSettings) -> TypedSettings {
        TypedSettings {
            window: settings.booking_window_days.to_string(),
            open: settings.open_bookings_max.to_string(),
            cut_off: settings.cancel_cut_off_minutes.to_string(),
            repeats: settings.repeat_ordering,
            early: settings.repeat_days_early.to_string(),
            offer: settings.offer_minutes.to_string(),
        }
    }

    fn posted(form: &PostedForm) -> TypedSettings {
        let text = |name| form.text(name).to_owned();
        let repeats = form.filled("repeats").is_some();
        TypedSettings {
            window: text("window"),
            open: text("open"),
            cut_off: text("cut-off"),
            repeats,
            early: text("early"),
            offer: text("offer"),
        }
    }

    fn hint_of_window(&self) -> String {
        format!("From 1 to {BOOKING_WINDOW_DAYS_MAX}.")
    }

    fn hint_of_open(&self) -> String {
        format!("From 1 to {OPEN_BOOKINGS_MAX}.")
    }

    fn hint_of_cut_off(&self) -> String {
        format!("From 0 to {CANCEL_CUT_OFF_MINUTES_MAX}, which is a week. A day has 1440.")
    }

    fn hint_of_early(&self) -> String {
        format!("From 0 to {REPEAT_DAYS_EARLY_MAX}.")
    }

    fn hint_of_offer(&self) -> String {
        format!("From 1 to {OFFER_MINUTES_MAX}.")
    }

    fn read(&self) -> Result<PracticeSettings, FieldFaults> {
        let mut faults = FieldFaults::none();
        let window = faults.read("window", self.window.parse::<u16>().map_err(|_| fault_of("window")));
        let open = faults.read("open", self.open.parse::<u8>().map_err(|_| fault_of("open")));
        let cut_off = faults.read("cut-off", self.cut_off.parse::<u16>().map_err(|_| fault_of("cut-off")));
        let early = faults.read("early", self.early.parse::<u16>().map_err(|_| fault_of("early")));
        let offer = faults.read("offer", self.offer.parse::<u16>().map_err(|_| fault_of("offer")));
        match (window, open, cut_off, early, offer) {
            (
                Some(booking_window_days),
                Some(open_bookings_max),
                Some(cancel_cut_off_minutes),
                Some(repeat_days_early),
                Some(offer_minutes),
            ) => Ok(PracticeSettings {
                booking_window_days,
                open_bookings_max,
                cancel_cut_off_minutes,
                repeat_ordering: self.repeats,
                repeat_days_early,
                offer_minutes,
            }),
            _ => Err(faults),
        }
    }
}

/// The fault of a field: its limits are those of the rule.
fn fault_of(field: &str) -> String {
    let (least, most) = match field {
        "window" => (1, BOOKING_WINDOW_DAYS_MAX),
        "open" => (1, OPEN_BOOKINGS_MAX.into()),
        "early" => (0, REPEAT_DAYS_EARLY_MAX),
        "offer" => (1, OFFER_MINUTES_MAX),
        _ => (0, CANCEL_CUT_OFF_MINUTES_MAX),
    };
    format!("Enter a whole number from {least} to {most}")
}

/// The fault in the settings that the rule refused.
fn faults_of(problem: &Problem) -> FieldFaults {
    let field = match problem.member("setting").and_then(Value::as_str) {
        Some("openBookingsMax") => "open",
        Some("cancelCutOffMinutes") => "cut-off",
        Some("repeatDaysEarly") => "early",
        Some("offerMinutes") => "offer",
        _ => "window",
    };
    FieldFaults::one(field, fault_of(field))
}

#[derive(Deserialize)]
pub struct SettingsDone {
    changed: Option<String>,
}

/// # Errors
/// If the visitor works for no practice, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    Query(done): Query<SettingsDone>,
) -> Result<Response, PageError> {
    shown(&pages, &visitor, &practice_of(&visitor)?, None, done.changed.is_some(), FieldFaults::none()).await
}

/// # Errors
/// If the form is not one of this server's, or the visitor works for no practice.
pub async fn change(State(pages): State<Pages>, form: PostedForm) -> Result<Response, PageError> {
    let (visitor, typed) = (&form.visitor, TypedSettings::posted(&form));
    let practice = practice_of(visitor)?;
    let settings = match typed.read() {
        Ok(settings) => settings,
        Err(faults) => return shown(&pages, visitor, &practice, Some(typed), false, faults).await,
    };
    let command = ChangePracticeSettings { practice: practice.clone(), settings };
    match pages.give(&form, &command).await {
        Ok(granted) => Ok(back_to("/desk/settings?changed", granted.position)),
        Err(problem) if problem.code() == SETTINGS_INVALID.code => {
            shown(&pages, visitor, &practice, Some(typed), false, faults_of(&problem)).await
        }
        Err(problem) => {
            let ways = vec![("/desk/settings".to_owned(), "See the settings as they are now".to_owned())];
            Ok(refusal::page(visitor, problem, ways))
        }
    }
}

/// The page with these texts, or with the settings as they are.
async fn shown(
    pages: &Pages,
    visitor: &Visitor,
    practice: &OrganisationCode,
    typed: Option<TypedSettings>,
    is_changed: bool,
    errors: FieldFaults,
) -> Result<Response, PageError> {
    let found = pages.ask(visitor, &SeePractice { practice: practice.clone() }).await?;
    let title = if errors.is_empty() { "Settings of the practice" } else { "Error: Settings of the practice" };
    let layout = Layout::of(visitor, title).stale(found.stale);
    let name = format!("{}, {}", found.answer.name, found.answer.address);
    let typed = typed.unwrap_or_else(|| TypedSettings::of(&found.answer.settings));
    let status = errors.status();
    Ok(HtmlPage(status, SettingsPage { layout, name, typed, is_changed, errors }).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(window: &str, open: &str, cut_off: &str) -> TypedSettings {
        let (window, open, cut_off) = (window.into(), open.into(), cut_off.into());
        TypedSettings { window, open, cut_off, repeats: true, early: "7".into(), offer: "30".into() }
    }

    #[test]
    fn settings_are_read_as_they_are_shown() {
        let settings = PracticeSettings {
            booking_window_days: 14,
            open_bookings_max: 2,
            cancel_cut_off_minutes: 0,
            repeat_ordering: false,
            repeat_days_early: 3,
            offer_minutes: 5,
        };
        assert_eq!(TypedSettings::of(&settings).read().ok(), Some(settings));
    }

    #[test]
    fn a_text_that_is_no_number_is_a_fault_of_its_field() {
        let faults = typed("many", "256", "-1").read().expect_err("it does not read");
        let texts: Vec<_> = faults.list().iter().map(|fault| fault.text.as_str()).collect();
        let number = "Enter a whole number from";
        assert_eq!(texts, [format!("{number} 1 to 365"), format!("{number} 1 to 20"), format!("{number} 0 to 10080")]);
    }

    #[test]
    fn a_refusal_of_the_rule_is_at_the_field_of_the_setting() {
        for (setting, field) in [
            ("bookingWindowDays", "window"),
            ("openBookingsMax", "open"),
            ("cancelCutOffMinutes", "cut-off"),
            ("repeatDaysEarly", "early"),
            ("offerMinutes", "offer"),
        ] {
            let problem = Problem::from(SETTINGS_INVALID.with("setting", setting));
            assert!(faults_of(&problem).of(field).is_some(), "{setting}");
        }
    }
}
