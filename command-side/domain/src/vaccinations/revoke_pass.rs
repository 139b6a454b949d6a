use event_core::SubjectId;
use vocabulary::vaccinations::{PassId, RevocationCause};

use super::{pass_book::PassBook, rejections::PASS_NOT_FOUND};
use crate::prelude::*;

/// Revoke a vaccination pass, such as one that was lost. Verifiers refuse it as soon as they have the next revocation list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevokePass {
    pub subject: SubjectId,
    pub pass: PassId,
}

impl Command for RevokePass {
    const NAME: &'static str = "revoke-pass";
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View)).or(staff(Permission::Vaccinating));
    const REJECTIONS: &'static [&'static Rejection] = &[&PASS_NOT_FOUND];
    const GIVES_UP: bool = true;
    type Reads = PassBook;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(self.subject)
    }

    fn decide(&self, book: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let pass = book.pass(&self.pass).ok_or(&PASS_NOT_FOUND)?;
        if !pass.is_valid(context.now) {
            return Ok(nothing_new());
        }
        Ok(record(pass.revoked(self.subject, &self.pass, RevocationCause::Asked, context.now)))
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        spec::*,
        vaccinations::{
            correct_dose::CorrectDose,
            record_dose::GivenVaccine,
            scenes::{clinic_of_alice, dose, issued, of_today, pass, recorded},
            void_dose::VoidDose,
        },
    };

    fn revoke(id: u32) -> RevokePass {
        RevokePass { subject: alice(), pass: pass(id) }
    }

    #[test]
    fn a_pass_is_revoked_once() {
        let world = clinic_of_alice().given(recorded(1, 1)).given(issued(1));
        world.clone().when(revoke(2)).rejected(&PASS_NOT_FOUND);
        world.when(revoke(1)).records_kinds(&["pass.revoked.v1"]).when(revoke(1)).nothing_new();
    }

    #[test]
    fn the_valid_passes_of_a_dose_are_revoked_in_the_step_that_voids_its_record() {
        let reason = "Not given".parse().expect("a reason");
        let void = VoidDose { subject: alice(), dose: dose(1), site: site(), reason };
        let world = clinic_of_alice().given(recorded(1, 1)).given(issued(1)).given(issued(2));
        let world = world.when(revoke(2)).records_kinds(&["pass.revoked.v1"]);
        world.when(void).records_kinds(&["dose.voided.v1", "pass.revoked.v1"]).when(revoke(1)).nothing_new();
    }

    #[test]
    fn a_correction_revokes_the_passes_that_say_something_else() {
        let correct = |given| CorrectDose {
            subject: alice(),
            dose: dose(1),
            given,
            reason: "A typing error".parse().expect("a reason"),
        };
        let world = clinic_of_alice().given(recorded(1, 1)).given(issued(1));
        // A pass does not say by whom a dose was given.
        let by = GivenVaccine { given_by: "Olga Example".parse().expect("a name"), ..of_today(1) };
        world.clone().when(correct(by)).records_kinds(&["dose.corrected.v1"]);
        let other = GivenVaccine { vaccine: "spikevax".parse().expect("a vaccine"), ..of_today(1) };
        world.when(correct(other)).records_kinds(&["dose.corrected.v1", "pass.revoked.v1"]);
    }
}
