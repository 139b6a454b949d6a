use event_core::{Personal, SubjectId};
use vocabulary::organ_donation::{FaithDeclaration, FaithDeclared};

use super::{donor::Donor, rejections::TOO_MANY_CHANGES};
use crate::prelude::*;

/// Say whether faith or beliefs should be respected when donation is arranged. This is not a decision about donation.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclareFaith {
    /// The person that the declaration is about.
    pub subject: SubjectId,
    pub faith: FaithDeclaration,
}

impl Command for DeclareFaith {
    const NAME: &'static str = "declare-faith";
    const WHO: &'static dyn AccessRule = &patient(P9);
    const REJECTIONS: &'static [&'static Rejection] = &[&TOO_MANY_CHANGES];
    type Reads = Donor;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(self.subject)
    }

    fn decide(&self, donor: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let faith: Personal<FaithDeclaration> = self.faith.into();
        if donor.faith.as_ref() == Some(&faith) {
            return Ok(nothing_new());
        }
        donor.may_change(context.now)?;
        let declared = FaithDeclared { subject: self.subject, faith, declared_at: context.now };
        Ok(record(declared))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::organ_donation::DonorEvent;

    use super::*;
    use crate::{
        organ_donation::{WithdrawDecision, rejections::NOTHING_TO_WITHDRAW},
        spec::*,
    };

    fn declare(faith: FaithDeclaration) -> DeclareFaith {
        DeclareFaith { subject: alice(), faith }
    }

    #[test]
    fn faith_is_declared_apart_from_the_decision_and_the_same_again_is_nothing_new() {
        let declared: DonorEvent =
            FaithDeclared { subject: alice(), faith: FaithDeclaration::Yes.into(), declared_at: at(NOW) }.into();
        let once = world().when(declare(FaithDeclaration::Yes)).records(&[&declared]);
        let twice = once.when(declare(FaithDeclaration::Yes)).nothing_new();
        let no_decision = twice.when(WithdrawDecision { subject: alice() }).rejected(&NOTHING_TO_WITHDRAW);
        no_decision
            .when(declare(FaithDeclaration::PreferNotToSay))
            .records_kinds(&["organ-donation.faith-declared.v1"]);
    }
}
