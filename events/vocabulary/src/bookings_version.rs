//! The version of the list of a session's bookings. Staff look at the list before they change or withdraw the session;
//! the command names the version that was seen, so that no booking is orphaned that they did not see. No event stores
//! it: it is computed from the booked places.

use std::{fmt, str::FromStr};

use event_core::{Malformed, SubjectId, Timestamp, text_id};
use serde::{Deserialize, Serialize};

/// Sixteen hexadecimal digits that depend on every booked place of a session, and not on their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BookingsVersion(Box<str>);

text_id!(BookingsVersion, "BookingsVersion", "^[0-9a-f]{16}$");

impl BookingsVersion {
    /// The version of a list of these places: the start of the slot, and the patient.
    pub fn of(places: impl IntoIterator<Item = (Timestamp, SubjectId)>) -> BookingsVersion {
        let mut places: Vec<String> = places.into_iter().map(|(starts_at, by)| format!("{starts_at}|{by}\n")).collect();
        places.sort_unstable();
        let hash = places
            .iter()
            .flat_map(|place| place.bytes())
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        BookingsVersion(format!("{hash:016x}").into())
    }
}

impl fmt::Display for BookingsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BookingsVersion {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            Ok(BookingsVersion(text.into()))
        } else {
            Err(Malformed("the version of a list of bookings is 16 hexadecimal digits".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NINE, TEN_PAST, alice, at, bob};

    #[test]
    fn every_booking_changes_the_version_and_their_order_does_not() {
        let (nine, ten_past) = ((at(NINE), alice()), (at(TEN_PAST), bob()));
        let both = BookingsVersion::of([nine, ten_past]);
        assert_eq!(both, BookingsVersion::of([ten_past, nine]));
        let others = [vec![], vec![nine], vec![ten_past], vec![(at(NINE), bob()), (at(TEN_PAST), alice())]];
        assert!(others.into_iter().all(|other| BookingsVersion::of(other) != both));
        assert_eq!(both.to_string().parse(), Ok(both));
    }
}
