//! Take a decision about organ donation back. This is no opt-out: no decision stands, and consent may be deemed.

use schemars::JsonSchema;
use serde::Deserialize;
use vocabulary::{OdsCode, SubjectId, envelope::IdentityLevel::P9, organ_donation::DecisionWithdrawn};

use super::{donor::Donor, rejections::NOTHING_TO_WITHDRAW};
use crate::{Access, Command, Context, Decision, Rejected, Rejection, Stream, access::patient, command::record};

/// Take a decision about organ donation back. This is no opt-out: no decision stands, and consent may be deemed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WithdrawDecision {
    /// Whose decision it is.
    pub subject: SubjectId,
}

impl Command for WithdrawDecision {
    const NAME: &'static str = "withdraw-decision";
    const WHO: Access = patient(P9);
    const REJECTIONS: &'static [&'static Rejection] = &[&NOTHING_TO_WITHDRAW];
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
        if donor.decision.is_none() {
            return Err((&NOTHING_TO_WITHDRAW).into());
        }
        let withdrawn = DecisionWithdrawn { subject: self.subject, decided_at: context.now };
        Ok(record(&self.streams(), withdrawn))
    }
}
