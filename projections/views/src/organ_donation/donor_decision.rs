//! A person's decision about organ donation, and the newest steps that led to it. The whole history is in
//! `donor_history`, one row per step: a single row with all steps would grow without limit.

use event_core::{Key, Keys, Personal, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::organ_donation::{DonorEvent, FaithDeclaration, OrganDecision};

pub struct DonorDecision;

/// The number of steps that the row keeps: as many as one day allows. Each step rewrites the whole row.
pub const STEPS_KEPT: usize = 20;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DonorRow {
    pub standing: Standing,
    pub faith: Option<Personal<FaithDeclaration>>,
    /// The newest `STEPS_KEPT` steps, oldest first.
    pub history: Vec<DonorChange>,
    /// The number of steps so far.
    pub steps: u64,
}

/// The current decision. A decision that was withdrawn is not an opt-out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Standing {
    /// No decision was ever made. A faith declaration is not a decision.
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

impl DonorChange {
    /// The step that this event represents.
    pub fn of(event: &DonorEvent) -> DonorChange {
        match event {
            DonorEvent::Registered(event) => {
                DonorChange::Registered { at: event.decided_at, decision: event.decision.clone() }
            }
            DonorEvent::Amended(event) => {
                DonorChange::Amended { at: event.decided_at, decision: event.decision.clone() }
            }
            DonorEvent::Withdrawn(event) => DonorChange::Withdrawn { at: event.decided_at },
            DonorEvent::FaithDeclared(event) => {
                DonorChange::FaithDeclared { at: event.declared_at, faith: event.faith.clone() }
            }
        }
    }
}

/// The person that the event is about.
pub(super) fn subject_of(event: &DonorEvent) -> SubjectId {
    match event {
        DonorEvent::Registered(event) => event.subject,
        DonorEvent::Amended(event) => event.subject,
        DonorEvent::Withdrawn(event) => event.subject,
        DonorEvent::FaithDeclared(event) => event.subject,
    }
}

impl DonorDecision {
    /// The key of a person's only row.
    pub fn key(subject: SubjectId) -> Key {
        Key::new(subject, "decision")
    }
}

impl Projection for DonorDecision {
    const NAME: &'static str = "donor_decision";
    const VERSION: u32 = 2;
    type Row = DonorRow;
    type Event = DonorEvent;

    fn keys(fact: &Recorded<DonorEvent>) -> Keys {
        vec![Self::key(subject_of(&fact.data))]
    }

    fn evolve(_: &Key, row: Option<DonorRow>, fact: &Recorded<DonorEvent>) -> Option<DonorRow> {
        let nothing = DonorRow { standing: Standing::Undecided, faith: None, history: Vec::new(), steps: 0 };
        let mut row = row.unwrap_or(nothing);
        match &fact.data {
            DonorEvent::Registered(event) => {
                row.standing = Standing::Decided { decision: event.decision.clone(), at: event.decided_at };
            }
            DonorEvent::Amended(event) => {
                row.standing = Standing::Decided { decision: event.decision.clone(), at: event.decided_at };
            }
            DonorEvent::Withdrawn(event) => row.standing = Standing::Withdrawn { at: event.decided_at },
            DonorEvent::FaithDeclared(event) => row.faith = Some(event.faith.clone()),
        }
        if row.history.len() >= STEPS_KEPT {
            row.history.remove(0);
        }
        row.history.push(DonorChange::of(&fact.data));
        row.steps += 1;
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
        assert_eq!((row.history.len(), row.steps), (2, 2));
    }

    #[test]
    fn the_row_keeps_the_newest_steps_and_counts_all() {
        let amended =
            |n: i64| DecisionAmended { subject: alice(), decision: closed(), decided_at: at(NINE).plus_minutes(n) };
        let all = 3 * STEPS_KEPT;
        let row = row((1..=all as i64).map(|n| amended(n).into()).collect());
        assert_eq!((row.history.len(), row.steps), (STEPS_KEPT, all as u64));
        let last = DonorChange::Amended { at: at(NINE).plus_minutes(all as i64), decision: closed() };
        assert_eq!(row.history.last(), Some(&last));
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
