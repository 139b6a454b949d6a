//! The reports of a pharmacy about one medicine, in the order of the time at which they are true. Reports arrive late, out
//! of order, repeated and post-dated; the order of their arrival changes nothing.

use event_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A status that a pharmacy reports. "Ready" and "collected" are different facts: neither follows from the other. Of two
/// reports for the same instant, the later one in this list stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DispenseStatus {
    WithPharmacy,
    Preparing,
    ReadyToCollect,
    ReadyToDispatch,
    Dispatched,
    NotDispensed,
    Collected,
}

impl DispenseStatus {
    /// True if the pharmacy has nothing further to do for this medicine.
    pub fn ends(self) -> bool {
        match self {
            DispenseStatus::Dispatched | DispenseStatus::NotDispensed | DispenseStatus::Collected => true,
            DispenseStatus::WithPharmacy
            | DispenseStatus::Preparing
            | DispenseStatus::ReadyToCollect
            | DispenseStatus::ReadyToDispatch => false,
        }
    }
}

/// A report: the status, and the time from which it is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DispenseStep {
    pub at: Timestamp,
    pub status: DispenseStatus,
}

/// The reports about one medicine, by the time at which they are true; each once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DispenseTimeline(Vec<DispenseStep>);

impl DispenseTimeline {
    /// Adds a report at its place. A repeat changes nothing.
    pub fn add(&mut self, step: DispenseStep) {
        if let Err(place) = self.0.binary_search(&step) {
            self.0.insert(place, step);
        }
    }

    pub fn has(&self, step: &DispenseStep) -> bool {
        self.0.binary_search(step).is_ok()
    }

    /// The reports that are true by now, earliest first. A post-dated report is not among them yet.
    pub fn matured(&self, now: Timestamp) -> &[DispenseStep] {
        &self.0[..self.0.partition_point(|step| step.at <= now)]
    }

    /// The newest report that is true by now. `None` if there is none yet.
    pub fn standing(&self, now: Timestamp) -> Option<DispenseStep> {
        self.matured(now).last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NINE, TEN_PAST, at};

    fn timeline(steps: &[(&str, DispenseStatus)]) -> DispenseTimeline {
        let mut timeline = DispenseTimeline::default();
        for (instant, status) in steps {
            timeline.add(DispenseStep { at: at(instant), status: *status });
        }
        timeline
    }

    fn standing(timeline: &DispenseTimeline, now: &str) -> Option<DispenseStatus> {
        timeline.standing(at(now)).map(|step| step.status)
    }

    #[test]
    fn the_newest_report_by_business_time_stands_and_a_late_one_takes_its_earlier_place() {
        let late = [(TEN_PAST, DispenseStatus::ReadyToCollect), (NINE, DispenseStatus::Preparing)];
        assert_eq!(standing(&timeline(&late), TEN_PAST), Some(DispenseStatus::ReadyToCollect));
    }

    #[test]
    fn a_post_dated_report_shows_only_when_it_is_true() {
        let post_dated = timeline(&[(NINE, DispenseStatus::Preparing), (TEN_PAST, DispenseStatus::ReadyToCollect)]);
        assert_eq!(standing(&post_dated, "2026-03-09T08:59:59Z"), None);
        assert_eq!(standing(&post_dated, "2026-03-09T09:09:59.999999Z"), Some(DispenseStatus::Preparing));
        assert_eq!(standing(&post_dated, TEN_PAST), Some(DispenseStatus::ReadyToCollect));
    }

    #[test]
    fn a_repeated_report_is_there_once() {
        let ready = (NINE, DispenseStatus::ReadyToCollect);
        assert_eq!(timeline(&[ready, ready, ready]).matured(at(NINE)).len(), 1);
    }

    #[test]
    fn collected_is_never_inferred_from_ready_nor_ready_from_collected() {
        let ready = timeline(&[(NINE, DispenseStatus::ReadyToCollect)]);
        assert_eq!(standing(&ready, "2036-03-09T09:00:00Z"), Some(DispenseStatus::ReadyToCollect));
        let collected = timeline(&[(NINE, DispenseStatus::Collected)]);
        let statuses: Vec<_> = collected.matured(at(NINE)).iter().map(|step| step.status).collect();
        assert_eq!(statuses, [DispenseStatus::Collected]);
    }
}
