//! The nominated pharmacy of a patient.

use event_core::{Key, Keys, OrganisationCode, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::prescriptions::RepeatEvent;

pub struct Nominations;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NominationRow {
    pub pharmacy: OrganisationCode,
    pub nominated_at: Timestamp,
}

impl Nominations {
    /// The key of a person's only row.
    pub fn key(patient: SubjectId) -> Key {
        Key::new(patient, "nomination")
    }
}

impl Projection for Nominations {
    const NAME: &'static str = "nominated_pharmacies";
    const VERSION: u32 = 1;
    type Row = NominationRow;
    type Event = RepeatEvent;

    fn keys(fact: &Recorded<RepeatEvent>) -> Keys {
        match &fact.data {
            RepeatEvent::Nominated(event) => vec![Self::key(event.patient)],
            RepeatEvent::Cleared(event) => vec![Self::key(event.patient)],
            RepeatEvent::Authorised(_)
            | RepeatEvent::Changed(_)
            | RepeatEvent::Stopped(_)
            | RepeatEvent::Requested(_)
            | RepeatEvent::Issued(_)
            | RepeatEvent::Settled(_) => vec![],
        }
    }

    fn evolve(_: &Key, row: Option<NominationRow>, fact: &Recorded<RepeatEvent>) -> Option<NominationRow> {
        match &fact.data {
            RepeatEvent::Nominated(event) => {
                Some(NominationRow { pharmacy: event.pharmacy.clone(), nominated_at: event.nominated_at })
            }
            RepeatEvent::Cleared(_) => None,
            RepeatEvent::Authorised(_)
            | RepeatEvent::Changed(_)
            | RepeatEvent::Stopped(_)
            | RepeatEvent::Requested(_)
            | RepeatEvent::Issued(_)
            | RepeatEvent::Settled(_) => row,
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::prescriptions::{PharmacyCleared, PharmacyNominated};

    use super::*;
    use crate::{
        prescriptions::scenes::pharmacy,
        spec::{NINE, alice, at, fold},
    };

    #[test]
    fn a_nomination_is_there_until_it_is_cleared() {
        let nominated: RepeatEvent =
            PharmacyNominated { patient: alice(), pharmacy: pharmacy(), nominated_at: at(NINE) }.into();
        let rows = fold::<Nominations>([nominated.clone()]);
        assert_eq!(rows.get(&Nominations::key(alice())).expect("a row").pharmacy, pharmacy());
        let cleared = PharmacyCleared { patient: alice(), cleared_at: at(NINE) };
        assert!(fold::<Nominations>([nominated, cleared.into()]).is_empty());
    }
}
