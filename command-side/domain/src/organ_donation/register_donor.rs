//! Register a decision about organ donation.

use schemars::JsonSchema;
use serde::Deserialize;
use vocabulary::{
    OdsCode, Personal, SubjectId,
    envelope::IdentityLevel::P9,
    organ_donation::{DecisionRegistered, OrganDecision},
};

use super::{
    donor::{Donor, checked},
    rejections::{ALREADY_REGISTERED, NO_ORGANS_CHOSEN, TOO_MANY_REPRESENTATIVES},
};
use crate::{
    Access, Command, Context, Decision, Rejected, Rejection, Stream,
    access::patient,
    command::{nothing_new, record},
};

/// Register a decision about organ donation.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterDonor {
    /// Whose decision it is.
    pub subject: SubjectId,
    pub decision: OrganDecision,
}

impl Command for RegisterDonor {
    const NAME: &'static str = "register-donor";
    const WHO: Access = patient(P9);
    const REJECTIONS: &'static [&'static Rejection] =
        &[&ALREADY_REGISTERED, &NO_ORGANS_CHOSEN, &TOO_MANY_REPRESENTATIVES];
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
            Some(_) => Err((&ALREADY_REGISTERED).into()),
            None => {
                let registered = DecisionRegistered { subject: self.subject, decision, decided_at: context.now };
                Ok(record(&self.streams(), registered))
            }
        }
    }
}
