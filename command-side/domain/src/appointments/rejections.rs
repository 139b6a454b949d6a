//! The rejections of commands about appointments.

use event_core::{
    Class::{self, Conflict, Gone, NotFound, NotYours, Precondition, Rule},
    Rejection,
};

const fn rejection(code: &'static str, class: Class, title: &'static str, advice: &'static str) -> Rejection {
    Rejection { code, class, title, advice }
}

pub const SLOT_TAKEN: Rejection = rejection(
    "slot-taken",
    Conflict,
    "Somebody else has this slot.",
    "Search again and choose another one. A slot that is only held may become free within minutes.",
);
pub const ALREADY_BOOKED: Rejection = rejection(
    "already-booked",
    Conflict,
    "You have this appointment already, with other details.",
    "`differs` names the fields that are not as the appointment has them. Amend the appointment to change them.",
);
pub const ALREADY_MOVED: Rejection = rejection(
    "already-moved",
    Conflict,
    "This appointment has been moved there already, with other details.",
    "`differs` names the fields that are not as the appointment has them. Move it from where it is now.",
);
pub const BOOK_BY_PROGRAMME: Rejection = rejection(
    "book-by-programme",
    Rule,
    "This is an appointment for a vaccination.",
    "Book it with `book-vaccination`, which asks the programme. To move it, cancel it and book another.",
);
pub const HOLD_EXPIRED: Rejection =
    rejection("hold-expired", Gone, "The hold has expired.", "Hold a slot again, or book it directly.");
pub const HOLD_NOT_FOUND: Rejection =
    rejection("hold-not-found", NotFound, "You do not hold this slot.", "Hold it first, or book it directly.");
pub const NOT_A_HOLD: Rejection = rejection(
    "not-a-hold",
    Precondition,
    "What you want to confirm is a booking, not a hold.",
    "There is nothing to confirm. Search again if you need another slot.",
);
pub const SESSION_NOT_FOUND: Rejection = rejection(
    "session-not-found",
    NotFound,
    "There is no such clinic session.",
    "It may have been withdrawn. Search again.",
);
pub const SLOT_NOT_FOUND: Rejection = rejection(
    "slot-not-found",
    NotFound,
    "The session has no slot that starts then.",
    "Use the start of a slot as the search gives it.",
);
pub const IN_THE_PAST: Rejection =
    rejection("in-the-past", Rule, "This time has passed.", "Choose a time in the future.");
pub const OUTSIDE_BOOKING_WINDOW: Rejection = rejection(
    "outside-booking-window",
    Rule,
    "This is further ahead than the practice takes bookings.",
    "Choose an earlier slot, or come back later.",
);
pub const LIMIT_REACHED: Rejection = rejection(
    "limit-reached",
    Rule,
    "You have as many as are allowed.",
    "`limit` says how many and `of` what. Cancel one that you no longer need, or wait until one has passed. A number a day \
     begins again at midnight in London.",
);
pub const OVERLAPPING_BOOKING: Rejection = rejection(
    "overlapping-booking",
    Conflict,
    "You have another appointment at that time.",
    "Choose another time, or move the other appointment.",
);
pub const SLOTS_NOT_ADJACENT: Rejection = rejection(
    "slots-not-adjacent",
    Rule,
    "These slots do not follow one another.",
    "Several slots have to be adjacent, in one session.",
);
pub const NOT_YOUR_APPOINTMENT: Rejection = rejection(
    "not-your-appointment",
    NotYours,
    "This person has no such appointment.",
    "Look at the person's appointments for its session and start.",
);
pub const CUT_OFF_PASSED: Rejection =
    rejection("cut-off-passed", Rule, "It is too late to change this appointment online.", "Please call the practice.");
pub const ALREADY_CANCELLED: Rejection =
    rejection("already-cancelled", Conflict, "This appointment has been cancelled.", "Book a new one if you need it.");
pub const NOT_TODAY: Rejection = rejection(
    "not-today",
    Rule,
    "You can check in on the day of the appointment only.",
    "Check in when you arrive. `on` is the day of the appointment.",
);
pub const NOT_STARTED: Rejection = rejection(
    "not-started",
    Rule,
    "The appointment has not started yet.",
    "Whether the patient came can be noted from its start on.",
);
pub const ATTENDANCE_RECORDED: Rejection = rejection(
    "attendance-recorded",
    Conflict,
    "The practice has noted already whether the patient came.",
    "The practice can correct the note.",
);
pub const REASON_REQUIRED: Rejection = rejection(
    "reason-required",
    Rule,
    "A cancellation needs a reason that you may give.",
    "`allowed` lists the reasons that you may give.",
);
pub const BOOKINGS_AFFECTED: Rejection = rejection(
    "bookings-affected",
    Conflict,
    "Patients have booked slots of this session that would no longer take place.",
    "Look at the session's bookings, and confirm with their `version` as `affected`. `bookings` says how many places are \
     affected, and `startsAt` in which slots.",
);
pub const BOOKINGS_CHANGED: Rejection = rejection(
    "bookings-changed",
    Precondition,
    "The bookings of this session have changed since you looked at them.",
    "Look at them again, and confirm with their present version.",
);
pub const BOOKINGS_PENDING: Rejection = rejection(
    "bookings-pending",
    Conflict,
    "The last change of this session is still being passed on to its patients.",
    "Try again in a moment.",
);
pub const APPOINTMENT_ORPHANED: Rejection = rejection(
    "appointment-orphaned",
    Conflict,
    "This appointment no longer takes place, because the practice has changed its clinic.",
    "Book a new one if you need it.",
);
pub const STALE_VERSION: Rejection = rejection(
    "stale-version",
    Precondition,
    "The appointment has changed since you looked at it.",
    "Look at it again, and send its present version.",
);
pub const ALREADY_WAITING: Rejection = rejection(
    "already-waiting",
    Conflict,
    "You are on the waiting list of this practice already.",
    "Leave it first if something else suits you.",
);
pub const WAITING_INVALID: Rejection =
    rejection("waiting-invalid", Rule, "You cannot wait for these days.", "`why` says what does not fit.");
pub const WAITING_LIST_FULL: Rejection = rejection(
    "waiting-list-full",
    Rule,
    "As many people have joined the waiting list this month as it can hold.",
    "Search for free slots, or call the practice.",
);
pub const OFFER_NOT_FOUND: Rejection =
    rejection("offer-not-found", NotFound, "This slot is not offered to you.", "Look at what you wait for.");
pub const OFFER_LAPSED: Rejection = rejection(
    "offer-lapsed",
    Gone,
    "The offer has lapsed.",
    "You are still on the waiting list unless three offers have lapsed. Search for free slots if you need one soon.",
);
pub const SESSION_INVALID: Rejection =
    rejection("session-invalid", Rule, "A session cannot be like this.", "`why` says what does not fit.");
pub const OVERLAPPING_SESSION: Rejection = rejection(
    "overlapping-session",
    Rule,
    "This practitioner has another clinic session at that time.",
    "Choose another time, or change the other session; `session` names it if it is at the same site.",
);
pub const EMBARGOED: Rejection =
    rejection("embargoed", Rule, "This slot cannot be booked yet.", "Come back at `releasedAt`, when it is released.");
pub const SAME_PERSON: Rejection = rejection(
    "same-person",
    Rule,
    "Two people are needed to book together.",
    "Book several slots for one person instead.",
);
pub const SESSION_EXISTS: Rejection = rejection(
    "session-exists",
    Conflict,
    "A session of this id has been published, with other details, or was withdrawn.",
    "Publish the session under a new id.",
);
