use event_core::text::Line;
use pathways::CATALOGUE;
use vocabulary::symptom_checks::{PathwayReleaseId, PathwayReleaseRecalled};

use super::{rejections::PATHWAY_NOT_FOUND, release_standing::ReleaseStanding};
use crate::prelude::*;

/// Recall a release of a pathway, because it may lead to wrong advice. No symptom check starts or goes on with it.
///
/// A recall is final: a correction is the next release.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecallRelease {
    pub release: PathwayReleaseId,
    /// The reason, for the people whose checks used the release.
    pub reason: Line,
}

impl Command for RecallRelease {
    const NAME: &'static str = "recall-release";
    const WHO: &'static dyn AccessRule = &operator(Permission::Pathways);
    const REJECTIONS: &'static [&'static Rejection] = &[&PATHWAY_NOT_FOUND];
    type Reads = ReleaseStanding;

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(&self.release)
    }

    fn decide(&self, standing: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        if *standing == ReleaseStanding::Recalled {
            return Ok(nothing_new());
        }
        let release = CATALOGUE.release(self.release.pathway(), self.release.number()).ok_or(&PATHWAY_NOT_FOUND)?;
        Ok(record(PathwayReleaseRecalled {
            release: self.release.clone(),
            content_hash: release.content_hash(),
            reason: self.reason.clone(),
            recalled_at: context.now,
        }))
    }
}

#[cfg(test)]
mod specs {
    use event_core::Caller;
    use vocabulary::access::CallerRole;

    use super::*;
    use crate::{spec::*, symptom_checks::scenes::*};

    fn as_operator() -> Caller {
        let permissions = vec![Permission::Pathways.into()];
        Caller { role: CallerRole::Operator.into(), permissions, organisation: None, ..as_staff() }
    }

    fn recall(reason: &str) -> RecallRelease {
        RecallRelease { release: headache(), reason: line(reason) }
    }

    #[test]
    fn a_release_is_recalled_once_with_its_hash_and_the_reason() {
        let once = world().by(as_operator()).when(recall("A question was missing")).records(&[&recalled()]);
        once.when(recall("Another reason")).nothing_new();
    }

    #[test]
    fn a_release_that_does_not_exist_is_not_recalled() {
        let unknown = RecallRelease { release: "headache.2".parse().expect("a release"), ..recall("A reason") };
        world().when(unknown).rejected(&PATHWAY_NOT_FOUND);
    }

    #[test]
    fn other_pathways_go_on() {
        let child = super::super::StartSymptomCheck {
            check: "minor-skin-problem.1.000000000001".parse().expect("a check"),
            ..start(1)
        };
        world().given(recalled()).when(child).records_kinds(&STARTED);
    }
}
