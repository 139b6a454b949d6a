//! The doses of a lot: one row per dose that names it, or named it before a correction. A recall finds the people that had the
//! lot here, without a name.

use event_core::{Key, Keys, LocalDate, OrganisationCode, Projection, Recorded, SubjectId};
use serde::{Deserialize, Serialize};
use vocabulary::vaccinations::{DoseEvent, DoseFacts, DoseId, VaccineLot};

pub struct LotDoses;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LotDoseRow {
    pub subject: SubjectId,
    pub dose: DoseId,
    pub given_on: LocalDate,
    pub site: OrganisationCode,
    /// True once the recall of the lot was recorded with the dose.
    pub is_flagged: bool,
}

impl LotDoses {
    pub fn partition(lot: &VaccineLot) -> String {
        lot.to_string()
    }

    fn key(lot: &VaccineLot, subject: SubjectId, dose: &DoseId) -> Key {
        Key::new(lot, format_args!("{subject}.{dose}"))
    }
}

impl Projection for LotDoses {
    const NAME: &'static str = "lot_doses";
    const VERSION: u32 = 1;
    type Row = LotDoseRow;
    type Event = DoseEvent;

    fn keys(fact: &Recorded<DoseEvent>) -> Keys {
        let of = |given: &DoseFacts, subject, dose| vec![Self::key(&given.vaccine_lot(), subject, dose)];
        match &fact.data {
            DoseEvent::Recorded(event) => of(&event.given, event.subject, &event.dose),
            DoseEvent::Corrected(event) => of(&event.given, event.subject, &event.dose),
            DoseEvent::LotFlagged(event) => vec![Self::key(&event.lot, event.subject, &event.dose)],
            // The row stays: a record can be voided by mistake, and a recall has to reach the person.
            DoseEvent::Voided(_) | DoseEvent::Booked(_) => vec![],
        }
    }

    fn evolve(_: &Key, row: Option<LotDoseRow>, fact: &Recorded<DoseEvent>) -> Option<LotDoseRow> {
        let is_flagged = row.as_ref().is_some_and(|row| row.is_flagged);
        let of = |given: &DoseFacts, subject, dose: &DoseId| {
            let (given_on, site) = (given.given_on, given.site.clone());
            Some(LotDoseRow { subject, dose: dose.clone(), given_on, site, is_flagged })
        };
        match &fact.data {
            DoseEvent::Recorded(event) => of(&event.given, event.subject, &event.dose),
            DoseEvent::Corrected(event) => of(&event.given, event.subject, &event.dose),
            DoseEvent::LotFlagged(_) => row.map(|row| LotDoseRow { is_flagged: true, ..row }),
            DoseEvent::Voided(_) | DoseEvent::Booked(_) => row,
        }
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        spec::{alice, fold},
        vaccinations::my_doses::specs::{corrected, flagged, given, recorded, voided},
    };

    #[test]
    fn everybody_that_had_a_lot_is_found_by_it_also_after_a_correction() {
        let rows = fold::<LotDoses>([recorded("EL1"), corrected("EL2"), flagged("EL2"), voided()]);
        let of_lot = |lot: &str| {
            let partition = LotDoses::partition(&given(lot).vaccine_lot());
            let rows = rows.iter().filter(|(key, _)| key.partition == partition);
            rows.map(|(_, row)| (row.subject, row.is_flagged)).collect::<Vec<_>>()
        };
        assert_eq!((of_lot("EL1"), of_lot("EL2")), (vec![(alice(), false)], vec![(alice(), true)]));
        assert_eq!(of_lot("EL3"), []);
    }
}
