//! The releases of pathways that were recalled: one row per release.

use event_core::{Key, Keys, Projection, Recorded, Timestamp, text::Line};
use serde::{Deserialize, Serialize};
use vocabulary::symptom_checks::{PathwayEvent, PathwayReleaseId};

pub struct RecalledReleases;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecalledReleaseRow {
    pub release: PathwayReleaseId,
    pub reason: Line,
    pub recalled_at: Timestamp,
}

impl RecalledReleases {
    pub fn key(release: &PathwayReleaseId) -> Key {
        Key::new(release, "recall")
    }
}

impl Projection for RecalledReleases {
    const NAME: &'static str = "recalled_releases";
    const VERSION: u32 = 1;
    type Row = RecalledReleaseRow;
    type Event = PathwayEvent;

    fn keys(fact: &Recorded<PathwayEvent>) -> Keys {
        match &fact.data {
            PathwayEvent::Recalled(recalled) => vec![Self::key(&recalled.release)],
        }
    }

    fn evolve(_: &Key, _: Option<RecalledReleaseRow>, fact: &Recorded<PathwayEvent>) -> Option<RecalledReleaseRow> {
        match &fact.data {
            PathwayEvent::Recalled(recalled) => Some(RecalledReleaseRow {
                release: recalled.release.clone(),
                reason: recalled.reason.clone(),
                recalled_at: recalled.recalled_at,
            }),
        }
    }
}

#[cfg(test)]
mod specs {
    use pathways::ContentHash;
    use vocabulary::{symptom_checks::PathwayReleaseRecalled, testing::line};

    use super::*;
    use crate::spec::{NINE, at, fold};

    #[test]
    fn a_recalled_release_is_a_row_with_the_reason() {
        let release: PathwayReleaseId = "headache.1".parse().expect("a release");
        let content_hash: ContentHash = serde_json::from_value("0".repeat(64).into()).expect("a hash");
        let (reason, recalled_at) = (line("A question was missing"), at(NINE));
        let recalled =
            PathwayReleaseRecalled { release: release.clone(), content_hash, reason: reason.clone(), recalled_at };
        let rows = fold::<RecalledReleases>([recalled.into()]);
        let expected = RecalledReleaseRow { release: release.clone(), reason, recalled_at };
        assert_eq!(rows.into_iter().collect::<Vec<_>>(), [(RecalledReleases::key(&release), expected)]);
    }
}
