//! The rejections of commands about symptom checks.

use event_core::{
    Class::{self, Conflict, NotFound, Rule},
    Rejection,
};
pub use vocabulary::symptom_checks::CHECK_NOT_FOUND;

const fn rejection(code: &'static str, class: Class, title: &'static str, advice: &'static str) -> Rejection {
    Rejection { code, class, title, advice }
}

pub const PATHWAY_NOT_FOUND: Rejection = rejection(
    "pathway-not-found",
    NotFound,
    "There is no such release of a pathway.",
    "Choose a pathway from the list. Call 111 if none of them is about your symptoms.",
);
pub const RELEASE_OUTDATED: Rejection = rejection(
    "release-outdated",
    Conflict,
    "There is a newer release of this pathway.",
    "`newest` is its number. Start the symptom check with it.",
);
pub const RELEASE_WITHDRAWN: Rejection = rejection(
    "release-withdrawn",
    Conflict,
    "These questions were withdrawn, because they may lead to wrong advice.",
    "Do not rely on the answers so far. Call 111 about your symptoms, or 999 in an emergency.",
);
pub const WRONG_AGE_OR_SEX: Rejection = rejection(
    "wrong-age-or-sex",
    Rule,
    "These questions are not made for a person of this age or sex, or not to be answered by another person.",
    "Choose another pathway, or call 111.",
);
pub const CONSENT_REQUIRED: Rejection = rejection(
    "consent-required",
    Rule,
    "The answers of a symptom check are stored, and you have not agreed to that.",
    "Agree that your answers are stored, or call 111 about your symptoms.",
);
pub const CLAIM_MISMATCH: Rejection = rejection(
    "claim-mismatch",
    Rule,
    "A symptom check without an account needs the hash of a claim code, and a patient's check must have none.",
    "Send `claim` without an account only: SHA-256 of a random code that the app keeps.",
);
pub const CHECK_EXISTS: Rejection = rejection(
    "check-exists",
    Conflict,
    "Another symptom check has this id.",
    "Start the symptom check with a new id. The same check with the same id is started once.",
);
pub const TOO_MANY_CHECKS: Rejection = rejection(
    "too-many-checks",
    Rule,
    "You have started as many symptom checks as one day allows.",
    "`limit` says how many. Call 111 about your symptoms, or 999 in an emergency.",
);
pub const SESSION_CLOSED: Rejection = rejection(
    "session-closed",
    Conflict,
    "This symptom check is closed.",
    "`stage` says why: resume a check that was `abandoned`; start a new one if it was `disposed`, or if its answers were `erased`; a check that was `claimed` continues as a check of the person with the account.",
);
pub const STALE_QUESTION: Rejection = rejection(
    "stale-question",
    Conflict,
    "This is not the question that is asked now.",
    "Answer the question that was asked last. An earlier answer can be changed.",
);
pub const ANSWER_NOT_OFFERED: Rejection = rejection(
    "answer-not-offered",
    Rule,
    "The question does not offer this answer.",
    "`fault` says why not. Choose one of the options, or a value within the bounds of the question.",
);
pub const ANSWER_NOT_FOUND: Rejection = rejection(
    "answer-not-found",
    NotFound,
    "There is no answer to this question that can be changed.",
    "See the answers of the symptom check.",
);
pub const TOO_MANY_ANSWERS: Rejection = rejection(
    "too-many-answers",
    Rule,
    "This symptom check has as many answers and changes as are allowed.",
    "`limit` says how many. Start a new symptom check, or call 111.",
);
