//! Symptom checks: the questions that a person was asked, the answers, and the advice to which they led (stream
//! `symptoms-<check>`); the number of checks that a person started on one day (stream `checking-<subject>.<day>`); the recall
//! of a pathway's release (stream `pathway-<release>`).
//!
//! A check's events are its whole journey: with the pinned release they reproduce each question and the outcome. The release is
//! in clear, because a recall has to find the checks that used it; what a person answered, was asked and was advised is sealed.

mod answers;
mod claims;
mod ids;

use event_core::{Class, LocalDate, Personal, Rejection, Service, SubjectId, Timestamp, events, text::Line};
use pathways::{ContentHash, Demographics};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use answers::{AnswerText, CheckOutcome, SymptomAnswer, SymptomAnswerValue};
pub use claims::{ClaimCode, ClaimHash};
pub use ids::{PathwayItemId, PathwayReleaseId, SymptomCheckId, SymptomCheckNumber};

pub static SERVICE: Service = Service {
    name: "symptom-checks",
    categories: &[SymptomCheckEvent::ABOUT, CheckingEvent::ABOUT, PathwayEvent::ABOUT],
};

/// For commands and queries.
pub const CHECK_NOT_FOUND: Rejection = Rejection {
    code: "check-not-found",
    class: Class::NotFound,
    title: "You have no such symptom check.",
    advice: "Start a new symptom check. One that was started a moment ago may not be in the list yet.",
};

events! {
    /// The events of one symptom check.
    SymptomCheckEvent of SERVICE as "symptom-check" on "symptoms" by (check) {
        Started(SymptomCheckStarted) = "symptom-check.started.v1",
        Asked(SymptomQuestionAsked) = "symptom-check.asked.v1",
        Answered(SymptomQuestionAnswered) = "symptom-check.answered.v1",
        Revised(SymptomAnswerRevised) = "symptom-check.answer-revised.v1",
        Abandoned(SymptomCheckAbandoned) = "symptom-check.abandoned.v1",
        Resumed(SymptomCheckResumed) = "symptom-check.resumed.v1",
        Disposed(SymptomCheckDisposed) = "symptom-check.disposed.v1",
        Flagged(SymptomCheckFlagged) = "symptom-check.flagged.v1",
        Claimed(SymptomCheckClaimed) = "symptom-check.claimed.v1",
    }
}

events! {
    /// The symptom checks that one person starts on one day.
    CheckingEvent of SERVICE as "symptom-checking" on "checking" by (subject, on) {
        Counted(SymptomCheckCounted) = "symptom-checking.check-counted.v1",
    }
}

events! {
    /// The events of a release of a pathway.
    PathwayEvent of SERVICE as "pathway" on "pathway" by (release) {
        Recalled(PathwayReleaseRecalled) = "pathway.release-recalled.v1",
    }
}

/// The consent of a person to a symptom check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomCheckConsent {
    /// The answers may be stored.
    pub storage: bool,
    /// The person's practice may see the check.
    pub sharing: bool,
}

/// A person started a symptom check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomCheckStarted {
    pub check: SymptomCheckId,
    /// The person that answers, with or without an account. The symptoms can be those of another person without a name.
    pub subject: SubjectId,
    /// The release that the check follows to its end.
    pub release: PathwayReleaseId,
    /// SHA-256 of that release's canonical form.
    pub content_hash: ContentHash,
    /// The person with the symptoms, the party that answers, and the day in London on which the check began.
    pub person: Personal<Demographics>,
    pub consent: SymptomCheckConsent,
    /// The hash of the code with which a person can claim the check. Absent if the person has an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimHash>,
    pub started_at: Timestamp,
}

/// A question of a symptom check was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomQuestionAsked {
    pub check: SymptomCheckId,
    pub subject: SubjectId,
    pub question: Personal<PathwayItemId>,
    pub asked_at: Timestamp,
}

/// The question that was asked last was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomQuestionAnswered {
    pub check: SymptomCheckId,
    pub subject: SubjectId,
    pub answer: Personal<SymptomAnswer>,
    pub answered_at: Timestamp,
}

/// An earlier answer of a symptom check was changed.
///
/// Later answers stay while the pathway asks the same questions in the same order. From the first other question on they fall
/// away, and the next question is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomAnswerRevised {
    pub check: SymptomCheckId,
    pub subject: SubjectId,
    /// The place of the answer among those that stood, from 1.
    pub place: u16,
    /// The answer before.
    pub was: Personal<SymptomAnswer>,
    pub answer: Personal<SymptomAnswer>,
    /// The number of later answers that stay.
    pub stay: u16,
    /// The later answers that fall away.
    pub fallen: Vec<Personal<SymptomAnswer>>,
    pub revised_at: Timestamp,
}

/// A symptom check was left before its end. It can be resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomCheckAbandoned {
    pub check: SymptomCheckId,
    pub subject: SubjectId,
    pub abandoned_at: Timestamp,
}

/// A symptom check that was left goes on at the question that was asked last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomCheckResumed {
    pub check: SymptomCheckId,
    pub subject: SubjectId,
    pub resumed_at: Timestamp,
}

/// A symptom check ended at an outcome of its release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomCheckDisposed {
    pub check: SymptomCheckId,
    pub subject: SubjectId,
    pub outcome: Personal<CheckOutcome>,
    pub disposed_at: Timestamp,
}

/// The release that a symptom check followed was recalled: its questions and its advice may be wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomCheckFlagged {
    pub check: SymptomCheckId,
    pub subject: SubjectId,
    pub release: PathwayReleaseId,
    pub flagged_at: Timestamp,
}

/// A symptom check that was made without an account was taken over by a person with one.
///
/// Another check continues it, with the answers that stood. The envelope's subject is the person with the account; `subject` is the
/// one without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomCheckClaimed {
    pub check: SymptomCheckId,
    /// The person without an account.
    pub subject: SubjectId,
    pub started_at: Timestamp,
    /// The check that continues it.
    pub into: SymptomCheckId,
    pub claimed_at: Timestamp,
}

/// A symptom check that a person started or claimed. This counts towards the person's daily limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomCheckCounted {
    pub subject: SubjectId,
    /// The day on which it was started or claimed, in London.
    pub on: LocalDate,
    pub check: SymptomCheckId,
}

/// A release of a pathway was recalled: no symptom check starts or goes on with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PathwayReleaseRecalled {
    pub release: PathwayReleaseId,
    /// SHA-256 of the canonical form of the release that was recalled.
    pub content_hash: ContentHash,
    /// The reason, for the people whose checks used the release.
    pub reason: Line,
    pub recalled_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use event_core::testing::opened;
    use pathways::{CATALOGUE, PathwayAnswer, Step, next};

    use super::*;

    fn released<T: serde::de::DeserializeOwned>(text: &str) -> T {
        opened(|| serde_json::from_str(text)).expect("the released form")
    }

    #[test]
    fn a_start_without_an_account_keeps_the_hash_of_the_claim_code() {
        let text = include_str!("../../released/symptom-check.started.v1.json");
        let mut stored: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let code: ClaimCode = "0123456789ABCDEFGHJKMNPQRS".parse().expect("a code");
        stored["claim"] = code.hash().to_string().into();
        let started: SymptomCheckStarted = serde_json::from_value(stored.clone()).expect("a start");
        assert_eq!((started.claim, serde_json::to_value(&started).expect("JSON")), (Some(code.hash()), stored));
    }

    /// A release that a stored check pins stays in every later build, with the same content.
    #[test]
    fn the_released_check_reaches_its_outcome_with_the_release_that_it_pins() {
        let started: SymptomCheckStarted = released(include_str!("../../released/symptom-check.started.v1.json"));
        let revised: SymptomAnswerRevised =
            released(include_str!("../../released/symptom-check.answer-revised.v1.json"));
        let disposed: SymptomCheckDisposed = released(include_str!("../../released/symptom-check.disposed.v1.json"));
        let id = &started.release;
        let release = CATALOGUE.release(id.pathway(), id.number()).expect("the release is in this build");
        assert_eq!((started.check.release(), release.content_hash()), (id, started.content_hash));
        let answers = [PathwayAnswer::from(revised.answer.get().expect("open"))];
        let step = next(release, started.person.get().expect("open"), &answers).expect("a step");
        let Step::Dispose { outcome, because } = step else { panic!("asks") };
        let stored = disposed.outcome.get().expect("open");
        assert_eq!(
            (outcome.id.as_str(), because.question.id.as_str()),
            (stored.outcome.as_str(), stored.question.as_str())
        );
        assert_eq!((outcome.disposition, outcome.time_frame), (stored.disposition, stored.time_frame));
        assert_eq!(because.rule, usize::from(stored.rule));
    }
}
