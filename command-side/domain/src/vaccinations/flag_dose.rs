use event_core::SubjectId;
use vocabulary::vaccinations::{DoseId, DoseLotFlagged, VaccineLot};

use super::{dose_book::DoseBook, lot_standing::LotStanding};
use crate::prelude::*;

/// Flag a dose of which the lot was recalled. A record that is void, or names another lot by now, is left alone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlagDose {
    pub subject: SubjectId,
    pub dose: DoseId,
    pub lot: VaccineLot,
}

impl Command for FlagDose {
    const NAME: &'static str = "flag-dose";
    const WHO: &'static dyn AccessRule = &system();
    const REJECTIONS: &'static [&'static Rejection] = &[];
    type Reads = (DoseBook, LotStanding);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(self.subject), Stream::of(&self.lot))
    }

    fn decide(&self, (book, standing): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let dose = book.dose(&self.dose).filter(|dose| !dose.is_void && dose.given.vaccine_lot() == self.lot);
        let is_new = dose.is_some_and(|dose| dose.flagged.as_ref() != Some(&self.lot));
        if !is_new || *standing == LotStanding::InUse {
            return Ok(nothing_new());
        }
        let (subject, dose, lot) = (self.subject, self.dose.clone(), self.lot.clone());
        Ok(record(DoseLotFlagged { subject, dose, lot, flagged_at: context.now }))
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        spec::*,
        vaccinations::{
            scenes::{clinic_of_alice, dose, lot, lot_recalled, recorded},
            void_dose::VoidDose,
        },
    };

    fn flag() -> FlagDose {
        FlagDose { subject: alice(), dose: dose(1), lot: lot() }
    }

    #[test]
    fn a_dose_of_a_recalled_lot_is_flagged_once() {
        let world = clinic_of_alice().given(recorded(1, 1));
        world.clone().when(flag()).nothing_new();
        let world = world.given(lot_recalled());
        world.when(flag()).records_kinds(&["dose.lot-flagged.v1"]).when(flag()).nothing_new();
    }

    #[test]
    fn a_void_record_and_one_of_another_lot_are_left_alone() {
        let reason = "Not given".parse().expect("a reason");
        let void = VoidDose { subject: alice(), dose: dose(1), site: site(), reason };
        let world = clinic_of_alice().given(recorded(1, 1)).given(lot_recalled());
        world.clone().when(void).records_kinds(&["dose.voided.v1"]).when(flag()).nothing_new();
        let other = VaccineLot::new(lot().vaccine().clone(), "EL9999".parse().expect("a lot"));
        world.when(FlagDose { lot: other, ..flag() }).nothing_new();
    }
}
