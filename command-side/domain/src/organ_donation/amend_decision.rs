use event_core::{Personal, SubjectId};
use vocabulary::organ_donation::{DecisionAmended, OrganDecision};

use super::strict::StrictDecision;
use super::{
    donor::{Donor, checked},
    rejections::{NO_ORGANS_CHOSEN, NOTHING_TO_AMEND, TOO_MANY_CHANGES, TOO_MANY_REPRESENTATIVES},
};
use crate::prelude::*;

/// Change a decision about organ donation. The newest decision applies; the history is kept.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AmendDecision {
    /// The person that the decision is about.
    pub subject: SubjectId,
    #[serde(with = "StrictDecision")]
    #[schemars(with = "StrictDecision")]
    pub decision: OrganDecision,
}

impl Command for AmendDecision {
    const NAME: &'static str = "amend-decision";
    const WHO: &'static dyn AccessRule = &patient(P9);
    const REJECTIONS: &'static [&'static Rejection] =
        &[&NOTHING_TO_AMEND, &NO_ORGANS_CHOSEN, &TOO_MANY_REPRESENTATIVES, &TOO_MANY_CHANGES];
    type Reads = Donor;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(self.subject)
    }

    fn decide(&self, donor: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let decision: Personal<OrganDecision> = checked(&self.decision)?.into();
        match &donor.decision {
            Some(standing) if *standing == decision => Ok(nothing_new()),
            None => Err((&NOTHING_TO_AMEND).into()),
            Some(_) => {
                donor.may_change(context.now)?;
                let amended = DecisionAmended { subject: self.subject, decision, decided_at: context.now };
                Ok(record(amended))
            }
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::organ_donation::DonorEvent;

    use super::*;
    use crate::{
        organ_donation::{RegisterDonor, WithdrawDecision, donor::CHANGES_A_DAY_MAX},
        spec::*,
    };

    fn amend(decision: OrganDecision) -> AmendDecision {
        AmendDecision { subject: alice(), decision }
    }

    fn registered(decision: OrganDecision) -> World {
        let decided_at = at("2026-01-01T12:00:00Z");
        let registered =
            vocabulary::organ_donation::DecisionRegistered { subject: alice(), decision: decision.into(), decided_at };
        world().given(registered)
    }

    #[test]
    fn the_newest_decision_holds_and_the_same_again_is_nothing_new() {
        let amended: DonorEvent =
            DecisionAmended { subject: alice(), decision: OrganDecision::OptOut.into(), decided_at: at(NOW) }.into();
        let after = registered(OrganDecision::OptInAll).when(amend(OrganDecision::OptOut)).records(&[&amended]);
        after.when(amend(OrganDecision::OptOut)).nothing_new();
    }

    #[test]
    fn a_decision_is_amended_so_often_a_day_and_withdrawn_at_any_time() {
        let decisions = [OrganDecision::OptOut, OrganDecision::OptInAll];
        let changed = (0..CHANGES_A_DAY_MAX).zip(decisions.iter().cycle());
        let full = changed.fold(registered(OrganDecision::OptInAll), |world, (_, decision)| {
            world.when(amend(decision.clone())).records_kinds(&["organ-donation.amended.v1"])
        });
        let full = full.when(amend(OrganDecision::OptOut)).rejected(&TOO_MANY_CHANGES);
        full.clone().when(amend(OrganDecision::OptInAll)).nothing_new();
        full.clone()
            .at("2026-03-03T00:00:00Z")
            .when(amend(OrganDecision::OptOut))
            .records_kinds(&["organ-donation.amended.v1"]);
        let withdrawn =
            full.when(WithdrawDecision { subject: alice() }).records_kinds(&["organ-donation.withdrawn.v1"]);
        // Withdrawing and registering in turn does not avoid the limit.
        let register = RegisterDonor { subject: alice(), decision: OrganDecision::OptOut };
        withdrawn.when(register).rejected(&TOO_MANY_CHANGES);
    }

    #[test]
    fn without_a_decision_there_is_nothing_to_amend() {
        world().when(amend(OrganDecision::OptOut)).rejected(&NOTHING_TO_AMEND);
        let withdrawn = registered(OrganDecision::OptInAll).when(WithdrawDecision { subject: alice() });
        withdrawn
            .records_kinds(&["organ-donation.withdrawn.v1"])
            .when(amend(OrganDecision::OptOut))
            .rejected(&NOTHING_TO_AMEND);
    }

    #[test]
    fn an_impossible_decision_is_refused() {
        let none = OrganDecision::OptInSome { organs: vec![] };
        registered(OrganDecision::OptInAll).when(amend(none)).rejected(&NO_ORGANS_CHOSEN);
        let nobody = OrganDecision::AppointedRepresentative { representatives: vec![] };
        registered(OrganDecision::OptInAll).when(amend(nobody)).rejected(&TOO_MANY_REPRESENTATIVES);
    }
}
