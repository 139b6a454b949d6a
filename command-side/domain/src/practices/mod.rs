//! Practices: opening them, and changing their settings.

pub mod change_practice_settings;
pub mod open_practice;
pub mod practice;
pub mod rejections;
mod strict;

pub use practice::Practice;

event_core::commands! {
    open_practice::OpenPractice,
    change_practice_settings::ChangePracticeSettings,
}
