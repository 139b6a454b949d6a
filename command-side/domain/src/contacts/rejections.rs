//! The rejections of commands about contacts.

use event_core::{Class, Rejection};

pub const TOO_MANY_CONTACT_CHANGES: Rejection = Rejection {
    code: "too-many-contact-changes",
    class: Class::Rule,
    title: "Your contact details and preferences have changed as often as one day allows.",
    advice: "`limit` says how often. Come back tomorrow. A consent or a contact detail can be taken back at any time.",
};
