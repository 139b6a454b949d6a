use std::slice;

use event_core::SubjectId;
use pathways::{Demographics, Release};
use vocabulary::symptom_checks::{
    PathwayItemId, SymptomAnswer, SymptomAnswerRevised, SymptomAnswerValue, SymptomCheckId,
};

use super::{
    journey::{CheckStep, pinned, step},
    rejections::{
        ANSWER_NOT_FOUND, ANSWER_NOT_OFFERED, CHECK_NOT_FOUND, PATHWAY_NOT_FOUND, RELEASE_WITHDRAWN, SESSION_CLOSED,
        TOO_MANY_ANSWERS,
    },
    release_standing::ReleaseStanding,
    symptom_check::SymptomCheck,
};
use crate::prelude::*;

/// Change an earlier answer of a symptom check. The old answer is kept in the check's history.
///
/// Later answers stay while the same questions follow; from the first other question on they fall away, and the check goes on
/// there. A check that has given its advice is closed: a new one is started instead.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReviseAnswer {
    /// The person that started the check.
    pub subject: SubjectId,
    pub check: SymptomCheckId,
    /// A question that was answered.
    pub question: PathwayItemId,
    /// The answer from now on.
    pub answer: SymptomAnswerValue,
}

impl Command for ReviseAnswer {
    const NAME: &'static str = "revise-answer";
    const WHO: &'static dyn AccessRule = &patient(P0).or(anonymous());
    const REJECTIONS: &'static [&'static Rejection] = &[
        &CHECK_NOT_FOUND,
        &SESSION_CLOSED,
        &RELEASE_WITHDRAWN,
        &PATHWAY_NOT_FOUND,
        &ANSWER_NOT_FOUND,
        &ANSWER_NOT_OFFERED,
        &TOO_MANY_ANSWERS,
    ];
    type Reads = (SymptomCheck, ReleaseStanding);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(&self.check), Stream::of(self.check.release()))
    }

    fn decide(&self, (check, standing): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let started = check.of(self.subject)?;
        started.is_open()?;
        let release = pinned(&self.check, started, standing)?;
        let (person, answers) = started.journey()?;
        let at = answers.iter().position(|answer| answer.question == self.question).ok_or(&ANSWER_NOT_FOUND)?;
        let was = answers[at].clone();
        if was.value == self.answer {
            return Ok(nothing_new());
        }
        let answer = SymptomAnswer { question: self.question.clone(), value: self.answer.clone() };
        let (before, later) = (&answers[..at], &answers[at + 1..]);
        let (stay, next) = followed(release, &person, [before, slice::from_ref(&answer)].concat(), later)?;
        started.may_change()?;
        let (check, subject, now) = (self.check.clone(), self.subject, context.now);
        let revised = SymptomAnswerRevised {
            check: check.clone(),
            subject,
            place: count(at + 1),
            was: was.into(),
            answer: answer.into(),
            stay: count(stay),
            fallen: later[stay..].iter().cloned().map(Into::into).collect(),
            revised_at: now,
        };
        Ok(record(revised).and(next.event(check, subject, now)))
    }
}

/// The number of `later` answers that still are to the question that is asked, and the step after them.
///
/// # Errors
/// `answer-not-offered`.
fn followed(
    release: &Release,
    person: &Demographics,
    mut answers: Vec<SymptomAnswer>,
    later: &[SymptomAnswer],
) -> Result<(usize, CheckStep), Rejected> {
    let mut next = step(release, person, &answers)?;
    for (stay, answer) in later.iter().enumerate() {
        match &next {
            CheckStep::Ask(question) if *question == answer.question => answers.push(answer.clone()),
            CheckStep::Ask(_) | CheckStep::Dispose(_) => return Ok((stay, next)),
        }
        next = step(release, person, &answers)?;
    }
    Ok((later.len(), next))
}

/// A number of answers. A release has 100 questions at most.
fn count(answers: usize) -> u16 {
    u16::try_from(answers).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod specs {
    use pathways::{Disposition, TimeFrame};
    use vocabulary::symptom_checks::{CheckOutcome, SymptomCheckDisposed, SymptomCheckEvent, SymptomQuestionAsked};

    use super::*;
    use crate::{
        spec::*,
        symptom_checks::{AbandonSymptomCheck, rejections::STALE_QUESTION, scenes::*, symptom_check::CHANGES_MAX},
    };

    fn revised(
        place: u16,
        stay: u16,
        was: SymptomAnswer,
        answer: SymptomAnswer,
        fallen: Vec<SymptomAnswer>,
    ) -> SymptomCheckEvent {
        SymptomAnswerRevised {
            check: check(1),
            subject: alice(),
            place,
            was: was.into(),
            answer: answer.into(),
            stay,
            fallen: fallen.into_iter().map(Into::into).collect(),
            revised_at: at(NOW),
        }
        .into()
    }

    fn asked(question: &str) -> SymptomCheckEvent {
        let question = item(question).into();
        SymptomQuestionAsked { check: check(1), subject: alice(), question, asked_at: at(NOW) }.into()
    }

    #[test]
    fn both_answers_are_kept_and_later_ones_stay_while_the_same_questions_follow() {
        let (was, is) = (answered("head-injury", "no"), answered("head-injury", "yes-without-signs"));
        let changed = said_no(&FLAGS)
            .when(revise("head-injury", choice("yes-without-signs")))
            .records(&[&revised(5, 1, was, is, vec![]), &asked("pregnancy")]);
        changed.when(answer("pregnancy", choice("no"))).records_kinds(&ANSWERED);
    }

    #[test]
    fn a_changed_answer_that_leads_to_an_outcome_ends_the_check() {
        let (was, is) = (answered("alertness", "no"), answered("alertness", "yes"));
        let fallen = FLAGS[3..].iter().map(|question| answered(question, "no")).collect();
        let outcome = CheckOutcome {
            outcome: item("call-999-brain"),
            disposition: Disposition::Call999,
            time_frame: TimeFrame::Immediately,
            question: item("alertness"),
            rule: 1,
            answers: vec![is.clone()],
            demographics: vec![],
        };
        let (check, subject, disposed_at) = (check(1), alice(), at(NOW));
        let disposed: SymptomCheckEvent =
            SymptomCheckDisposed { check, subject, outcome: outcome.into(), disposed_at }.into();
        let ended = said_no(&FLAGS)
            .when(revise("alertness", choice("yes")))
            .records(&[&revised(3, 0, was, is, fallen), &disposed]);
        ended.when(revise("alertness", choice("no"))).rejected(&SESSION_CLOSED);
    }

    #[test]
    fn later_answers_fall_away_from_the_first_other_question_on() {
        let questions = [&FLAGS[..], &["pregnancy", "immune-system", "pressure"]].concat();
        let number = |json: &str| serde_json::from_str(json).expect("a value");
        let world = said_no(&questions);
        let world = world.when(answer("severity", number(r#"{"kind":"number","number":3}"#))).records_kinds(&ANSWERED);
        let world =
            world.when(answer("began", number(r#"{"kind":"date","date":"2026-03-01"}"#))).records_kinds(&ANSWERED);
        let world =
            world.when(answer("headache-days", number(r#"{"kind":"number","number":2}"#))).records_kinds(&ANSWERED);
        let world =
            world.when(answer("painkiller-days", number(r#"{"kind":"number","number":2}"#))).records_kinds(&ANSWERED);
        let world = world.when(answer("migraine-signs", choice("yes"))).records_kinds(&ANSWERED);
        let (was, is) = (answered("migraine-signs", "yes"), answered("migraine-signs", "no"));
        let place = world
            .clone()
            .when(revise("migraine-signs", choice("no")))
            .records(&[&revised(14, 0, was, is, vec![]), &asked("place")]);
        place.when(answer("known-migraine", choice("yes"))).rejected(&STALE_QUESTION);
        // A severe headache that began yesterday is called back: `headache-days` and all that follows fall away.
        let ends = ["symptom-check.answer-revised.v1", "symptom-check.disposed.v1"];
        world.when(revise("severity", number(r#"{"kind":"number","number":8}"#))).records_kinds(&ends);
    }

    #[test]
    fn the_same_answer_changes_nothing() {
        said_no(&FLAGS).when(revise("alertness", choice("no"))).nothing_new();
    }

    #[test]
    fn only_an_answer_that_stands_is_changed() {
        let world = said_no(&["sudden-onset"]);
        for unanswered in ["stroke-signs", "no-question"] {
            world.clone().when(revise(unanswered, choice("no"))).rejected(&ANSWER_NOT_FOUND);
        }
        world.clone().when(revise("sudden-onset", choice("perhaps"))).rejected(&ANSWER_NOT_OFFERED);
        let of_bob = ReviseAnswer { subject: bob(), ..revise("sudden-onset", choice("yes")) };
        world.by(as_patient(bob())).when(of_bob).rejected(&CHECK_NOT_FOUND);
    }

    #[test]
    fn a_closed_check_and_one_of_a_recalled_release_are_not_changed() {
        let abandon = AbandonSymptomCheck { subject: alice(), check: check(1) };
        let world = said_no(&["sudden-onset"]);
        let abandoned = world.clone().when(abandon).records_kinds(&["symptom-check.abandoned.v1"]);
        abandoned.when(revise("sudden-onset", choice("yes"))).rejected(&SESSION_CLOSED);
        world.given(recalled()).when(revise("sudden-onset", choice("yes"))).rejected(&RELEASE_WITHDRAWN);
    }

    #[test]
    fn changes_count_towards_the_limit_of_a_check() {
        let full = (0..CHANGES_MAX - 1).fold(said_no(&["sudden-onset"]), |world, _| world.given(resumed()));
        full.when(revise("sudden-onset", choice("yes"))).rejected(&TOO_MANY_ANSWERS);
    }
}
