//! The lots that were recalled: one row per lot.

use event_core::{Key, Keys, Projection, Recorded, Timestamp, text::Line};
use serde::{Deserialize, Serialize};
use vocabulary::vaccinations::{LotEvent, VaccineLot};

pub struct RecalledLots;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecalledLotRow {
    pub lot: VaccineLot,
    pub reason: Line,
    pub recalled_at: Timestamp,
}

impl RecalledLots {
    pub fn key(lot: &VaccineLot) -> Key {
        Key::new(lot, "recall")
    }
}

impl Projection for RecalledLots {
    const NAME: &'static str = "recalled_lots";
    const VERSION: u32 = 1;
    type Row = RecalledLotRow;
    type Event = LotEvent;

    fn keys(fact: &Recorded<LotEvent>) -> Keys {
        match &fact.data {
            LotEvent::Recalled(event) => vec![Self::key(&event.lot)],
        }
    }

    fn evolve(_: &Key, _: Option<RecalledLotRow>, fact: &Recorded<LotEvent>) -> Option<RecalledLotRow> {
        match &fact.data {
            LotEvent::Recalled(event) => {
                let (lot, reason, recalled_at) = (event.lot.clone(), event.reason.clone(), event.recalled_at);
                Some(RecalledLotRow { lot, reason, recalled_at })
            }
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::{testing::line, vaccinations::LotRecalled};

    use super::*;
    use crate::spec::{NINE, at, fold};

    #[test]
    fn a_recalled_lot_is_a_row_with_the_reason() {
        let lot: VaccineLot = "comirnaty.EL1".parse().expect("a lot");
        let (reason, recalled_at) = (line("Glass in a vial"), at(NINE));
        let recalled = LotRecalled { lot: lot.clone(), reason: reason.clone(), recalled_at };
        let rows = fold::<RecalledLots>([recalled.into()]);
        let expected = RecalledLotRow { lot: lot.clone(), reason, recalled_at };
        assert_eq!(rows.into_iter().collect::<Vec<_>>(), [(RecalledLots::key(&lot), expected)]);
    }
}
