//! Practices: opening them, and what they set for themselves.

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
