//! The rejections of commands about carers.

use event_core::{Class, Rejection};

pub const CARER_EXISTS: Rejection = Rejection {
    code: "carer-exists",
    class: Class::Conflict,
    title: "A carer with other details has this id.",
    advice: "Register the carer with a new id, and remove the one that is not right.",
};
pub const TOO_MANY_CARERS: Rejection = Rejection {
    code: "too-many-carers",
    class: Class::Rule,
    title: "You have named as many carers as are allowed.",
    advice: "`limit` says how many. Remove a carer first.",
};
pub const TOO_MANY_CARER_CHANGES: Rejection = Rejection {
    code: "too-many-carer-changes",
    class: Class::Rule,
    title: "You have named as many carers as one day allows.",
    advice: "`limit` says how many. Come back tomorrow. A carer can be removed at any time.",
};
pub const CARER_NOT_FOUND: Rejection = Rejection {
    code: "carer-not-found",
    class: Class::NotFound,
    title: "You have no such carer.",
    advice: "See the list of your carers.",
};
