//! A clinic on Saturdays that is full, and a patient in its waiting list. A visitor who joins the line and cancels one of its
//! bookings at the desk sees the slot offered to the first in line, and after some minutes to the next.

use command_engine::Origin;
use domain::appointments::{BookAppointment, JoinWaitingList};
use event_core::{Caller, Issuer, LocalDate};
use jiff::civil::Weekday;
use vocabulary::{access::Permission, appointments::Channel, time::LONDON};

use super::{
    origins::{DemoCommand, origin},
    people::{CLINICS, DAYS, DemoClinic, PRACTICES, Person, session_id},
    staff,
};

pub const FULL_CLINIC: DemoClinic = DemoClinic {
    from: "09:00",
    until: "09:30",
    slot_minutes: 10,
    service: "blood-test",
    channel: Channel::InPerson,
    practitioner: "Kit Bowden",
    role: "Phlebotomist",
};
/// The number of the clinic in the ids of its sessions.
pub const FULL_CLINIC_NUMBER: usize = CLINICS.len();

/// The numbers of the patients who have its slots, and of the one who waits. All are of the first practice.
const BOOKED: [usize; 3] = [9, 12, 18];
const IN_LINE: usize = 15;

/// The days on which the clinic takes place.
pub fn days(today: LocalDate) -> impl Iterator<Item = LocalDate> {
    (1..=DAYS).map(move |n| today.plus_days(n)).filter(|day| day.civil().weekday() == Weekday::Saturday)
}

/// Every slot of the clinic, booked.
pub fn bookings(issuer: &Issuer, people: &[Person], today: LocalDate) -> Vec<DemoCommand<BookAppointment>> {
    let book = |day: LocalDate, slot: usize, person: &Person| {
        let session = session_id(&PRACTICES[0], day, FULL_CLINIC_NUMBER);
        let minutes = 9 * 60 + i64::from(FULL_CLINIC.slot_minutes) * slot as i64;
        let key = format!("{session}-{slot}");
        let command = BookAppointment {
            session: session.parse()?,
            starts_at: LONDON.start_of(day).plus_minutes(minutes),
            more_slots: Vec::new(),
            patient: person.subject.parse()?,
            reason: None,
            comment: None,
            confirms_hold: false,
        };
        Ok((command, origin(desk(issuer), &key)))
    };
    let booked = || BOOKED.iter().filter_map(|n| people.get(*n)).enumerate();
    days(today).flat_map(|day| booked().map(move |(slot, person)| book(day, slot, person))).collect()
}

/// A patient on the list of the clinic.
pub fn in_line(issuer: &Issuer, people: &[Person], today: LocalDate) -> Vec<DemoCommand<JoinWaitingList>> {
    let join = |person: &Person| {
        let command = JoinWaitingList {
            patient: person.subject.parse()?,
            site: person.practice.code.parse()?,
            service: FULL_CLINIC.service.parse()?,
            channel: Some(FULL_CLINIC.channel),
            earliest: today,
            latest: today.plus_days(DAYS),
        };
        let key = format!("demonstration-waiting-{today}-{}", person.subject);
        Ok((command, Origin::new(desk(issuer), key)))
    };
    people.get(IN_LINE).map(join).into_iter().collect()
}

fn desk(issuer: &Issuer) -> Caller {
    Caller { permissions: vec![Permission::Booking.into()], ..staff(issuer, &PRACTICES[0]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::people::people;

    #[test]
    fn the_clinic_takes_place_twice_in_two_weeks_and_its_people_are_of_its_practice() {
        let mut today: LocalDate = "2026-03-27".parse().expect("a date");
        for _ in 0..7 {
            assert_eq!(days(today).count(), 2, "{today}");
            today = today.plus_days(1);
        }
        let people = people();
        for n in BOOKED.into_iter().chain([IN_LINE]) {
            assert_eq!(people[n].practice.code, PRACTICES[0].code, "{}", people[n].name);
        }
    }
}
