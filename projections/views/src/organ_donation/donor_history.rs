//! The history of a person's decision about organ donation: one row per step, so that no row grows.

use event_core::{Key, Keys, Projection, Recorded, SubjectId};
use vocabulary::organ_donation::DonorEvent;

use super::donor_decision::{DonorChange, subject_of};

pub struct DonorHistory;

impl DonorHistory {
    pub fn partition(subject: SubjectId) -> String {
        subject.to_string()
    }

    /// Steps are in log order. 20 digits are enough for every position.
    pub fn key(subject: SubjectId, position: u64) -> Key {
        Key::new(subject, format_args!("{position:020}"))
    }
}

impl Projection for DonorHistory {
    const NAME: &'static str = "donor_history";
    const VERSION: u32 = 1;
    type Row = DonorChange;
    type Event = DonorEvent;

    fn keys(fact: &Recorded<DonorEvent>) -> Keys {
        vec![Self::key(subject_of(&fact.data), fact.position)]
    }

    fn evolve(_: &Key, _: Option<DonorChange>, fact: &Recorded<DonorEvent>) -> Option<DonorChange> {
        Some(DonorChange::of(&fact.data))
    }
}

#[cfg(test)]
mod specs {
    use event_core::Personal;
    use vocabulary::organ_donation::{
        DecisionRegistered, DecisionWithdrawn, FaithDeclaration, FaithDeclared, OrganDecision,
    };

    use super::*;
    use crate::spec::{NINE, TEN_PAST, alice, at, bob, fold};

    #[test]
    fn every_step_is_a_row_of_its_own_in_the_order_of_the_log() {
        let decision: Personal<OrganDecision> =
            serde_json::from_str("\"p0.eyJraW5kIjoib3B0LW91dCJ9\"").expect("a closed text");
        let faith: Personal<FaithDeclaration> = serde_json::from_str("\"p0.InllcyI\"").expect("a closed text");
        let registered = |subject| DecisionRegistered { subject, decision: decision.clone(), decided_at: at(TEN_PAST) };
        // The clock of the second server was behind; the log order still applies.
        let withdrawn = DecisionWithdrawn { subject: alice(), decided_at: at(NINE) };
        let declared = FaithDeclared { subject: alice(), faith: faith.clone(), declared_at: at(NINE) };
        let rows = fold::<DonorHistory>([
            registered(alice()).into(),
            registered(bob()).into(),
            withdrawn.into(),
            declared.into(),
        ]);
        let of_alice: Vec<_> =
            rows.iter().filter(|(key, _)| key.partition == DonorHistory::partition(alice())).collect();
        let expected = [
            (DonorHistory::key(alice(), 1), DonorChange::Registered { at: at(TEN_PAST), decision: decision.clone() }),
            (DonorHistory::key(alice(), 3), DonorChange::Withdrawn { at: at(NINE) }),
            (DonorHistory::key(alice(), 4), DonorChange::FaithDeclared { at: at(NINE), faith }),
        ];
        assert_eq!(of_alice, expected.iter().map(|(key, row)| (key, row)).collect::<Vec<_>>());
        assert_eq!(rows.len(), 4);
    }
}
