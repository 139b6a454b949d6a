//! A person's current decision about organ donation, if there is one. The newest decision applies.

use event_core::{Personal, Rejected, State, Timestamp};
use vocabulary::{
    organ_donation::{DonorEvent, FaithDeclaration, OrganDecision},
    time::LONDON,
};

use super::rejections::{NO_ORGANS_CHOSEN, TOO_MANY_CHANGES, TOO_MANY_REPRESENTATIVES};
use crate::daily::Daily;

/// The maximum number of representatives that a person may appoint to decide for them.
pub const REPRESENTATIVES_MAX: usize = 2;

/// The number of decisions and declarations that one person may make on one day (in London). A stream holds 10,000
/// events: without this limit one person could fill it within seconds. Withdrawing has no limit.
pub const CHANGES_A_DAY_MAX: u32 = 20;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Donor {
    /// The current decision. `None` if none was made or it was withdrawn, which is not an opt-out.
    pub decision: Option<Personal<OrganDecision>>,
    pub faith: Option<Personal<FaithDeclaration>>,
    /// The number of decisions and declarations.
    changes: Daily,
}

impl State for Donor {
    type Event = DonorEvent;

    fn evolve(&mut self, event: &DonorEvent) {
        match event {
            DonorEvent::Registered(registered) => {
                self.decision = Some(registered.decision.clone());
                self.changes.count(LONDON.day(registered.decided_at));
            }
            DonorEvent::Amended(amended) => {
                self.decision = Some(amended.decision.clone());
                self.changes.count(LONDON.day(amended.decided_at));
            }
            DonorEvent::Withdrawn(_) => self.decision = None,
            DonorEvent::FaithDeclared(declared) => {
                self.faith = Some(declared.faith.clone());
                self.changes.count(LONDON.day(declared.declared_at));
            }
        }
    }
}

impl Donor {
    /// Checks the daily limit of decisions and declarations.
    ///
    /// # Errors
    /// `too-many-changes`.
    pub fn may_change(&self, now: Timestamp) -> Result<(), Rejected> {
        if self.changes.on(LONDON.day(now)) < CHANGES_A_DAY_MAX {
            Ok(())
        } else {
            Err(TOO_MANY_CHANGES.with("limit", CHANGES_A_DAY_MAX))
        }
    }
}

/// The decision in a canonical form, so that the same decision in another order is recognised as the same.
///
/// # Errors
/// `no-organs-chosen`, `too-many-representatives`.
pub fn checked(decision: &OrganDecision) -> Result<OrganDecision, Rejected> {
    let mut decision = decision.clone();
    match &mut decision {
        OrganDecision::OptInAll | OrganDecision::OptOut => {}
        OrganDecision::OptInSome { organs } => {
            organs.sort_unstable();
            let chosen = organs.len();
            organs.dedup();
            if organs.is_empty() || organs.len() < chosen {
                return Err((&NO_ORGANS_CHOSEN).into());
            }
        }
        OrganDecision::AppointedRepresentative { representatives } => {
            if !(1..=REPRESENTATIVES_MAX).contains(&representatives.len()) {
                return Err(TOO_MANY_REPRESENTATIVES.with("limit", REPRESENTATIVES_MAX));
            }
        }
    }
    Ok(decision)
}
