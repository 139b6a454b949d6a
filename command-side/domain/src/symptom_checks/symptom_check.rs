//! One symptom check: the answers that stand, and its stage. The question that is asked follows from them.

use event_core::{Personal, Rejected, State, SubjectId, Timestamp};
use pathways::{ContentHash, Demographics};
use vocabulary::symptom_checks::{
    ClaimCode, ClaimHash, SymptomAnswer, SymptomAnswerRevised, SymptomCheckConsent, SymptomCheckEvent, SymptomCheckId,
    SymptomCheckStarted,
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
    /// The hash of the code with which a person can claim it, if it was started without an account.
    pub claim: Option<ClaimHash>,
    /// The check that continues it, once it was claimed.
    pub claimed_into: Option<SymptomCheckId>,
    /// The answers that stand, in the order of the questions.
    pub answers: Vec<StandingAnswer>,
    pub stage: CheckStage,
    /// True once the recall of its release was recorded.
    pub is_flagged: bool,
    pub started_at: Timestamp,
    changes: u32,
}

/// An answer that stands, and the time at which it was given.
#[derive(Debug, Clone, PartialEq)]
pub struct StandingAnswer {
    pub answer: Personal<SymptomAnswer>,
    pub answered_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStage {
    Open,
    Abandoned,
    Disposed,
    Claimed,
}

impl State for SymptomCheck {
    type Event = SymptomCheckEvent;

    fn evolve(&mut self, event: &SymptomCheckEvent) {
        match (&mut *self, event) {
            (check, SymptomCheckEvent::Started(started)) => *check = begun(started),
            (SymptomCheck::Started(check), SymptomCheckEvent::Answered(answered)) => {
                let (answer, answered_at) = (answered.answer.clone(), answered.answered_at);
                check.answers.push(StandingAnswer { answer, answered_at });
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
            (SymptomCheck::Started(check), SymptomCheckEvent::Claimed(claimed)) => {
                check.stage = CheckStage::Claimed;
                check.claimed_into = Some(claimed.into.clone());
            }
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
                | SymptomCheckEvent::Flagged(_)
                | SymptomCheckEvent::Claimed(_),
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
        claim: started.claim,
        claimed_into: None,
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

    /// The check, if this is the code with which it can be claimed. One with another code is as unknown as one that was never
    /// started.
    ///
    /// # Errors
    /// `check-not-found`.
    pub fn claimable(&self, code: &ClaimCode) -> Result<&StartedCheck, Rejected> {
        match self {
            SymptomCheck::Started(check) if check.claim == Some(code.hash()) => Ok(check),
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
            *answer = StandingAnswer { answer: revised.answer.clone(), answered_at: revised.revised_at };
        }
    }

    /// Checks that the check is open.
    ///
    /// # Errors
    /// `session-closed`.
    pub fn is_open(&self) -> Result<(), Rejected> {
        if self.stage == CheckStage::Open { Ok(()) } else { Err(self.closed()) }
    }

    /// `session-closed`, with the stage.
    pub fn closed(&self) -> Rejected {
        closed(self.stage)
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
        let answers = self.answers.iter().map(|standing| standing.answer.get().cloned()).collect::<Option<_>>();
        let journey = self.person.get().copied().zip(answers);
        journey.ok_or_else(|| SESSION_CLOSED.with("stage", "erased"))
    }
}

/// `session-closed`, because an outcome was reached.
pub fn disposed() -> Rejected {
    closed(CheckStage::Disposed)
}

fn closed(stage: CheckStage) -> Rejected {
    let stage = match stage {
        CheckStage::Open => "open",
        CheckStage::Abandoned => "abandoned",
        CheckStage::Disposed => "disposed",
        CheckStage::Claimed => "claimed",
    };
    SESSION_CLOSED.with("stage", stage)
}
