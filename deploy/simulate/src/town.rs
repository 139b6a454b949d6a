//! The people and organisations of a simulation. All are invented, and derived from their numbers: a second run finds those
//! of the first. NHS numbers are of the range for tests, from 999 000 0000.

use anyhow::ensure;
use serde_json::{Value, json};
use vocabulary::text::NhsNumber;

/// The range for tests has as many numbers with a check digit, apart from those of the demonstration.
pub const PATIENTS_MAX: u32 = 490_000;
pub const PRACTICES_MAX: u32 = 10_000;
/// The numbers below are those of the demonstration and of tests.
const FIRST_NHS_NUMBER: u32 = 5_000;
/// The first bits of the ids of simulated people. Those of earlier versions were born in other years.
const SUBJECTS: u128 = 0x51B1;

/// The pharmacy of all prescriptions.
pub const PHARMACY: &str = "FSIM1";

/// The size of the simulated part of a system. Patient `n` is registered at practice `n` modulo the number of practices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Town {
    pub patients: u32,
    pub practices: u32,
}

/// A simulated patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedPatient {
    pub number: u32,
    pub subject: String,
    pub practice: String,
}

impl Town {
    /// # Errors
    /// If there are too many of them, or a practice would have no patient.
    pub fn of(patients: u32, practices: u32) -> anyhow::Result<Town> {
        ensure!((1..=PATIENTS_MAX).contains(&patients), "--patients is 1 to {PATIENTS_MAX}");
        ensure!((1..=PRACTICES_MAX).contains(&practices), "--practices is 1 to {PRACTICES_MAX}");
        ensure!(practices <= patients, "there are more practices than patients");
        Ok(Town { patients, practices })
    }

    /// The code of a practice.
    pub fn practice(self, n: u32) -> String {
        format!("SIM{:05}", n % self.practices)
    }

    /// Patient `n` modulo the number of patients. In another number of practices the same number is another person, because
    /// a person is registered at one practice.
    pub fn patient(self, n: u64) -> SimulatedPatient {
        let number = (n % u64::from(self.patients)) as u32;
        let bits = SUBJECTS << 112 | u128::from(self.practices) << 64 | u128::from(number);
        // Of version 4 in form.
        let subject = uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string();
        SimulatedPatient { number, subject, practice: self.practice(number) }
    }

    /// The patient of the `n`th visit of an activity: each patient comes once before any comes twice.
    pub fn visitor(self, activity: usize, n: u64) -> SimulatedPatient {
        /// Two primes: at least one does not divide the number of patients.
        const STRIDES: [u64; 2] = [7_919, 104_729];
        let patients = u64::from(self.patients);
        let stride = STRIDES.into_iter().find(|stride| patients % stride != 0).unwrap_or(1);
        self.patient((n % patients * (stride % patients) + activity as u64 * 31) % patients)
    }
}

/// The body of `open-practice`. Its settings permit as many bookings as a setting can, because one simulated patient stands for
/// several real ones.
pub fn practice_body(code: &str) -> Value {
    json!({
        "practice": code,
        "name": format!("Simulated Surgery {}", code.trim_start_matches("SIM")),
        "address": "1 Load Street, Exampleton, EX9 9ZZ",
        "settings": {"openBookingsMax": 20, "repeatDaysEarly": 28},
    })
}

/// The body of `register-patient`. All people are at least 65 years old, the age for the vaccination that the simulation books.
pub fn registration_body(patient: &SimulatedPatient) -> Value {
    json!({
        "subject": patient.subject,
        "practice": patient.practice,
        "name": "Somebody Simulated",
        "nhsNumber": NhsNumber::synthetic(FIRST_NHS_NUMBER + patient.number),
        "bornOn": format!("{}-02-{:02}", 1935 + patient.number % 26, 1 + patient.number % 28),
    })
}

/// The id of the `n`th of the town's repeat plans of a patient: 12 characters of Crockford base32.
pub fn plan_id(n: u32) -> String {
    format!("{n:012}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use event_core::{OrganisationCode, SubjectId};

    use super::*;

    #[test]
    fn everybody_is_invented_and_comes_once_before_anybody_comes_twice() {
        for (patients, practices) in [(1, 1), (500, 7), (7_919, 10)] {
            let town = Town::of(patients, practices).expect("a town");
            let comers: BTreeSet<String> = (0..u64::from(patients)).map(|n| town.visitor(3, n).subject).collect();
            assert_eq!(comers.len(), patients as usize);
            assert!(comers.iter().all(|subject| subject.parse::<SubjectId>().is_ok()));
            let last = town.patient(u64::from(patients) - 1);
            assert!(last.practice.parse::<OrganisationCode>().is_ok());
            let number = registration_body(&last)["nhsNumber"].as_str().expect("a number").to_owned();
            assert!(number.starts_with("999") && number.parse::<NhsNumber>().is_ok(), "{number}");
        }
    }

    #[test]
    fn a_town_has_limits() {
        for (patients, practices) in [(0, 1), (5, 6), (PATIENTS_MAX + 1, 1), (5, 0)] {
            assert!(Town::of(patients, practices).is_err(), "{patients}, {practices}");
        }
    }
}
