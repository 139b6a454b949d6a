use event_core::SubjectId;
use vocabulary::{access::IdentityLevel::P5, prescriptions::PharmacyCleared};

use super::{rejections::NO_PHARMACY_NOMINATED, repeat_book::RepeatBook};
use crate::prelude::*;

/// Clear the nominated pharmacy. A request then needs a pharmacy of its own.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClearPharmacy {
    pub patient: SubjectId,
}

impl Command for ClearPharmacy {
    const NAME: &'static str = "clear-pharmacy";
    const WHO: &'static dyn AccessRule = &patient(P5).or(proxy(Capability::Order));
    const REJECTIONS: &'static [&'static Rejection] = &[&NO_PHARMACY_NOMINATED];
    const GIVES_UP: bool = true;
    type Reads = RepeatBook;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(self.patient)
    }

    fn decide(&self, book: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        if book.nominated.is_none() {
            return Err((&NO_PHARMACY_NOMINATED).into());
        }
        Ok(record(PharmacyCleared { patient: self.patient, cleared_at: context.now }))
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{prescriptions::scenes::*, spec::*};

    #[test]
    fn a_nomination_is_cleared_once() {
        let clear = || ClearPharmacy { patient: alice() };
        let cleared = PharmacyCleared { patient: alice(), cleared_at: at(NOW) };
        let cleared: vocabulary::prescriptions::RepeatEvent = cleared.into();
        world().when(clear()).rejected(&NO_PHARMACY_NOMINATED);
        let nominated = pharmacies().given(nominated(pharmacy()));
        nominated.when(clear()).records(&[&cleared]).when(clear()).rejected(&NO_PHARMACY_NOMINATED);
    }
}
