//! Say whether faith or beliefs should be respected when donation is arranged. It is no decision about donation.

use schemars::JsonSchema;
use serde::Deserialize;
use vocabulary::{
    OdsCode, Personal, SubjectId,
    envelope::IdentityLevel::P9,
    organ_donation::{FaithDeclaration, FaithDeclared},
};

use super::donor::Donor;
use crate::{
    Access, Command, Context, Decision, Rejected, Rejection, Stream,
    access::patient,
    command::{nothing_new, record},
};

/// Say whether faith or beliefs should be respected when donation is arranged. It is no decision about donation.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclareFaith {
    /// Whose declaration it is.
    pub subject: SubjectId,
    pub faith: FaithDeclaration,
}

impl Command for DeclareFaith {
    const NAME: &'static str = "declare-faith";
    const WHO: Access = patient(P9);
    const REJECTIONS: &'static [&'static Rejection] = &[];
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
        let faith: Personal<FaithDeclaration> = self.faith.into();
        if donor.faith.as_ref() == Some(&faith) {
            return Ok(nothing_new());
        }
        let declared = FaithDeclared { subject: self.subject, faith, declared_at: context.now };
        Ok(record(&self.streams(), declared))
    }
}
