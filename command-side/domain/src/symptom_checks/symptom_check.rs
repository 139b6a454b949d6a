//! One symptom check: the answers that stand, and its stage. The question that is asked follows from them.

use event_core::{Personal, Rejected, State, SubjectId, Timestamp};
use pathways::{ContentHash, Demographics};
use vocabulary::symptom_checks::{
    SymptomAnswer, SymptomAnswerRevised, SymptomCheckConsent, SymptomCheckEvent, SymptomCheckStarted,
};

use super::rejections::{CHECK_NOT_FOUND, SESSION_CLOSED, TOO_MANY_ANSWERS};

/// The maximum number of answers, changed answers and resumptions of one check. A release has 100 questions at most, so each can be
/// answered and changed several times. Without a limit, the stream of one check could grow without end.
pub const CHANGES_MAX: u32 = 500;

#[derive(Debug, Clone, Default, PartialEq)]
pub enum SymptomCheck {
    #[default]
    Unstarted,
    Started(Box<StartedCheck>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct StartedCheck {
    pub subject: SubjectId,
    pub content_hash: ContentHash,
    pub person: Personal<Demographics>,
    pub consent: SymptomCheckConsent,
    /// The answers that stand, in the order of the questions.
    pub answers: Vec<Personal<SymptomAnswer>>,
    pub stage: CheckStage,
    /// True once the recall of its release was recorded.
    pub is_flagged: bool,
    pub started_at: Timestamp,
    changes: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStage {
    Open,
    Abandoned,
    Disposed,
}

impl State for SymptomCheck {
    type Event = SymptomCheckEvent;

    fn evolve(&mut self, event: &SymptomCheckEvent) {
        match (&mut *self, event) {
            (check, SymptomCheckEvent::Started(started)) => *check = begun(started),
            (SymptomCheck::Started(check), SymptomCheckEvent::Answered(answered)) => {
                check.answers.push(answered.answer.clone());
                check.count();
            }
            (SymptomCheck::Started(check), SymptomCheckEvent::Revised(revised)) => {
                check.revise(revised);
                check.count();
            }
            (SymptomCheck::Started(check), SymptomCheckEvent::Abandoned(_)) => check.stage = CheckStage::Abandoned,
            (SymptomCheck::Started(check), SymptomCheckEvent::Resumed(_)) => {
                check.stage = CheckStage::Open;
                check.count();
            }
            (SymptomCheck::Started(check), SymptomCheckEvent::Disposed(_)) => check.stage = CheckStage::Disposed,
            (SymptomCheck::Started(check), SymptomCheckEvent::Flagged(_)) => check.is_flagged = true,
            // The question that is asked follows from the answers and the release.
            (SymptomCheck::Started(_), SymptomCheckEvent::Asked(_))
            | (
                SymptomCheck::Unstarted,
                SymptomCheckEvent::Asked(_)
                | SymptomCheckEvent::Answered(_)
                | SymptomCheckEvent::Revised(_)
                | SymptomCheckEvent::Abandoned(_)
                | SymptomCheckEvent::Resumed(_)
                | SymptomCheckEvent::Disposed(_)
                | SymptomCheckEvent::Flagged(_),
            ) => {}
        }
    }
}

fn begun(started: &SymptomCheckStarted) -> SymptomCheck {
    SymptomCheck::Started(Box::new(StartedCheck {
        subject: started.subject,
        content_hash: started.content_hash,
        person: started.person.clone(),
        consent: started.consent,
        answers: Vec::new(),
        stage: CheckStage::Open,
        is_flagged: false,
        started_at: started.started_at,
        changes: 0,
    }))
}

impl SymptomCheck {
    /// The check, if it is one of this person. One of another person is as unknown as one that was never started.
    ///
    /// # Errors
    /// `check-not-found`.
    pub fn of(&self, subject: SubjectId) -> Result<&StartedCheck, Rejected> {
        match self {
            SymptomCheck::Started(check) if check.subject == subject => Ok(check),
            SymptomCheck::Started(_) | SymptomCheck::Unstarted => Err((&CHECK_NOT_FOUND).into()),
        }
    }
}

impl StartedCheck {
    fn count(&mut self) {
        self.changes = self.changes.saturating_add(1);
    }

    /// `place` and `stay` are in clear, so that this is the same for readers without a key.
    fn revise(&mut self, revised: &SymptomAnswerRevised) {
        let place = usize::from(revised.place);
        self.answers.truncate(place.saturating_add(revised.stay.into()));
        if let Some(answer) = place.checked_sub(1).and_then(|at| self.answers.get_mut(at)) {
            *answer = revised.answer.clone();
        }
    }

    /// Checks that the check is open.
    ///
    /// # Errors
    /// `session-closed`.
    pub fn is_open(&self) -> Result<(), Rejected> {
        match self.stage {
            CheckStage::Open => Ok(()),
            CheckStage::Abandoned => Err(SESSION_CLOSED.with("stage", "abandoned")),
            CheckStage::Disposed => Err(disposed()),
        }
    }

    /// # Errors
    /// `too-many-answers`.
    pub fn may_change(&self) -> Result<(), Rejected> {
        if self.changes < CHANGES_MAX { Ok(()) } else { Err(TOO_MANY_ANSWERS.with("limit", CHANGES_MAX)) }
    }

    /// The person with the symptoms, and the answers that stand.
    ///
    /// # Errors
    /// `session-closed`, if the data of the subject was erased.
    pub fn journey(&self) -> Result<(Demographics, Vec<SymptomAnswer>), Rejected> {
        let answers = self.answers.iter().map(|answer| answer.get().cloned()).collect::<Option<_>>();
        let journey = self.person.get().copied().zip(answers);
        journey.ok_or_else(|| SESSION_CLOSED.with("stage", "erased"))
    }
}

/// `session-closed`, because an outcome was reached.
pub fn disposed() -> Rejected {
    SESSION_CLOSED.with("stage", "disposed")
}
