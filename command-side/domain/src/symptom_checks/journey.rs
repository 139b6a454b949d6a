//! A symptom check and its release: the release that is pinned, the step after some answers, and the event of that step.

use event_core::{Rejected, SubjectId, Timestamp};
use pathways::{CATALOGUE, Demographics, NextError, PathwayAnswer, Release, Step, next};
use vocabulary::symptom_checks::{
    CheckOutcome, PathwayItemId, SymptomAnswer, SymptomCheckDisposed, SymptomCheckEvent, SymptomCheckId,
    SymptomQuestionAsked,
};

use super::{
    rejections::{ANSWER_NOT_OFFERED, PATHWAY_NOT_FOUND, RELEASE_WITHDRAWN, STALE_QUESTION, WRONG_AGE_OR_SEX},
    release_standing::ReleaseStanding,
    symptom_check::{StartedCheck, disposed},
};

/// The release that this check follows.
///
/// # Errors
/// `release-withdrawn`, also if the release has another content than when the check began. `pathway-not-found` if this build lacks
/// it: an older build is still running.
pub fn pinned(
    check: &SymptomCheckId,
    started: &StartedCheck,
    standing: &ReleaseStanding,
) -> Result<&'static Release, Rejected> {
    standing.may_be_used()?;
    let id = check.release();
    let release = CATALOGUE.release(id.pathway(), id.number()).ok_or(&PATHWAY_NOT_FOUND)?;
    if release.content_hash() == started.content_hash { Ok(release) } else { Err((&RELEASE_WITHDRAWN).into()) }
}

/// The step after some answers, with no borrow of them.
pub enum CheckStep {
    Ask(PathwayItemId),
    Dispose(CheckOutcome),
}

/// # Errors
/// `wrong-age-or-sex`, `stale-question`, `session-closed` or `answer-not-offered`.
pub fn step(release: &Release, person: &Demographics, answers: &[SymptomAnswer]) -> Result<CheckStep, Rejected> {
    let given: Vec<PathwayAnswer> = answers.iter().map(PathwayAnswer::from).collect();
    match next(release, person, &given).map_err(rejected)? {
        Step::Ask(question) => Ok(CheckStep::Ask(item(&question.id)?)),
        Step::Dispose { outcome, because } => {
            let looked_at = |answer: &&SymptomAnswer| {
                because.answers.iter().any(|looked_at| looked_at.question == answer.question.as_str())
            };
            Ok(CheckStep::Dispose(CheckOutcome {
                outcome: item(&outcome.id)?,
                disposition: outcome.disposition,
                time_frame: outcome.time_frame,
                question: item(&because.question.id)?,
                rule: u16::try_from(because.rule).unwrap_or(u16::MAX),
                answers: answers.iter().filter(looked_at).cloned().collect(),
                demographics: because.demographics.to_vec(),
            }))
        }
    }
}

/// An id of a release. The check of releases has the same rule for ids, so the error does not happen.
fn item(id: &str) -> Result<PathwayItemId, Rejected> {
    id.parse().map_err(|_| (&PATHWAY_NOT_FOUND).into())
}

fn rejected(fault: NextError) -> Rejected {
    match fault {
        NextError::OutsideDemographics => (&WRONG_AGE_OR_SEX).into(),
        NextError::NotCurrent { .. } => (&STALE_QUESTION).into(),
        NextError::AlreadyDisposed { .. } => disposed(),
        NextError::NotOffered { fault, .. } => ANSWER_NOT_OFFERED.with("fault", fault.to_string()),
        // Does not happen: such a release has findings, and is not made.
        NextError::NoRule { .. } => (&PATHWAY_NOT_FOUND).into(),
    }
}

impl CheckStep {
    /// The event that records this step.
    pub fn event(self, check: SymptomCheckId, subject: SubjectId, now: Timestamp) -> SymptomCheckEvent {
        match self {
            CheckStep::Ask(question) => {
                SymptomQuestionAsked { check, subject, question: question.into(), asked_at: now }.into()
            }
            CheckStep::Dispose(outcome) => {
                SymptomCheckDisposed { check, subject, outcome: outcome.into(), disposed_at: now }.into()
            }
        }
    }
}
