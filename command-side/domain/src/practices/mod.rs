//! Practices: opening them, and what they set for themselves.

pub mod change_practice_settings;
pub mod open_practice;
pub mod practice;
pub mod rejections;

pub use change_practice_settings::ChangePracticeSettings;
pub use open_practice::OpenPractice;
pub use practice::Practice;
