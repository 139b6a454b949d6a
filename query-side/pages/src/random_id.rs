//! New ids of twelve digits of Crockford base32, for what forms make, and secret codes of 26.

use uuid::Uuid;

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: u32 = 12;

/// Twelve random digits: 60 of the 62 lowest bits of a UUID of version 4, which are random.
pub fn twelve_digits() -> String {
    digits_of(Uuid::new_v4().as_u128())
}

/// 26 random digits, which are 130 random bits.
pub fn secret() -> String {
    let digits: String = (0..3).map(|_| twelve_digits()).collect();
    digits.chars().take(26).collect()
}

fn digits_of(random: u128) -> String {
    let digit = |place: u32| DIGITS.get((random >> (5 * place)) as usize & 31).copied().map_or('0', char::from);
    (0..LENGTH).map(digit).collect()
}

/// The id of what a form makes, from the form's key, so that a form that is sent twice makes one thing. The key ends with random
/// characters; each is one of 32 here. `None` if the key is too short.
pub fn of_form(key: &str) -> Option<String> {
    let last = key.as_bytes().rchunks(LENGTH as usize).next().filter(|last| last.len() == LENGTH as usize)?;
    Some(last.iter().map(|byte| char::from(DIGITS[usize::from(*byte) % 32])).collect())
}

#[cfg(test)]
mod tests {
    use vocabulary::{messages::MessageRequestId, prescriptions::PlanId};

    use super::*;

    #[test]
    fn a_form_that_is_sent_twice_makes_one_thing_and_another_form_another() {
        let key = "AZrPiQ0tdW6T8i2kYk9xLwm3Zx7Q_Hc-1S0vN4bJtKqRgE";
        assert_eq!(of_form(key), of_form(key));
        assert!(of_form(key).is_some_and(|id| id.parse::<PlanId>().is_ok()));
        assert_ne!(of_form(key), of_form(&key.replace("KqRg", "KqRh")));
        assert_eq!(of_form("short"), None);
    }

    #[test]
    fn a_new_id_is_one_of_a_plan_of_a_message_and_of_a_session() {
        for random in [0, u128::MAX, 0x0123_4567_89ab_cdef] {
            let id = digits_of(random);
            assert!(id.parse::<PlanId>().is_ok() && id.parse::<MessageRequestId>().is_ok(), "{id}");
            assert!(format!("A12345.{id}").parse::<vocabulary::SessionId>().is_ok(), "{id}");
        }
        assert_ne!(twelve_digits(), twelve_digits());
        let secret = secret();
        assert!(secret.parse::<vocabulary::symptom_checks::ClaimCode>().is_ok() && secret != super::secret());
    }
}
