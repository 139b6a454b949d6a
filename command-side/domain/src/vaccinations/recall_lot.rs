use event_core::text::Line;
use vocabulary::vaccinations::{LotRecalled, VaccineLot};

use super::lot_standing::LotStanding;
use crate::prelude::*;

/// Recall a lot of a vaccine. The people that had it are told. A recall is final.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecallLot {
    pub lot: VaccineLot,
    /// The reason, for the people that had the lot.
    pub reason: Line,
}

impl Command for RecallLot {
    const NAME: &'static str = "recall-lot";
    const WHO: &'static dyn AccessRule = &operator(Permission::Vaccines);
    const REJECTIONS: &'static [&'static Rejection] = &[];
    type Reads = LotStanding;

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(&self.lot)
    }

    fn decide(&self, standing: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        Ok(match standing {
            LotStanding::Recalled => nothing_new(),
            LotStanding::InUse => {
                record(LotRecalled { lot: self.lot.clone(), reason: self.reason.clone(), recalled_at: context.now })
            }
        })
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{spec::*, vaccinations::scenes::lot};

    #[test]
    fn a_lot_is_recalled_once() {
        let recall = || RecallLot { lot: lot(), reason: line("Glass in a vial") };
        world().when(recall()).records_kinds(&["lot.recalled.v1"]).when(recall()).nothing_new();
    }
}
