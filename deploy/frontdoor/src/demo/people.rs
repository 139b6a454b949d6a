//! The invented practices, clinics and people of the demonstration. Everything is derived, so a second start produces
//! the same data. NHS numbers are of the range for tests, from 999 000 0000.

/// How many days ahead there are sessions.
pub const DAYS: i64 = 14;

use aws_lc_rs::digest::{SHA256, digest};
use event_core::LocalDate;
use vocabulary::{appointments::Channel, text::NhsNumber};

pub struct DemoPractice {
    pub code: &'static str,
    pub name: &'static str,
    pub address: &'static str,
    /// The time for which a free slot is held for a patient on the waiting list: at the first practice so short that a
    /// visitor sees what follows.
    pub offer_minutes: u16,
}

pub const PRACTICES: [DemoPractice; 3] = [
    DemoPractice {
        code: "A99001",
        name: "Brook Street Surgery",
        address: "1 Brook Street, Exampleton, EX1 1AA",
        offer_minutes: 2,
    },
    DemoPractice {
        code: "A99002",
        name: "The Old Mill Practice",
        address: "Mill Lane, Exampleton, EX2 2BB",
        offer_minutes: 30,
    },
    DemoPractice {
        code: "A99003",
        name: "Harbour View Health Centre",
        address: "9 Quayside, Sampleport, EX3 3CC",
        offer_minutes: 30,
    },
];

/// A vaccination site. It is no practice, so no patient is registered at it.
pub const HALL: DemoPractice = DemoPractice {
    code: "A99050",
    name: "Exampleton Town Hall",
    address: "2 Market Square, Exampleton, EX1 2CC",
    offer_minutes: 30,
};

/// One clinician's clinic on every weekday at every practice.
pub struct DemoClinic {
    pub from: &'static str,
    pub until: &'static str,
    pub slot_minutes: u16,
    pub service: &'static str,
    pub channel: Channel,
    pub practitioner: &'static str,
    pub role: &'static str,
}

pub const CLINICS: [DemoClinic; 3] = [
    DemoClinic {
        from: "09:00",
        until: "12:00",
        slot_minutes: 10,
        service: "gp-routine",
        channel: Channel::InPerson,
        practitioner: "Dr Amara Okafor",
        role: "General practitioner",
    },
    DemoClinic {
        from: "13:30",
        until: "16:00",
        slot_minutes: 15,
        service: "nurse",
        channel: Channel::InPerson,
        practitioner: "Rowan Pryce",
        role: "Practice nurse",
    },
    DemoClinic {
        from: "16:00",
        until: "18:00",
        slot_minutes: 10,
        service: "gp-routine",
        channel: Channel::Telephone,
        practitioner: "Dr Mei Tanaka",
        role: "General practitioner",
    },
];

/// The clinic of a vaccination programme that is open all year, on every day at the first practice.
pub const VACCINATION_CLINIC: DemoClinic = DemoClinic {
    from: "13:00",
    until: "15:00",
    slot_minutes: 5,
    service: "vaccination-pneumococcal",
    channel: Channel::InPerson,
    practitioner: "Nora Vaccinator",
    role: "Vaccinator",
};
/// The same in the hall.
pub const HALL_CLINIC: DemoClinic = DemoClinic { practitioner: "Hetty Hall", ..VACCINATION_CLINIC };
/// The number of the clinics in the ids of their sessions.
pub const VACCINATION_CLINIC_NUMBER: usize = CLINICS.len() + 1;

/// The id of a clinic's session on a day: `A99001.202603290001` is also Crockford base32.
pub fn session_id(practice: &DemoPractice, on: LocalDate, clinic: usize) -> String {
    format!("{}.{}{:04}", practice.code, on.to_string().replace('-', ""), clinic + 1)
}

const NAMES: [&str; 24] = [
    "Alice Example",
    "Bob Sample",
    "Chidi Invented",
    "Dilys Fictional",
    "Edward Nobody",
    "Fatima Madeup",
    "Gwen Placeholder",
    "Harpreet Imagined",
    "Isla Pretend",
    "Jakub Nowhere",
    "Kezia Unreal",
    "Liam Figment",
    "Mariam Fable",
    "Niall Parable",
    "Olu Storybook",
    "Priya Novel",
    "Quentin Legend",
    "Ruth Allegory",
    "Sunil Fantasy",
    "Tamsin Dream",
    "Umar Mirage",
    "Violet Myth",
    "Wojciech Tale",
    "Yasmin Anecdote",
];

pub struct Person {
    pub name: &'static str,
    pub subject: String,
    pub nhs_number: NhsNumber,
    pub born_on: String,
    /// Of the numbers that Ofcom keeps for drama.
    pub phone: String,
    pub email: String,
    pub practice: &'static DemoPractice,
}

pub fn people() -> Vec<Person> {
    let person = |(n, name)| Person {
        name,
        subject: subject(n),
        nhs_number: NhsNumber::synthetic(n as u32),
        // The dates include 29 February.
        born_on: format!("{}-02-{:02}", 1948 + 4 * (n % 15), 1 + (28 + n) % 29),
        phone: format!("+4477009000{n:02}"),
        email: format!("{}@example.com", name.to_lowercase().replace(' ', ".")),
        practice: &PRACTICES[n % PRACTICES.len()],
    };
    NAMES.into_iter().enumerate().map(person).collect()
}

/// A UUID of version 4 in form. Its bits come from a hash, so that they are the same at each start; the person is
/// invented.
fn subject(n: usize) -> String {
    let hash = digest(&SHA256, format!("frontdoor demonstration, person {n}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use event_core::SubjectId;
    use std::collections::BTreeSet;
    use vocabulary::{
        SessionId,
        contacts::{EmailAddress, PhoneNumber},
    };

    #[test]
    fn everybody_is_invented_and_nobody_is_there_twice() {
        let people = people();
        let subjects: BTreeSet<_> = people.iter().map(|person| person.subject.clone()).collect();
        let numbers: BTreeSet<_> = people.iter().map(|person| person.nhs_number.to_string()).collect();
        assert_eq!((subjects.len(), numbers.len()), (NAMES.len(), NAMES.len()));
        for person in &people {
            assert!(person.subject.parse::<SubjectId>().is_ok(), "{}", person.subject);
            assert!(person.born_on.parse::<LocalDate>().is_ok(), "{}", person.born_on);
            assert!(person.phone.parse::<PhoneNumber>().is_ok(), "{}", person.phone);
            assert!(person.email.parse::<EmailAddress>().is_ok(), "{}", person.email);
        }
    }

    #[test]
    fn a_session_of_a_day_has_one_name() {
        let on: LocalDate = "2026-03-29".parse().expect("a date");
        let id = session_id(&PRACTICES[0], on, 0);
        assert_eq!(id, "A99001.202603290001");
        assert!(id.parse::<SessionId>().is_ok());
    }
}
