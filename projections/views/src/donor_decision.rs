//! What a person decided about organ donation, and how they came to it.

use serde::{Deserialize, Serialize};
use vocabulary::{
    Personal, Recorded, SubjectId, Timestamp,
    organ_donation::{DonorEvent, FaithDeclaration, OrganDecision},
};

use crate::{Key, Keys, Projection};

pub struct DonorDecision;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DonorRow {
    pub standing: Standing,
    pub faith: Option<Personal<FaithDeclaration>>,
    /// Oldest first.
    pub history: Vec<DonorChange>,
}

/// What stands. A decision that was withdrawn is not an opt-out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing was ever decided (a faith declaration alone decides nothing).
    Undecided,
    Decided {
        decision: Personal<OrganDecision>,
        at: Timestamp,
    },
    Withdrawn {
        at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum DonorChange {
    Registered { at: Timestamp, decision: Personal<OrganDecision> },
    Amended { at: Timestamp, decision: Personal<OrganDecision> },
    Withdrawn { at: Timestamp },
    FaithDeclared { at: Timestamp, faith: Personal<FaithDeclaration> },
}

impl DonorDecision {
    /// A person has one row.
    pub fn key(subject: SubjectId) -> Key {
        Key::new(subject, "decision")
    }
}

impl Projection for DonorDecision {
    const NAME: &'static str = "donor_decision";
    const VERSION: u32 = 1;
    type Row = DonorRow;
    type Event = DonorEvent;

    fn keys(fact: &Recorded<DonorEvent>) -> Keys {
        let subject = match &fact.data {
            DonorEvent::Registered(event) => event.subject,
            DonorEvent::Amended(event) => event.subject,
            DonorEvent::Withdrawn(event) => event.subject,
            DonorEvent::FaithDeclared(event) => event.subject,
        };
        vec![Self::key(subject)]
    }

    fn evolve(_: &Key, row: Option<DonorRow>, fact: &Recorded<DonorEvent>) -> Option<DonorRow> {
        let mut row = row.unwrap_or(DonorRow { standing: Standing::Undecided, faith: None, history: Vec::new() });
        let change = match &fact.data {
            DonorEvent::Registered(event) => {
                let (at, decision) = (event.decided_at, event.decision.clone());
                row.standing = Standing::Decided { decision: decision.clone(), at };
                DonorChange::Registered { at, decision }
            }
            DonorEvent::Amended(event) => {
                let (at, decision) = (event.decided_at, event.decision.clone());
                row.standing = Standing::Decided { decision: decision.clone(), at };
                DonorChange::Amended { at, decision }
            }
            DonorEvent::Withdrawn(event) => {
                row.standing = Standing::Withdrawn { at: event.decided_at };
                DonorChange::Withdrawn { at: event.decided_at }
            }
            DonorEvent::FaithDeclared(event) => {
                row.faith = Some(event.faith.clone());
                DonorChange::FaithDeclared { at: event.declared_at, faith: event.faith.clone() }
            }
        };
        row.history.push(change);
        Some(row)
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::organ_donation::{DecisionAmended, DecisionRegistered, DecisionWithdrawn, FaithDeclared};

    use super::*;
    use crate::spec::{NINE, TEN_PAST, alice, at, fold};

    fn closed() -> Personal<OrganDecision> {
        serde_json::from_str("\"p0.eyJraW5kIjoib3B0LW91dCJ9\"").expect("a closed text")
    }

    fn row(events: Vec<DonorEvent>) -> DonorRow {
        fold::<DonorDecision>(events).remove(&DonorDecision::key(alice())).expect("a row")
    }

    #[test]
    fn the_newest_decision_stands_and_the_history_is_kept() {
        let registered = DecisionRegistered { subject: alice(), decision: closed(), decided_at: at(NINE) };
        let amended = DecisionAmended { subject: alice(), decision: closed(), decided_at: at(TEN_PAST) };
        let row = row(vec![registered.into(), amended.into()]);
        assert_eq!(row.standing, Standing::Decided { decision: closed(), at: at(TEN_PAST) });
        assert_eq!(row.history.len(), 2);
    }

    #[test]
    fn withdrawn_is_not_an_opt_out() {
        let registered = DecisionRegistered { subject: alice(), decision: closed(), decided_at: at(NINE) };
        let withdrawn = DecisionWithdrawn { subject: alice(), decided_at: at(TEN_PAST) };
        assert_eq!(row(vec![registered.into(), withdrawn.into()]).standing, Standing::Withdrawn { at: at(TEN_PAST) });
    }

    #[test]
    fn faith_is_apart_from_the_decision() {
        let faith: Personal<FaithDeclaration> = serde_json::from_str("\"p0.InllcyI\"").expect("a closed text");
        let declared = FaithDeclared { subject: alice(), faith: faith.clone(), declared_at: at(NINE) };
        let row = row(vec![declared.into()]);
        assert_eq!((row.standing, row.faith), (Standing::Undecided, Some(faith)));
    }
}
