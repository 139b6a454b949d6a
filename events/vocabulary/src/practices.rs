//! Practices: the organisations at which people are registered and treated. Stream `practice-<code>`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use event_core::{Class, OrganisationCode, Rejection, Service, Timestamp, events, text::Line};

pub static SERVICE: Service = Service { name: "practices", categories: &[PracticeEvent::ABOUT] };

events! {
    /// The events of a practice.
    PracticeEvent of SERVICE as "practice" on "practice" by (practice) {
        Opened(PracticeOpened) = "practice.opened.v1",
        SettingsChanged(SettingsChanged) = "practice.settings-changed.v1",
    }
}

/// A practice was opened: people can be registered at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PracticeOpened {
    pub practice: OrganisationCode,
    pub name: Line,
    /// The address in one line, as on a letter.
    pub address: Line,
    pub settings: PracticeSettings,
}

/// A practice changed its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SettingsChanged {
    pub practice: OrganisationCode,
    pub settings: PracticeSettings,
    /// Absent if the settings were changed before the daily limit of changes existed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
}

/// The settings of a practice. A setting that an event leaves out has its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PracticeSettings {
    /// How far ahead appointments can be booked.
    pub booking_window_days: u16,
    /// How many bookings one patient may have open, over all channels.
    pub open_bookings_max: u8,
    /// How long before its start a booking can still be cancelled or moved.
    pub cancel_cut_off_minutes: u16,
    /// True if patients can order repeat medicines online.
    #[serde(skip_serializing_if = "is_allowed")]
    pub repeat_ordering: bool,
    /// How many days before the last supply ends the next one can be ordered.
    #[serde(skip_serializing_if = "is_usual_days_early")]
    pub repeat_days_early: u16,
    /// For how long a slot that becomes free is offered to, and held for, a patient on the waiting list.
    #[serde(skip_serializing_if = "are_usual_offer_minutes")]
    pub offer_minutes: u16,
}

/// The number of days before the last supply ends on which the next one can be ordered, unless a practice sets another.
pub const REPEAT_DAYS_EARLY: u16 = 7;

/// The time for which a slot is offered to one person, unless a practice sets another.
pub const OFFER_MINUTES: u16 = 30;

// A setting that was added later is not written with its default: the bytes of stored events stay as they were.
fn is_allowed(ordering: &bool) -> bool {
    *ordering
}

fn is_usual_days_early(days: &u16) -> bool {
    *days == REPEAT_DAYS_EARLY
}

fn are_usual_offer_minutes(minutes: &u16) -> bool {
    *minutes == OFFER_MINUTES
}

impl Default for PracticeSettings {
    fn default() -> Self {
        PracticeSettings {
            booking_window_days: 42,
            open_bookings_max: 3,
            cancel_cut_off_minutes: 30,
            repeat_ordering: true,
            repeat_days_early: REPEAT_DAYS_EARLY,
            offer_minutes: OFFER_MINUTES,
        }
    }
}

/// Commands and queries about a practice that was never opened.
pub const PRACTICE_NOT_FOUND: Rejection = Rejection {
    code: "practice-not-found",
    class: Class::NotFound,
    title: "There is no such practice.",
    advice: "Check the code. A practice has to be opened before anything happens there.",
};
