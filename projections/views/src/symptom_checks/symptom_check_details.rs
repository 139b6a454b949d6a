//! One symptom check: the answers that stand, the question that is asked, and the outcome. The answers that were changed are in the
//! log only.

use std::ops::Bound;

use event_core::{Key, Keys, Personal, Projection, Recorded, SubjectId, Timestamp};
use pathways::{ContentHash, Demographics};
use serde::{Deserialize, Serialize};
use vocabulary::symptom_checks::{
    CheckOutcome, PathwayItemId, SymptomAnswer, SymptomAnswerRevised, SymptomCheckConsent, SymptomCheckEvent,
    SymptomCheckId, SymptomCheckNumber, SymptomCheckStarted,
};

pub struct SymptomCheckDetails;

/// A release has 100 questions at most, so a row has 100 answers at most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SymptomCheckRow {
    pub check: SymptomCheckId,
    pub content_hash: ContentHash,
    pub person: Personal<Demographics>,
    pub consent: SymptomCheckConsent,
    pub started_at: Timestamp,
    /// The answers that stand, in the order of the questions.
    pub answers: Vec<Personal<SymptomAnswer>>,
    /// The question that was asked last.
    pub question: Option<Personal<PathwayItemId>>,
    pub stage: CheckRowStage,
    pub outcome: Option<Personal<CheckOutcome>>,
    /// The time of the last answer, change, interruption or outcome.
    pub changed_at: Timestamp,
    /// The time at which the recall of its release was recorded.
    pub flagged_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckRowStage {
    Open,
    Abandoned,
    Disposed,
}

impl SymptomCheckDetails {
    pub fn partition(subject: SubjectId) -> String {
        subject.to_string()
    }

    /// The number comes first: checks are looked for by it.
    pub fn key(subject: SubjectId, check: &SymptomCheckId) -> Key {
        Key::new(subject, format_args!("{}.{}", check.number(), check.release()))
    }

    /// The bounds of the sort keys of a check with this number. There is one, unless an app used a number twice.
    pub fn numbered(number: &SymptomCheckNumber) -> (Bound<String>, Bound<String>) {
        // '/' is the character after '.'.
        (Bound::Included(format!("{number}.")), Bound::Excluded(format!("{number}/")))
    }
}

impl SymptomCheckRow {
    fn new(started: &SymptomCheckStarted) -> SymptomCheckRow {
        SymptomCheckRow {
            check: started.check.clone(),
            content_hash: started.content_hash,
            person: started.person.clone(),
            consent: started.consent,
            started_at: started.started_at,
            answers: Vec::new(),
            question: None,
            stage: CheckRowStage::Open,
            outcome: None,
            changed_at: started.started_at,
            flagged_at: None,
        }
    }

    fn revise(mut self, revised: &SymptomAnswerRevised) -> SymptomCheckRow {
        let place = usize::from(revised.place);
        self.answers.truncate(place.saturating_add(revised.stay.into()));
        if let Some(answer) = place.checked_sub(1).and_then(|at| self.answers.get_mut(at)) {
            *answer = revised.answer.clone();
        }
        SymptomCheckRow { changed_at: revised.revised_at, ..self }
    }
}

/// The person of a check, and the check.
fn place(event: &SymptomCheckEvent) -> (SubjectId, &SymptomCheckId) {
    match event {
        SymptomCheckEvent::Started(event) => (event.subject, &event.check),
        SymptomCheckEvent::Asked(event) => (event.subject, &event.check),
        SymptomCheckEvent::Answered(event) => (event.subject, &event.check),
        SymptomCheckEvent::Revised(event) => (event.subject, &event.check),
        SymptomCheckEvent::Abandoned(event) => (event.subject, &event.check),
        SymptomCheckEvent::Resumed(event) => (event.subject, &event.check),
        SymptomCheckEvent::Disposed(event) => (event.subject, &event.check),
        SymptomCheckEvent::Flagged(event) => (event.subject, &event.check),
        SymptomCheckEvent::Claimed(event) => (event.subject, &event.check),
    }
}

impl Projection for SymptomCheckDetails {
    const NAME: &'static str = "symptom_check_details";
    const VERSION: u32 = 1;
    type Row = SymptomCheckRow;
    type Event = SymptomCheckEvent;

    fn keys(fact: &Recorded<SymptomCheckEvent>) -> Keys {
        let (subject, check) = place(&fact.data);
        vec![Self::key(subject, check)]
    }

    fn evolve(_: &Key, row: Option<SymptomCheckRow>, fact: &Recorded<SymptomCheckEvent>) -> Option<SymptomCheckRow> {
        let (row, event) = match (&fact.data, row) {
            (SymptomCheckEvent::Started(started), _) => return Some(SymptomCheckRow::new(started)),
            (event, row) => (row?, event),
        };
        Some(match event {
            SymptomCheckEvent::Started(started) => SymptomCheckRow::new(started),
            SymptomCheckEvent::Asked(asked) => SymptomCheckRow { question: Some(asked.question.clone()), ..row },
            SymptomCheckEvent::Answered(answered) => {
                let mut row = SymptomCheckRow { changed_at: answered.answered_at, ..row };
                row.answers.push(answered.answer.clone());
                row
            }
            SymptomCheckEvent::Revised(revised) => row.revise(revised),
            SymptomCheckEvent::Abandoned(abandoned) => {
                SymptomCheckRow { stage: CheckRowStage::Abandoned, changed_at: abandoned.abandoned_at, ..row }
            }
            SymptomCheckEvent::Resumed(resumed) => {
                SymptomCheckRow { stage: CheckRowStage::Open, changed_at: resumed.resumed_at, ..row }
            }
            SymptomCheckEvent::Disposed(disposed) => SymptomCheckRow {
                stage: CheckRowStage::Disposed,
                question: None,
                outcome: Some(disposed.outcome.clone()),
                changed_at: disposed.disposed_at,
                ..row
            },
            SymptomCheckEvent::Flagged(flagged) => SymptomCheckRow { flagged_at: Some(flagged.flagged_at), ..row },
            // It goes on as another check.
            SymptomCheckEvent::Claimed(_) => return None,
        })
    }
}

#[cfg(test)]
pub(super) mod specs {
    use vocabulary::symptom_checks::{
        SymptomCheckAbandoned, SymptomCheckClaimed, SymptomCheckDisposed, SymptomCheckFlagged, SymptomCheckResumed,
        SymptomQuestionAnswered, SymptomQuestionAsked,
    };

    use super::*;
    use crate::spec::{NINE, TEN_PAST, alice, at, bob, fold};

    pub fn check(number: u32) -> SymptomCheckId {
        format!("headache.1.{number:012}").parse().expect("a check")
    }

    /// A personal value that is closed, told apart by its number.
    fn closed<T>(number: u32) -> Personal<T>
    where
        Personal<T>: serde::de::DeserializeOwned,
    {
        serde_json::from_value(format!("p0.{number:04}").into()).expect("a closed value")
    }

    pub fn started(number: u32, subject: SubjectId, instant: &str) -> SymptomCheckEvent {
        SymptomCheckStarted {
            check: check(number),
            subject,
            release: check(number).release().clone(),
            content_hash: serde_json::from_value("0".repeat(64).into()).expect("a hash"),
            person: closed(1),
            consent: SymptomCheckConsent { storage: true, sharing: false },
            claim: None,
            started_at: at(instant),
        }
        .into()
    }

    pub fn asked(number: u32, subject: SubjectId) -> SymptomCheckEvent {
        SymptomQuestionAsked { check: check(number), subject, question: closed(7), asked_at: at(NINE) }.into()
    }

    fn answered(answer: u32) -> SymptomCheckEvent {
        SymptomQuestionAnswered { check: check(1), subject: alice(), answer: closed(answer), answered_at: at(NINE) }
            .into()
    }

    pub fn abandoned(number: u32, subject: SubjectId) -> SymptomCheckEvent {
        SymptomCheckAbandoned { check: check(number), subject, abandoned_at: at(TEN_PAST) }.into()
    }

    pub fn claimed(number: u32, subject: SubjectId, started_at: &str, into: u32) -> SymptomCheckEvent {
        let (check, into, claimed_at) = (check(number), check(into), at(TEN_PAST));
        SymptomCheckClaimed { check, subject, started_at: at(started_at), into, claimed_at }.into()
    }

    fn revised(place: u16, answer: u32, stay: u16) -> SymptomCheckEvent {
        SymptomAnswerRevised {
            check: check(1),
            subject: alice(),
            place,
            was: closed(0),
            answer: closed(answer),
            stay,
            fallen: vec![],
            revised_at: at(TEN_PAST),
        }
        .into()
    }

    fn row(events: Vec<SymptomCheckEvent>) -> SymptomCheckRow {
        fold::<SymptomCheckDetails>(events).remove(&SymptomCheckDetails::key(alice(), &check(1))).expect("a row")
    }

    #[test]
    fn a_check_has_the_answers_that_stand_and_the_question_that_is_asked() {
        let row = row(vec![started(1, alice(), NINE), asked(1, alice()), answered(11), answered(12), answered(13)]);
        assert_eq!(row.answers, [closed(11), closed(12), closed(13)]);
        assert_eq!((row.question, row.stage, row.outcome), (Some(closed(7)), CheckRowStage::Open, None));
    }

    #[test]
    fn a_check_that_was_claimed_has_no_row() {
        let rows = fold::<SymptomCheckDetails>([started(1, alice(), NINE), claimed(1, alice(), NINE, 2)]);
        assert!(rows.is_empty());
    }

    #[test]
    fn a_changed_answer_takes_the_place_of_the_old_one_and_later_ones_that_fall_away_are_gone() {
        let answers = [started(1, alice(), NINE), answered(11), answered(12), answered(13), answered(14)];
        let stays = row([&answers[..], &[revised(2, 22, 1)]].concat());
        assert_eq!(stays.answers, [closed(11), closed(22), closed(13)]);
        assert_eq!(stays.changed_at, at(TEN_PAST));
        assert_eq!(row([&answers[..], &[revised(1, 21, 0)]].concat()).answers, [closed(21)]);
    }

    #[test]
    fn a_check_is_left_resumed_ended_and_flagged() {
        let (check, subject) = (check(1), alice());
        let begun = vec![started(1, alice(), NINE), asked(1, alice()), abandoned(1, alice())];
        assert_eq!(row(begun.clone()).stage, CheckRowStage::Abandoned);
        let resumed = SymptomCheckResumed { check: check.clone(), subject, resumed_at: at(TEN_PAST) };
        let resumed = [begun, vec![resumed.into()]].concat();
        assert_eq!(row(resumed.clone()).stage, CheckRowStage::Open);
        let (outcome, release) = (closed(9), check.release().clone());
        let disposed = SymptomCheckDisposed { check: check.clone(), subject, outcome, disposed_at: at(TEN_PAST) };
        let flagged = SymptomCheckFlagged { check, subject, release, flagged_at: at(TEN_PAST) };
        let row = row([resumed, vec![disposed.into(), flagged.into()]].concat());
        assert_eq!((row.stage, row.outcome, row.question), (CheckRowStage::Disposed, Some(closed(9)), None));
        assert_eq!(row.flagged_at, Some(at(TEN_PAST)));
    }

    #[test]
    fn checks_of_two_people_are_two_rows() {
        assert_eq!(fold::<SymptomCheckDetails>([started(1, alice(), NINE), started(2, bob(), NINE)]).len(), 2);
    }
}
