use event_core::SubjectId;
use vocabulary::organ_donation::DecisionWithdrawn;

use super::{donor::Donor, rejections::NOTHING_TO_WITHDRAW};
use crate::prelude::*;

/// Withdraw a decision about organ donation. This is not an opt-out: no decision remains, and consent may be deemed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WithdrawDecision {
    /// The person that the decision is about.
    pub subject: SubjectId,
}

impl Command for WithdrawDecision {
    const NAME: &'static str = "withdraw-decision";
    const WHO: &'static dyn AccessRule = &patient(P9);
    const REJECTIONS: &'static [&'static Rejection] = &[&NOTHING_TO_WITHDRAW];
    const GIVES_UP: bool = true;
    type Reads = Donor;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(self.subject)
    }

    fn decide(&self, donor: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        if donor.decision.is_none() {
            return Err((&NOTHING_TO_WITHDRAW).into());
        }
        let withdrawn = DecisionWithdrawn { subject: self.subject, decided_at: context.now };
        Ok(record(withdrawn))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::organ_donation::{DecisionRegistered, DonorEvent, OrganDecision};

    use super::*;
    use crate::{organ_donation::RegisterDonor, spec::*};

    fn opted_out() -> World {
        let (decision, decided_at) = (OrganDecision::OptOut.into(), at("2026-01-01T12:00:00Z"));
        world().given(DecisionRegistered { subject: alice(), decision, decided_at })
    }

    fn withdraw() -> WithdrawDecision {
        WithdrawDecision { subject: alice() }
    }

    #[test]
    fn withdrawing_is_not_opting_out() {
        let withdrawn: DonorEvent = DecisionWithdrawn { subject: alice(), decided_at: at(NOW) }.into();
        let open = opted_out().when(withdraw()).records(&[&withdrawn]);
        // If the withdrawal were an opt-out, this command would change nothing.
        let opt_out = RegisterDonor { subject: alice(), decision: OrganDecision::OptOut };
        open.when(opt_out).records_kinds(&["organ-donation.registered.v1"]);
    }

    #[test]
    fn without_a_decision_there_is_nothing_to_withdraw() {
        world().when(withdraw()).rejected(&NOTHING_TO_WITHDRAW);
        let twice = opted_out().when(withdraw()).records_kinds(&["organ-donation.withdrawn.v1"]);
        twice.when(withdraw()).rejected(&NOTHING_TO_WITHDRAW);
    }
}
