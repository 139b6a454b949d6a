use event_core::{Personal, SubjectId};
use vocabulary::organ_donation::{DecisionRegistered, OrganDecision};

use super::strict::StrictDecision;
use super::{
    donor::{Donor, checked},
    rejections::{ALREADY_REGISTERED, NO_ORGANS_CHOSEN, TOO_MANY_CHANGES, TOO_MANY_REPRESENTATIVES},
};
use crate::prelude::*;

/// Register a decision about organ donation.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterDonor {
    /// The person that the decision is about.
    pub subject: SubjectId,
    #[serde(with = "StrictDecision")]
    #[schemars(with = "StrictDecision")]
    pub decision: OrganDecision,
}

impl Command for RegisterDonor {
    const NAME: &'static str = "register-donor";
    const WHO: &'static dyn AccessRule = &patient(P9);
    const REJECTIONS: &'static [&'static Rejection] =
        &[&ALREADY_REGISTERED, &NO_ORGANS_CHOSEN, &TOO_MANY_REPRESENTATIVES, &TOO_MANY_CHANGES];
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
            Some(_) => Err((&ALREADY_REGISTERED).into()),
            None => {
                donor.may_change(context.now)?;
                let registered = DecisionRegistered { subject: self.subject, decision, decided_at: context.now };
                Ok(record(registered))
            }
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::{
        organ_donation::{DonorEvent, Organ},
        text::PersonName,
    };

    use super::*;
    use crate::{organ_donation::WithdrawDecision, spec::*};

    fn register(decision: OrganDecision) -> RegisterDonor {
        RegisterDonor { subject: alice(), decision }
    }

    fn some(organs: &[Organ]) -> OrganDecision {
        OrganDecision::OptInSome { organs: organs.to_vec() }
    }

    fn appointed(count: usize) -> OrganDecision {
        let name: PersonName = "Somebody Else".parse().expect("valid");
        OrganDecision::AppointedRepresentative { representatives: vec![name; count] }
    }

    #[test]
    fn each_decision_is_registered_once() {
        let decisions = [OrganDecision::OptInAll, OrganDecision::OptOut, some(&[Organ::Heart]), appointed(2)];
        for decision in decisions {
            let registered: DonorEvent =
                DecisionRegistered { subject: alice(), decision: decision.clone().into(), decided_at: at(NOW) }.into();
            let once = world().when(register(decision.clone())).records(&[&registered]);
            once.when(register(decision)).nothing_new();
        }
    }

    #[test]
    fn the_same_organs_in_another_order_are_the_same_decision() {
        let once = world()
            .when(register(some(&[Organ::Heart, Organ::Liver])))
            .records_kinds(&["organ-donation.registered.v1"]);
        once.when(register(some(&[Organ::Liver, Organ::Heart]))).nothing_new();
    }

    #[test]
    fn another_decision_is_already_registered() {
        let once = world().when(register(OrganDecision::OptInAll)).records_kinds(&["organ-donation.registered.v1"]);
        let refused = once.when(register(OrganDecision::OptOut)).rejected(&ALREADY_REGISTERED);
        let withdrawn =
            refused.when(WithdrawDecision { subject: alice() }).records_kinds(&["organ-donation.withdrawn.v1"]);
        withdrawn.when(register(OrganDecision::OptOut)).records_kinds(&["organ-donation.registered.v1"]);
    }

    #[test]
    fn at_least_one_organ_each_once_and_one_or_two_representatives() {
        world().when(register(some(&[]))).rejected(&NO_ORGANS_CHOSEN);
        world().when(register(some(&[Organ::Heart, Organ::Heart]))).rejected(&NO_ORGANS_CHOSEN);
        world().when(register(appointed(0))).rejected(&TOO_MANY_REPRESENTATIVES);
        world().when(register(appointed(3))).rejected(&TOO_MANY_REPRESENTATIVES);
    }

    #[test]
    fn a_decision_needs_a_proven_identity() {
        assert_eq!(RegisterDonor::WHO.data(), patient(P9).data());
    }
}
