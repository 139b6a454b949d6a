use event_core::{OrganisationCode, SubjectId};
use vocabulary::{access::IdentityLevel::P5, prescriptions::PharmacyNominated};

use super::{
    pharmacy::Pharmacy,
    rejections::{PHARMACY_UNKNOWN, REPEAT_LIMIT_REACHED},
    repeat_book::RepeatBook,
};
use crate::prelude::*;

/// Nominate the pharmacy to which your prescriptions are sent. A nomination replaces an earlier one.
///
/// A patient nominates at most 10 times a month.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NominatePharmacy {
    pub patient: SubjectId,
    pub pharmacy: OrganisationCode,
}

impl Command for NominatePharmacy {
    const NAME: &'static str = "nominate-pharmacy";
    const WHO: &'static dyn AccessRule = &patient(P5).or(proxy(Capability::Order));
    const REJECTIONS: &'static [&'static Rejection] = &[&PHARMACY_UNKNOWN, &REPEAT_LIMIT_REACHED];
    type Reads = (RepeatBook, Pharmacy);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(self.patient), Stream::of(&self.pharmacy))
    }

    fn decide(&self, (book, pharmacy): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        pharmacy.has_to_be_known()?;
        if book.nominated.as_ref() == Some(&self.pharmacy) {
            return Ok(nothing_new());
        }
        book.may_nominate(context.now)?;
        let (patient, pharmacy) = (self.patient, self.pharmacy.clone());
        Ok(record(PharmacyNominated { patient, pharmacy, nominated_at: context.now }))
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        prescriptions::{ClearPharmacy, repeat_book::NOMINATIONS_A_MONTH_MAX, scenes::*},
        spec::*,
    };

    fn nominate(pharmacy: OrganisationCode) -> NominatePharmacy {
        NominatePharmacy { patient: alice(), pharmacy }
    }

    #[test]
    fn a_pharmacy_is_nominated_once_and_replaced_by_another() {
        let nominated = pharmacies().when(nominate(pharmacy())).records(&[&nominated(pharmacy())]);
        nominated
            .when(nominate(pharmacy()))
            .nothing_new()
            .when(nominate(other_pharmacy()))
            .records_kinds(&["repeat.pharmacy-nominated.v1"]);
    }

    #[test]
    fn an_organisation_that_is_not_known_as_a_pharmacy_is_refused_by_a_rule() {
        pharmacies().when(nominate(site())).rejected(&PHARMACY_UNKNOWN);
        world().when(nominate(pharmacy())).rejected(&PHARMACY_UNKNOWN);
    }

    #[test]
    fn a_pharmacy_is_nominated_ten_times_a_month_and_cleared_at_any_time() {
        let full = (0..NOMINATIONS_A_MONTH_MAX).fold(pharmacies(), |world, _| {
            let nominated = world.when(nominate(pharmacy())).records_kinds(&["repeat.pharmacy-nominated.v1"]);
            nominated.when(ClearPharmacy { patient: alice() }).records_kinds(&["repeat.pharmacy-cleared.v1"])
        });
        let full = full.at("2026-03-31T22:59:59Z").when(nominate(pharmacy())).rejected(&REPEAT_LIMIT_REACHED);
        // The month ends at midnight in London, which is 23:00 of the day before in Greenwich.
        full.at("2026-03-31T23:00:00Z").when(nominate(pharmacy())).records_kinds(&["repeat.pharmacy-nominated.v1"]);
    }

    #[test]
    fn a_pharmacy_may_be_set_by_a_person_that_is_matched_to_a_record() {
        assert_eq!(NominatePharmacy::WHO.data(), patient(P5).or(proxy(Capability::Order)).data());
    }
}
