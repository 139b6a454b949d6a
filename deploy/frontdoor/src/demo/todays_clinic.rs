//! A clinic of today with a booking in each of its slots, so that there are patients to check in at any hour. A session is
//! published a day ahead at the earliest, so these commands are decided by an engine whose clock is behind.

use std::sync::Arc;

use anyhow::bail;
use command_engine::{Answer, Engine, EngineOptions, Failure, Origin};
use domain::appointments::{BookAppointment, PublishSession};
use event_core::{Caller, Command, Issuer, LocalDate, Timestamp};
use host::app::App;
use vocabulary::{
    access::{CallerRole, Permission},
    appointments::{Channel, Practitioner},
    time::LONDON,
};

use super::people::{PRACTICES, Person, session_id};

/// More than a day of 25 hours, on which the clocks go back.
const MINUTES_BEHIND: i64 = 30 * 60;
/// The session's number among those of its day. The others have sessions of their own.
const NUMBER: usize = 8;
const SLOT_MINUTES: u16 = 20;
/// The session begins in the hour before this one, or in the first of the day, and lasts two hours: there are always
/// appointments that have begun, and until the evening some that have not.
const HOURS: i8 = 2;
const FIRST_HOUR_MAX: i8 = 21;

/// The numbers of the patients, all of the first practice. The people who sign in are not among them: their limit of open
/// bookings is theirs to use.
const PATIENTS: [usize; 6] = [6, 9, 12, 15, 18, 21];

/// Publishes and books the clinic. A second start on the same day finds it as it is.
///
/// # Errors
/// If a command fails for another reason than a rule or a repeat.
pub async fn open(app: &App, issuer: &Issuer, people: &[Person]) -> anyhow::Result<()> {
    let options = EngineOptions { keys: Arc::clone(&app.keys), clock: behind, ..EngineOptions::default() };
    let engine = Engine::start(app.care.clone(), (app.application.commands)(), options);
    let now = Timestamp::from_jiff(jiff::Timestamp::now());
    let (today, hour) = (LONDON.day(now), LONDON.local(now).hour());
    let session = clinic(today, (hour - 1).clamp(0, FIRST_HOUR_MAX))?;
    let slots: Vec<Timestamp> = match session.published() {
        Ok(published) => published.timetable.slots().collect(),
        // The rules refuse a session in the hour that the clocks skip or repeat; the demonstration is without one then.
        Err(_) => return Ok(()),
    };
    let booked = PATIENTS.iter().filter_map(|n| people.get(*n)).zip(slots);
    let key = format!("demonstration-{}", session.session);
    kept(engine.submit(&session, Origin::new(desk(issuer), key)).await, PublishSession::NAME)?;
    for (person, starts_at) in booked {
        let command = BookAppointment {
            session: session.session.clone(),
            starts_at,
            more_slots: vec![],
            patient: person.subject.parse()?,
            reason: Some("A follow-up".parse()?),
            comment: None,
            confirms_hold: false,
        };
        let key = format!("demonstration-{today}-{}", person.subject);
        kept(engine.submit(&command, Origin::new(desk(issuer), key)).await, BookAppointment::NAME)?;
    }
    Ok(())
}

fn behind() -> Timestamp {
    Timestamp::from_jiff(jiff::Timestamp::now()).plus_minutes(-MINUTES_BEHIND)
}

/// A clinic that an earlier start has made, at another hour of the day, stays as it is.
fn kept(answered: Result<Answer, Failure>, command: &str) -> anyhow::Result<()> {
    match answered {
        Ok(_) | Err(Failure::KeyReused | Failure::Rejected(_) | Failure::RejectedBefore(_)) => Ok(()),
        Err(failure) => bail!("{command}: {failure}"),
    }
}

fn clinic(today: LocalDate, hour: i8) -> anyhow::Result<PublishSession> {
    Ok(PublishSession {
        session: session_id(&PRACTICES[0], today, NUMBER).parse()?,
        on: today,
        from: format!("{hour:02}:00").parse()?,
        until: format!("{:02}:00", hour + HOURS).parse()?,
        slot_minutes: SLOT_MINUTES,
        capacity: 1,
        service: "gp-routine".parse()?,
        channel: Channel::InPerson,
        practitioner: Practitioner { name: "Dr Ines Moreau".parse()?, role: "General practitioner".parse()? },
        practitioner_id: None,
        released_at: None,
    })
}

fn desk(issuer: &Issuer) -> Caller {
    Caller {
        issuer: issuer.clone(),
        id: format!("reception-{}", PRACTICES[0].code).into(),
        role: CallerRole::Staff.into(),
        permissions: vec![Permission::Clinics.into(), Permission::Booking.into()],
        organisation: PRACTICES[0].code.parse().ok(),
        level: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::people::people;

    #[test]
    fn at_each_hour_of_the_day_there_is_a_slot_for_each_patient_and_the_first_has_begun() {
        let day: LocalDate = "2026-11-26".parse().expect("a date");
        for hour in 0..24_i8 {
            let session = clinic(day, (hour - 1).clamp(0, FIRST_HOUR_MAX)).expect("a clinic");
            let published = session.published().expect("it can be published");
            assert_eq!(published.timetable.slots().count(), PATIENTS.len(), "{hour}");
            let now = LONDON.instant_of(day, format!("{hour:02}:00").parse().expect("a time")).expect("an instant");
            assert!(published.timetable.starts_at <= now, "{hour}");
            assert!(hour >= 23 || published.timetable.ends_at > now, "{hour}");
        }
        let people = people();
        assert!(PATIENTS.iter().all(|n| people[*n].practice.code == PRACTICES[0].code));
    }
}
