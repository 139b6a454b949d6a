//! The booking number: the reference that a patient reads out and a practice types in to find an appointment, like
//! `RR77-1XCQ-C8XY`. No event stores it. It is computed from the session, the start and the patient, so the same booking
//! always has the same number; an appointment that is moved to another time has another number.

use crate::{ids::SessionId, name_hash};
use event_core::{SubjectId, Timestamp};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 60 bits: the chance that two of a practice's million bookings share a number is less than one in a million.
const CHARACTERS: u32 = 12;

/// The number of a booking: twelve characters of Crockford base32 in groups of four. It does not reveal the session,
/// the start or the patient. It identifies a booking, but is not proof of the caller's identity.
///
/// A booking keeps its number forever, so this computation must not change.
pub fn of(session: &SessionId, starts_at: Timestamp, patient: SubjectId) -> String {
    let name = format!("{session}|{starts_at}|{patient}");
    let hash = name_hash::of(&name);
    let mut number = String::with_capacity(14);
    for at in 0..CHARACTERS {
        if at > 0 && at % 4 == 0 {
            number.push('-');
        }
        let digit = (hash >> (5 * at)) & 31;
        number.push(char::from(ALPHABET[digit as usize]));
    }
    number
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_booking_keeps_its_number_and_shares_it_with_no_other() {
        let session: SessionId = "A12345.0123456789AB".parse().expect("valid");
        let patient: SubjectId = "8f14e45f-ceea-467f-a9b5-0123456789ab".parse().expect("valid");
        let nine: Timestamp = "2026-07-01T08:00:00Z".parse().expect("valid");
        let numbers: HashSet<String> = (0..20_000).map(|n| of(&session, nine.plus_minutes(n), patient)).collect();
        assert_eq!(numbers.len(), 20_000);
        let number = of(&session, nine, patient);
        assert_eq!(number, "RR77-1XCQ-C8XY");
        assert!(number.split('-').all(|part| part.len() == 4), "{number}");
    }
}
