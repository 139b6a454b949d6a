//! The entries of the revocation list: one row per revoked pass, below the month in which it expires.

use event_core::{Key, Keys, Projection, Recorded, Timestamp};
use passes::{PASS_VALID_DAYS, RevocationHash};
use serde::{Deserialize, Serialize};
use vocabulary::vaccinations::PassEvent;

pub struct RevokedPasses;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevokedPassRow {
    pub revocation: RevocationHash,
    pub expires_at: Timestamp,
}

impl RevokedPasses {
    /// The month in which a pass expires, in UTC, as `2026-12`.
    fn month(expires_at: Timestamp) -> String {
        let mut text = expires_at.to_string();
        text.truncate("2026-12".len());
        text
    }

    /// The partitions in which the revoked passes are that have not expired: at most three, because a pass expires at most
    /// `PASS_VALID_DAYS` from now.
    pub fn partitions(now: Timestamp) -> Vec<String> {
        let mut months: Vec<String> = (0..=PASS_VALID_DAYS).map(|days| Self::month(now.plus_days(days))).collect();
        months.dedup();
        months
    }

    pub fn key(expires_at: Timestamp, revocation: &RevocationHash) -> Key {
        Key::new(Self::month(expires_at), revocation)
    }
}

impl Projection for RevokedPasses {
    const NAME: &'static str = "revoked_passes";
    const VERSION: u32 = 1;
    type Row = RevokedPassRow;
    type Event = PassEvent;

    fn keys(fact: &Recorded<PassEvent>) -> Keys {
        match &fact.data {
            PassEvent::Issued(_) => vec![],
            PassEvent::Revoked(event) => vec![Self::key(event.expires_at, &event.revocation)],
        }
    }

    fn evolve(_: &Key, row: Option<RevokedPassRow>, fact: &Recorded<PassEvent>) -> Option<RevokedPassRow> {
        match &fact.data {
            PassEvent::Issued(_) => row,
            PassEvent::Revoked(event) => {
                Some(RevokedPassRow { revocation: event.revocation, expires_at: event.expires_at })
            }
        }
    }
}

#[cfg(test)]
mod specs {
    use super::{
        super::my_passes::specs::{issued, revocation, revoked},
        *,
    };
    use crate::spec::{NINE, at, fold};

    #[test]
    fn a_revoked_pass_is_a_row_of_the_month_in_which_it_expires() {
        let rows = fold::<RevokedPasses>([issued(), revoked()]);
        let expires_at = at(NINE).plus_days(30);
        let expected = RevokedPassRow { revocation: revocation(), expires_at };
        assert_eq!(rows.into_iter().collect::<Vec<_>>(), [(RevokedPasses::key(expires_at, &revocation()), expected)]);
    }

    #[test]
    fn the_months_of_valid_passes_are_this_one_and_those_that_thirty_days_reach() {
        let of = |now: &str| RevokedPasses::partitions(now.parse().expect("a time"));
        assert_eq!(of("2026-12-01T00:00:00Z"), ["2026-12"]);
        assert_eq!(of("2026-12-02T00:00:00Z"), ["2026-12", "2027-01"]);
        assert_eq!(of("2027-01-31T12:00:00Z"), ["2027-01", "2027-02", "2027-03"]);
    }
}
