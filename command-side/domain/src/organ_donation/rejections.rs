//! The rejections of commands about organ donation.

use event_core::{Class, Rejection};

pub const NO_ORGANS_CHOSEN: Rejection = Rejection {
    code: "no-organs-chosen",
    class: Class::Rule,
    title: "Choose at least one organ or tissue, each once.",
    advice: "Who wants to give none records an opt-out; who wants to give all of them, `opt-in-all`.",
};
pub const TOO_MANY_REPRESENTATIVES: Rejection = Rejection {
    code: "too-many-representatives",
    class: Class::Rule,
    title: "One or two people can be appointed to decide for you.",
    advice: "Name one or two people.",
};
pub const ALREADY_REGISTERED: Rejection = Rejection {
    code: "already-registered",
    class: Class::Conflict,
    title: "Another decision of yours is registered.",
    advice: "Amend it, or withdraw it first.",
};
pub const NOTHING_TO_AMEND: Rejection = Rejection {
    code: "nothing-to-amend",
    class: Class::Conflict,
    title: "There is no decision that could be amended.",
    advice: "Register a decision.",
};
pub const NOTHING_TO_WITHDRAW: Rejection = Rejection {
    code: "nothing-to-withdraw",
    class: Class::Conflict,
    title: "There is no decision that could be withdrawn.",
    advice: "Who wants to give no organs registers an opt-out: without any decision, consent may be deemed.",
};
pub const TOO_MANY_CHANGES: Rejection = Rejection {
    code: "too-many-changes",
    class: Class::Rule,
    title: "This has been changed as often as one day allows.",
    advice: "`limit` says how often. Come back tomorrow. A decision can be withdrawn at any time.",
};
