//! The vaccination passes of a person: one row per pass.

use event_core::{Key, Keys, Personal, Projection, Recorded, SubjectId, Timestamp};
use passes::PassContents;
use serde::{Deserialize, Serialize};
use vocabulary::vaccinations::{DoseId, PassEvent, PassId, RevocationCause};

pub struct MyPasses;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PassRow {
    pub pass: PassId,
    pub dose: DoseId,
    pub contents: Personal<PassContents>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    pub cause: Option<RevocationCause>,
}

impl MyPasses {
    pub fn partition(subject: SubjectId) -> String {
        subject.to_string()
    }

    pub fn key(subject: SubjectId, pass: &PassId) -> Key {
        Key::new(subject, pass)
    }
}

impl Projection for MyPasses {
    const NAME: &'static str = "my_passes";
    const VERSION: u32 = 1;
    type Row = PassRow;
    type Event = PassEvent;

    fn keys(fact: &Recorded<PassEvent>) -> Keys {
        match &fact.data {
            PassEvent::Issued(event) => vec![Self::key(event.subject, &event.pass)],
            PassEvent::Revoked(event) => vec![Self::key(event.subject, &event.pass)],
        }
    }

    fn evolve(_: &Key, row: Option<PassRow>, fact: &Recorded<PassEvent>) -> Option<PassRow> {
        match &fact.data {
            PassEvent::Issued(event) => Some(PassRow {
                pass: event.pass.clone(),
                dose: event.dose.clone(),
                contents: event.contents.clone(),
                issued_at: event.issued_at,
                expires_at: event.expires_at,
                revoked_at: None,
                cause: None,
            }),
            PassEvent::Revoked(event) => {
                row.map(|row| PassRow { revoked_at: Some(event.revoked_at), cause: Some(event.cause), ..row })
            }
        }
    }
}

#[cfg(test)]
pub(super) mod specs {
    use passes::RevocationHash;
    use vocabulary::vaccinations::{PassIssued, PassRevoked};

    use super::*;
    use crate::spec::{NINE, TEN_PAST, alice, at, fold};

    pub fn pass() -> PassId {
        "0000000000P1".parse().expect("a pass")
    }

    pub fn revocation() -> RevocationHash {
        "AAECAwQFBgcICQoLDA0ODw==".parse().expect("a hash")
    }

    pub fn issued() -> PassEvent {
        PassIssued {
            subject: alice(),
            pass: pass(),
            dose: "0000000000D1".parse().expect("a dose"),
            contents: serde_json::from_value("p0.0001".into()).expect("a closed value"),
            revocation: revocation(),
            issued_at: at(NINE),
            expires_at: at(NINE).plus_days(30),
        }
        .into()
    }

    pub fn revoked() -> PassEvent {
        PassRevoked {
            subject: alice(),
            pass: pass(),
            revocation: revocation(),
            expires_at: at(NINE).plus_days(30),
            cause: RevocationCause::DoseVoid,
            revoked_at: at(TEN_PAST),
        }
        .into()
    }

    #[test]
    fn a_pass_is_a_row_that_says_whether_it_was_revoked() {
        let rows = fold::<MyPasses>([issued()]);
        let row = rows.get(&MyPasses::key(alice(), &pass())).expect("a row");
        assert_eq!((row.expires_at, row.revoked_at), (at(NINE).plus_days(30), None));
        let rows = fold::<MyPasses>([issued(), revoked()]);
        let row = rows.get(&MyPasses::key(alice(), &pass())).expect("a row");
        assert_eq!((row.revoked_at, row.cause, rows.len()), (Some(at(TEN_PAST)), Some(RevocationCause::DoseVoid), 1));
    }
}
