//! The rejections of commands about practices.

use event_core::{Class, Rejection};

pub const PRACTICE_EXISTS: Rejection = Rejection {
    code: "practice-exists",
    class: Class::Conflict,
    title: "This practice has been opened already, with other details.",
    advice: "Change its settings instead of opening it again.",
};

pub const SETTINGS_CHANGED_TOO_OFTEN: Rejection = Rejection {
    code: "settings-changed-too-often",
    class: Class::Rule,
    title: "These settings have been changed as often as one day allows.",
    advice: "`limit` says how often. They can be changed again from midnight in London on.",
};

pub const SETTINGS_INVALID: Rejection = Rejection {
    code: "settings-invalid",
    class: Class::Rule,
    title: "These settings are outside of what a practice may set.",
    advice: "The booking window is 1 to 365 days, open bookings 1 to 20, the cut-off at most 10,080 minutes (a week), and \
        repeat medicines can be ordered at most 28 days early.",
};
