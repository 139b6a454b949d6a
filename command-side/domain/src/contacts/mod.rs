//! Contacts: the contact details of a person, and the ways in which the person wants to be notified.

pub mod change_contact;
pub mod contact;
pub mod rejections;
pub mod set_preferences;
mod strict;

pub use contact::Contact;

event_core::commands! {
    change_contact::ChangeContact,
    set_preferences::SetPreferences,
}
