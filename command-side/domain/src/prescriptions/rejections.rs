//! The rejections of commands about repeat prescriptions.

use event_core::{
    Class::{self, Conflict, NotFound, Rule},
    Rejection,
};

const fn rejection(code: &'static str, class: Class, title: &'static str, advice: &'static str) -> Rejection {
    Rejection { code, class, title, advice }
}

pub const NOT_REPEAT: Rejection = rejection(
    "not-repeat",
    Rule,
    "This is not one of your repeat medicines.",
    "`plan` says which. See the list of your repeat medicines, or ask the practice.",
);
pub const REPEAT_EXISTS: Rejection = rejection(
    "repeat-exists",
    Conflict,
    "A repeat plan with other details has this id.",
    "Change that plan, or authorise this one under a new id.",
);
pub const PLAN_INVALID: Rejection =
    rejection("plan-invalid", Rule, "A repeat plan cannot be like this.", "`why` says what does not fit.");
pub const PLAN_STOPPED: Rejection = rejection(
    "plan-stopped",
    Rule,
    "The practice has stopped this repeat medicine.",
    "`plan` says which. Please speak to the practice if you still need it.",
);
pub const NO_ISSUES_LEFT: Rejection = rejection(
    "no-issues-left",
    Rule,
    "All issues of this repeat medicine have been used.",
    "`plan` says which, and `issues` how many there were. The practice has to authorise it again.",
);
pub const REVIEW_OVERDUE: Rejection = rejection(
    "review-overdue",
    Rule,
    "Your medicine has to be reviewed before it can be ordered again.",
    "`plan` says which, and `reviewOn` since when. Book a review with the practice.",
);
pub const TOO_EARLY: Rejection = rejection(
    "too-early",
    Rule,
    "It is too early to order this medicine again.",
    "`plan` says which, and `earliest` is the first day on which you can order it.",
);
pub const ALREADY_REQUESTED: Rejection = rejection(
    "already-requested",
    Conflict,
    "You have requested this medicine already.",
    "`plan` says which, and `request` is the open request. Wait for it, or cancel it.",
);
pub const ORDERING_DISABLED: Rejection = rejection(
    "ordering-disabled",
    Rule,
    "Your practice does not take orders of repeat medicines here.",
    "Please ask the practice how to order.",
);
pub const PHARMACY_UNKNOWN: Rejection =
    rejection("pharmacy-unknown", Rule, "There is no such pharmacy.", "Choose one from the list of pharmacies.");
pub const PHARMACY_REQUIRED: Rejection = rejection(
    "pharmacy-required",
    Rule,
    "A pharmacy is needed to send the prescription to.",
    "Nominate a pharmacy, or choose one for this request.",
);
pub const PHARMACY_EXISTS: Rejection = rejection(
    "pharmacy-exists",
    Conflict,
    "This pharmacy has been opened already, with other details.",
    "Check the code.",
);
pub const NO_PHARMACY_NOMINATED: Rejection =
    rejection("no-pharmacy-nominated", Conflict, "You have not nominated a pharmacy.", "There is nothing to clear.");
pub const REQUEST_INVALID: Rejection =
    rejection("request-invalid", Rule, "A request cannot be like this.", "`why` says what does not fit.");
pub const REQUEST_EXISTS: Rejection = rejection(
    "request-exists",
    Conflict,
    "A request with other details has this id.",
    "Send this request under a new id.",
);
pub const REQUEST_NOT_FOUND: Rejection = rejection(
    "request-not-found",
    NotFound,
    "This person has no such request.",
    "See the list of the person's requests.",
);
pub const ALREADY_ACTIONED: Rejection = rejection(
    "already-actioned",
    Conflict,
    "This request has been dealt with already.",
    "`stage` says how far it is. Look at it again.",
);
pub const NOT_APPROVED: Rejection = rejection(
    "not-approved",
    Conflict,
    "This request has not been approved, so it cannot be sent to a pharmacy.",
    "`stage` says how far it is, and `pharmacy` to which pharmacy it would go.",
);
pub const PRESCRIPTION_NOT_FOUND: Rejection = rejection(
    "prescription-not-found",
    NotFound,
    "No such prescription was sent to this pharmacy.",
    "See the pharmacy's work list.",
);
pub const REPORT_INVALID: Rejection =
    rejection("report-invalid", Rule, "A report cannot be like this.", "`why` says what does not fit.");
pub const REPEAT_LIMIT_REACHED: Rejection = rejection(
    "repeat-limit-reached",
    Rule,
    "There are as many as are allowed.",
    "`limit` says how many and `of` what. A number a month begins again on the first day of the month in London.",
);
