//! The rejections of commands about registration.

use event_core::{Class, Rejection};

pub const ALREADY_A_PATIENT: Rejection = Rejection {
    code: "already-a-patient",
    class: Class::Conflict,
    title: "This person is registered already, with other details or elsewhere.",
    advice: "A change of practice or of details is a command of its own.",
};

pub const NOT_REGISTERED_HERE: Rejection = Rejection {
    code: "not-registered-here",
    class: Class::NotYours,
    title: "Only patients of this practice can book here.",
    advice: "Register with the practice first, or search at the practice where the person is registered.",
};

pub const BORN_IN_THE_FUTURE: Rejection = Rejection {
    code: "born-in-the-future",
    class: Class::Rule,
    title: "The date of birth lies in the future.",
    advice: "Check the date of birth.",
};
