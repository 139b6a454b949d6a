//! Change a decision about organ donation. The newest decision holds; the history is kept.

use schemars::JsonSchema;
use serde::Deserialize;
use vocabulary::{
    OdsCode, Personal, SubjectId,
    envelope::IdentityLevel::P9,
    organ_donation::{DecisionAmended, OrganDecision},
};

use super::{
    donor::{Donor, checked},
    rejections::{NO_ORGANS_CHOSEN, NOTHING_TO_AMEND, TOO_MANY_REPRESENTATIVES},
};
use crate::{
    Access, Command, Context, Decision, Rejected, Rejection, Stream,
    access::patient,
    command::{nothing_new, record},
};

/// Change a decision about organ donation. The newest decision holds; the history is kept.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AmendDecision {
    /// Whose decision it is.
    pub subject: SubjectId,
    pub decision: OrganDecision,
}

impl Command for AmendDecision {
    const NAME: &'static str = "amend-decision";
    const WHO: Access = patient(P9);
    const REJECTIONS: &'static [&'static Rejection] =
        &[&NOTHING_TO_AMEND, &NO_ORGANS_CHOSEN, &TOO_MANY_REPRESENTATIVES];
    type Reads = Donor;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn organisation(&self) -> Option<OdsCode> {
        None
    }

    fn streams(&self) -> Stream<Donor> {
        Stream::of(self.subject)
    }

    fn decide(&self, donor: &Donor, context: &Context) -> Result<Decision, Rejected> {
        let decision: Personal<OrganDecision> = checked(&self.decision)?.into();
        match &donor.decision {
            Some(standing) if *standing == decision => Ok(nothing_new()),
            None => Err((&NOTHING_TO_AMEND).into()),
            Some(_) => {
                let amended = DecisionAmended { subject: self.subject, decision, decided_at: context.now };
                Ok(record(&self.streams(), amended))
            }
        }
    }
}
