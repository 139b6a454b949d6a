//! A practice, in the form that commands need.

use event_core::{LocalDate, Rejected, State};
use vocabulary::practices::{PRACTICE_NOT_FOUND, PracticeEvent, PracticeOpened, PracticeSettings};

use super::rejections::{SETTINGS_CHANGED_TOO_OFTEN, SETTINGS_INVALID};
use crate::daily::Daily;

#[derive(Debug, Clone, Default, PartialEq)]
pub enum Practice {
    #[default]
    Unknown,
    Open {
        /// The practice with its current settings.
        practice: PracticeOpened,
        /// The number of changes to the settings.
        changes: Daily,
    },
}

impl State for Practice {
    type Event = PracticeEvent;

    fn evolve(&mut self, event: &PracticeEvent) {
        match event {
            PracticeEvent::Opened(opened) => {
                *self = Practice::Open { practice: opened.clone(), changes: Daily::default() };
            }
            PracticeEvent::SettingsChanged(changed) => match self {
                Practice::Open { practice, changes } => {
                    practice.settings = changed.settings;
                    changes.count_at(changed.changed_at);
                }
                Practice::Unknown => {}
            },
        }
    }
}

impl Practice {
    /// # Errors
    /// `practice-not-found`.
    pub fn settings(&self) -> Result<&PracticeSettings, Rejected> {
        match self {
            Practice::Open { practice, .. } => Ok(&practice.settings),
            Practice::Unknown => Err((&PRACTICE_NOT_FOUND).into()),
        }
    }

    /// Checks the daily limit of changes to the settings.
    ///
    /// # Errors
    /// `settings-changed-too-often`.
    pub fn may_change_settings(&self, today: LocalDate) -> Result<(), Rejected> {
        match self {
            Practice::Open { changes, .. } if changes.on(today) >= SETTINGS_CHANGES_A_DAY_MAX => {
                Err(SETTINGS_CHANGED_TOO_OFTEN.with("limit", SETTINGS_CHANGES_A_DAY_MAX))
            }
            Practice::Open { .. } | Practice::Unknown => Ok(()),
        }
    }
}

/// The number of times that a practice may change its settings on one day (in London). A practice's stream holds 10,000
/// events, and every booking at the practice reads it: without this limit the stream could be full within seconds, and
/// the settings could not be changed again.
pub const SETTINGS_CHANGES_A_DAY_MAX: u32 = 20;
pub const BOOKING_WINDOW_DAYS_MAX: u16 = 365;
pub const OPEN_BOOKINGS_MAX: u8 = 20;
pub const CANCEL_CUT_OFF_MINUTES_MAX: u16 = 7 * 24 * 60;
pub const REPEAT_DAYS_EARLY_MAX: u16 = 28;
/// The longest time for which a slot may be offered to one person. A session keeps holds that may last as long.
pub const OFFER_MINUTES_MAX: u16 = 120;

/// # Errors
/// `settings-invalid`, with the setting's name.
pub fn check(settings: &PracticeSettings) -> Result<(), Rejected> {
    let faults = [
        ("bookingWindowDays", (1..=BOOKING_WINDOW_DAYS_MAX).contains(&settings.booking_window_days)),
        ("openBookingsMax", (1..=OPEN_BOOKINGS_MAX).contains(&settings.open_bookings_max)),
        ("cancelCutOffMinutes", settings.cancel_cut_off_minutes <= CANCEL_CUT_OFF_MINUTES_MAX),
        ("repeatDaysEarly", settings.repeat_days_early <= REPEAT_DAYS_EARLY_MAX),
        ("offerMinutes", (1..=OFFER_MINUTES_MAX).contains(&settings.offer_minutes)),
    ];
    match faults.into_iter().find(|(_, fits)| !fits) {
        Some((setting, _)) => Err(SETTINGS_INVALID.with("setting", setting)),
        None => Ok(()),
    }
}
