//! A practice, as commands need to know it.

use vocabulary::practice::{PracticeEvent, PracticeOpened, PracticeSettings};

use super::rejections::{PRACTICE_NOT_FOUND, SETTINGS_INVALID};
use crate::{Rejected, State};

#[derive(Debug, Clone, Default, PartialEq)]
pub enum Practice {
    #[default]
    Unknown,
    Open(PracticeOpened),
}

impl State for Practice {
    type Event = PracticeEvent;

    fn evolve(&mut self, event: &PracticeEvent) {
        match event {
            PracticeEvent::Opened(opened) => *self = Practice::Open(opened.clone()),
            PracticeEvent::SettingsChanged(changed) => match self {
                Practice::Open(practice) => practice.settings = changed.settings,
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
            Practice::Open(practice) => Ok(&practice.settings),
            Practice::Unknown => Err((&PRACTICE_NOT_FOUND).into()),
        }
    }
}

pub const BOOKING_WINDOW_DAYS_MAX: u16 = 365;
pub const OPEN_BOOKINGS_MAX: u8 = 20;
pub const CANCEL_CUT_OFF_MINUTES_MAX: u16 = 7 * 24 * 60;

/// # Errors
/// `settings-invalid`, with the setting's name.
pub fn check(settings: &PracticeSettings) -> Result<(), Rejected> {
    let faults = [
        ("bookingWindowDays", (1..=BOOKING_WINDOW_DAYS_MAX).contains(&settings.booking_window_days)),
        ("openBookingsMax", (1..=OPEN_BOOKINGS_MAX).contains(&settings.open_bookings_max)),
        ("cancelCutOffMinutes", settings.cancel_cut_off_minutes <= CANCEL_CUT_OFF_MINUTES_MAX),
    ];
    match faults.into_iter().find(|(_, fits)| !fits) {
        Some((setting, _)) => Err(SETTINGS_INVALID.with("setting", setting)),
        None => Ok(()),
    }
}
