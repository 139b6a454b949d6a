use event_core::{OrganisationCode, SubjectId};
use vocabulary::vaccinations::{DoseId, DoseReason, DoseVoided, RevocationCause};

use super::{
    dose_book::DoseBook,
    pass_book::PassBook,
    rejections::{DOSE_NOT_FOUND, DOSE_VOID, TOO_MANY_DOSES},
};
use crate::prelude::*;

/// Void the record of a dose that was not given, or not to this person. The record is kept, and counts no more; its passes
/// are revoked.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VoidDose {
    pub subject: SubjectId,
    pub dose: DoseId,
    /// The site that recorded it.
    pub site: OrganisationCode,
    pub reason: DoseReason,
}

impl Command for VoidDose {
    const NAME: &'static str = "void-dose";
    const WHO: &'static dyn AccessRule = &staff(Permission::Vaccinating);
    const REJECTIONS: &'static [&'static Rejection] = &[&DOSE_NOT_FOUND, &DOSE_VOID, &TOO_MANY_DOSES];
    type Reads = (DoseBook, PassBook);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    /// None: the person can be registered elsewhere. The dose that the site recorded is the relationship.
    fn answers_for(&self) -> Option<SubjectId> {
        None
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.site.clone())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(self.subject), Stream::of(self.subject))
    }

    fn decide(&self, (book, passes): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let known = book.dose(&self.dose).filter(|dose| dose.given.site == self.site);
        if known.is_some_and(|dose| dose.is_void) {
            return Ok(nothing_new());
        }
        book.of_site(&self.dose, &self.site)?;
        book.may_record()?;
        let (subject, dose, reason) = (self.subject, self.dose.clone(), self.reason.clone().into());
        let revoked = passes.revocations(subject, &dose, RevocationCause::DoseVoid, context.now);
        Ok(record(DoseVoided { subject, dose, reason, voided_at: context.now }).and_all(revoked))
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        spec::*,
        vaccinations::scenes::{clinic_of_alice, dose, recorded},
    };

    fn void(id: u32, at_site: &str) -> VoidDose {
        let (site, reason) = (at_site.parse().expect("a code"), "Not given".parse().expect("a reason"));
        VoidDose { subject: alice(), dose: dose(id), site, reason }
    }

    #[test]
    fn a_record_is_void_once_and_only_by_its_site() {
        let here = site().to_string();
        let world = clinic_of_alice().given(recorded(1, 1));
        world.clone().when(void(1, "V81999")).rejected(&DOSE_NOT_FOUND);
        world.clone().when(void(2, &here)).rejected(&DOSE_NOT_FOUND);
        world.when(void(1, &here)).records_kinds(&["dose.voided.v1"]).when(void(1, &here)).nothing_new();
    }
}
