//! Attendance in the day of the desk: the state of each booking, the patients that are here, and the notes of the desk.

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use domain::appointments::{CheckIn, MarkAttended, MarkDidNotAttend};
use event_core::{Command, LocalDate, SubjectId, Timestamp};
use http_edge::{CommandGranted, Problem, problem_catalogue::MALFORMED};
use page_engine::{PageError, Pages, PostedForm, back_to, encoded};
use queries::appointments::{AttendanceStep, Booking, DaySlot, Presence};
use serde::Deserialize;
use vocabulary::SessionId;

use crate::{refusal, words};

/// Each step: the value of its button, its label, and what the page says when it is done.
const STEPS: [(AttendanceStep, &str, &str, &str); 3] = [
    (AttendanceStep::CheckIn, "check-in", "Check in", "The patient is checked in."),
    (AttendanceStep::MarkAttended, "attended", "Attended", "The patient is noted as attended."),
    (AttendanceStep::MarkDidNotAttend, "missed", "Did not attend", "The patient is noted as not attended."),
];

/// The attendance of a booking, in its slot.
pub struct AttendanceCell {
    /// `Checked in at 9:02am`
    pub state: String,
    /// The start of the appointment.
    pub starts_at: String,
    /// The values and labels of the buttons.
    pub steps: Vec<(&'static str, &'static str)>,
}

impl AttendanceCell {
    /// The first slot of an appointment has the buttons.
    pub fn of(booking: &Booking, slot_starts_at: Timestamp) -> AttendanceCell {
        let is_first = booking.starts_at == slot_starts_at;
        let state = match booking.attendance.state {
            _ if !is_first => format!("With the slot at {}", words::time(booking.starts_at)),
            Presence::Expected => "Booked".to_owned(),
            Presence::CheckedIn => {
                let at = booking.attendance.checked_in_at;
                at.map_or("Checked in".to_owned(), |at| format!("Checked in at {}", words::time(at)))
            }
            Presence::Attended => "Attended".to_owned(),
            Presence::DidNotAttend => "Did not attend".to_owned(),
        };
        let open = STEPS.iter().filter(|(step, ..)| is_first && booking.steps.contains(step));
        let steps = open.map(|(_, value, label, _)| (*value, *label)).collect();
        AttendanceCell { state, starts_at: booking.starts_at.to_string(), steps }
    }
}

/// `2 patients are here, 3 still to come, 1 attended, 0 did not attend.`, if anything is booked.
pub fn presence(slots: &[DaySlot]) -> Option<String> {
    let first = |slot: &DaySlot| {
        let starts_at = slot.starts_at;
        slot.bookings
            .iter()
            .filter(move |booking| booking.starts_at == starts_at)
            .map(|one| one.attendance.state)
            .collect::<Vec<_>>()
    };
    let states: Vec<Presence> = slots.iter().flat_map(first).collect();
    let of = |state| states.iter().filter(|known| **known == state).count() as u64;
    let (here, to_come) = (of(Presence::CheckedIn), of(Presence::Expected));
    let (attended, missed) = (of(Presence::Attended), of(Presence::DidNotAttend));
    (!states.is_empty()).then(|| {
        let here = words::count(here, "patient is here", "patients are here");
        format!("{here}, {to_come} still to come, {attended} attended, {missed} did not attend.")
    })
}

/// The words of the page after a step.
pub fn noted(step: &str) -> Option<&'static str> {
    STEPS.iter().find(|(_, value, ..)| *value == step).map(|(.., done)| *done)
}

/// The part of the day in an address.
pub fn at_part(part: Option<&str>) -> String {
    part.map(|part| format!("?part={}", encoded(part))).unwrap_or_default()
}

#[derive(Deserialize)]
pub struct NotedOn {
    part: Option<String>,
}

/// # Errors
/// If the form is not one of this server's, or does not read.
pub async fn note(
    State(pages): State<Pages>,
    Path(date): Path<LocalDate>,
    Query(on): Query<NotedOn>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let malformed = || Problem::of(&MALFORMED);
    let (step, value, ..) = STEPS.iter().find(|(_, value, ..)| *value == form.text("step")).ok_or_else(malformed)?;
    let patient: SubjectId = form.text("patient").parse().map_err(|_| malformed())?;
    let session: SessionId = form.text("session").parse().map_err(|_| malformed())?;
    let starts_at: Timestamp = form.text("starts-at").parse().map_err(|_| malformed())?;
    let given = match step {
        AttendanceStep::CheckIn => give(&pages, &form, value, &CheckIn { patient, session, starts_at }).await,
        AttendanceStep::MarkAttended => give(&pages, &form, value, &MarkAttended { patient, session, starts_at }).await,
        AttendanceStep::MarkDidNotAttend => {
            give(&pages, &form, value, &MarkDidNotAttend { patient, session, starts_at }).await
        }
    };
    let day = format!("/desk/days/{date}{}", at_part(on.part.as_deref()));
    let sign = if on.part.is_some() { '&' } else { '?' };
    Ok(match given {
        Ok(granted) => back_to(&format!("{day}{sign}noted={value}"), granted.position),
        Err(problem) => {
            let ways = vec![(day, "See the day as it is now".to_owned())];
            refusal::page(&form.visitor, problem, ways)
        }
    })
}

/// The buttons of a booking are in one form. Each has a key of its own, because one key stands for one command.
async fn give<C: Command>(
    pages: &Pages,
    form: &PostedForm,
    step: &str,
    command: &C,
) -> Result<CommandGranted, Problem> {
    pages.give_with(form, form.key_for(step), command).await
}

#[cfg(test)]
mod tests {
    use queries::appointments::{ShownAttendance, SlotState};
    use vocabulary::appointments::{Channel, Practitioner};

    use super::*;

    fn at(time: &str) -> Timestamp {
        format!("2026-11-26T{time}:00Z").parse().expect("an instant")
    }

    fn booking(state: Presence, starts_at: &str) -> Booking {
        Booking {
            patient: "a11ce000-0000-4000-8000-000000000001".parse().expect("a subject"),
            name: None,
            starts_at: at(starts_at),
            attendance: ShownAttendance { state, checked_in_at: Some(at("09:02")), marked_at: None },
            steps: vec![AttendanceStep::MarkAttended],
            reason: None,
        }
    }

    fn slot(starts_at: &str, booking: Booking) -> DaySlot {
        DaySlot {
            session: "A12345.0123456789AB".parse().expect("a session"),
            starts_at: at(starts_at),
            ends_at: at(starts_at).plus_minutes(10),
            service: "gp-routine".parse().expect("a service"),
            channel: Channel::InPerson,
            practitioner: Practitioner {
                name: "Dr Mei Tanaka".parse().expect("a name"),
                role: "General practitioner".parse().expect("a role"),
            },
            state: SlotState::Booked,
            capacity: 1,
            bookings: vec![booking],
            holds: Vec::new(),
        }
    }

    #[test]
    fn only_the_first_slot_of_an_appointment_has_its_state_and_the_buttons() {
        let arrived = booking(Presence::CheckedIn, "09:00");
        let first = AttendanceCell::of(&arrived, at("09:00"));
        assert_eq!((first.state.as_str(), first.steps), ("Checked in at 9:02am", vec![("attended", "Attended")]));
        let second = AttendanceCell::of(&arrived, at("09:10"));
        assert_eq!((second.state.as_str(), second.steps.len()), ("With the slot at 9:00am", 0));
    }

    #[test]
    fn an_appointment_of_two_slots_is_one_patient() {
        let here =
            [("09:00", "09:00"), ("09:10", "09:00")].map(|(start, of)| slot(start, booking(Presence::CheckedIn, of)));
        let expected = "1 patient is here, 0 still to come, 0 attended, 0 did not attend.";
        assert_eq!(presence(&here).as_deref(), Some(expected));
        assert_eq!(presence(&[]), None);
    }
}
