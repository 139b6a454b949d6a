//! What decision of a person stands, if any. The newest decision holds.

use vocabulary::{
    Personal,
    organ_donation::{DonorEvent, FaithDeclaration, OrganDecision},
};

use super::rejections::{NO_ORGANS_CHOSEN, TOO_MANY_REPRESENTATIVES};
use crate::{Rejected, State};

/// People whom somebody may appoint to decide for them.
pub const REPRESENTATIVES_MAX: usize = 2;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Donor {
    /// The decision that stands. None where there never was one, or it was withdrawn: that is no opt-out.
    pub decision: Option<Personal<OrganDecision>>,
    pub faith: Option<Personal<FaithDeclaration>>,
}

impl State for Donor {
    type Event = DonorEvent;

    fn evolve(&mut self, event: &DonorEvent) {
        match event {
            DonorEvent::Registered(registered) => self.decision = Some(registered.decision.clone()),
            DonorEvent::Amended(amended) => self.decision = Some(amended.decision.clone()),
            DonorEvent::Withdrawn(_) => self.decision = None,
            DonorEvent::FaithDeclared(declared) => self.faith = Some(declared.faith.clone()),
        }
    }
}

/// The decision in one form, so that the same wish in another order is the same wish.
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
