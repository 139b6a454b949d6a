//! The rejections of commands about vaccinations.

use event_core::{
    Class::{self, Conflict, NotFound, Rule},
    Rejection,
};
pub use vocabulary::vaccinations::PROGRAMME_NOT_FOUND;

const fn rejection(code: &'static str, class: Class, title: &'static str, advice: &'static str) -> Rejection {
    Rejection { code, class, title, advice }
}

pub const NOT_A_PERSON_HERE: Rejection = rejection(
    "not-a-person-here",
    Rule,
    "This person is not registered here, and has no appointment here on the day of the dose.",
    "Check the person and the day. People who are registered elsewhere need an appointment at this site.",
);
pub const NOT_REGISTERED: Rejection = rejection(
    "not-registered",
    Rule,
    "This person is not registered with a practice, or their data was erased.",
    "The date of birth is not known, on which the schedule depends. Register the person first.",
);
pub const NOT_A_VACCINATION: Rejection = rejection(
    "not-a-vaccination",
    Rule,
    "This appointment is not for a vaccination.",
    "Book it with `book-appointment`.",
);
pub const NOT_ELIGIBLE: Rejection = rejection(
    "not-eligible",
    Rule,
    "The programme does not offer you a dose on this day.",
    "`why` is the reason and `advice` says what to do. `from` is the first day on which a dose can be given, if there is one.",
);
pub const DOSE_BOOKED: Rejection = rejection(
    "dose-booked",
    Conflict,
    "You have an appointment for this dose.",
    "`session` and `startsAt` say which. Cancel it first if you need another time.",
);
pub const SECOND_DOSE_MISPLACED: Rejection = rejection(
    "second-dose-misplaced",
    Rule,
    "The second dose cannot be given on this day.",
    "`from` and `until` are the first and the last day for it; without them, `why` says why two doses are not booked together.",
);
pub const DOSE_EXISTS: Rejection = rejection(
    "dose-exists",
    Conflict,
    "Another dose has this id.",
    "Correct that dose, or record this one under a new id.",
);
pub const DOSE_GIVEN: Rejection = rejection(
    "dose-given",
    Conflict,
    "This dose was recorded already.",
    "`faults` says which one. Correct that record if it is wrong.",
);
pub const DOSE_INVALID: Rejection = rejection(
    "dose-invalid",
    Rule,
    "A dose cannot be like this.",
    "`faults` says what does not fit the programme. Check the carton and the record.",
);
pub const DOSE_NOT_FOUND: Rejection = rejection(
    "dose-not-found",
    NotFound,
    "This site recorded no such dose of this person.",
    "See the doses of the person. Only the site that gave a dose corrects its record.",
);
pub const DOSE_VOID: Rejection =
    rejection("dose-void", Conflict, "The record of this dose is void.", "Record the dose again under a new id.");
pub const TOO_MANY_DOSES: Rejection = rejection(
    "too-many-doses",
    Rule,
    "This person has as many records of doses and corrections as are allowed.",
    "`limit` says how many. Ask the operator of this installation.",
);
pub const NO_SUCH_DOSE: Rejection =
    rejection("no-such-dose", NotFound, "This person has no record of this dose.", "See the doses of the person.");
pub const NAME_DIFFERS: Rejection = rejection(
    "name-differs",
    Rule,
    "Forename and surname together are not the registered name.",
    "Write the registered name in two parts. If the name is wrong, or a passport has other Latin letters, ask the practice.",
);
pub const NAME_NOT_LATIN: Rejection = rejection(
    "name-not-latin",
    Rule,
    "ICAO Doc 9303 has no Latin letters for this name.",
    "Ask the practice: staff give the letters of the passport.",
);
pub const NO_PASS: Rejection = rejection(
    "no-pass",
    Rule,
    "There are no passes for this vaccine.",
    "Passes are for vaccines with codes in the EU Digital COVID Certificate. The record itself can be printed.",
);
pub const PASS_EXISTS: Rejection =
    rejection("pass-exists", Conflict, "A pass of another dose has this id.", "Ask for a pass under a new id.");
pub const PASS_NOT_FOUND: Rejection =
    rejection("pass-not-found", NotFound, "This person has no such pass.", "See the passes of the person.");
pub const TOO_MANY_PASSES: Rejection = rejection(
    "too-many-passes",
    Rule,
    "There are as many passes as are allowed.",
    "`limit` says how many. Show a pass that is valid, or revoke one.",
);
