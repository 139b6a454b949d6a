use event_core::SubjectId;
use vocabulary::symptom_checks::{
    PathwayItemId, SymptomAnswer, SymptomAnswerValue, SymptomCheckId, SymptomQuestionAnswered,
};

use super::{
    journey::{pinned, step},
    rejections::{
        ANSWER_NOT_OFFERED, CHECK_NOT_FOUND, PATHWAY_NOT_FOUND, RELEASE_WITHDRAWN, SESSION_CLOSED, STALE_QUESTION,
        TOO_MANY_ANSWERS,
    },
    release_standing::ReleaseStanding,
    symptom_check::SymptomCheck,
};
use crate::prelude::*;

/// Answer the question that a symptom check asked last. The next question follows, or the advice.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnswerQuestion {
    /// The person that started the check.
    pub subject: SubjectId,
    pub check: SymptomCheckId,
    /// The question that was asked last.
    pub question: PathwayItemId,
    pub answer: SymptomAnswerValue,
}

impl Command for AnswerQuestion {
    const NAME: &'static str = "answer-question";
    const WHO: &'static dyn AccessRule = &patient(P0).or(anonymous());
    const REJECTIONS: &'static [&'static Rejection] = &[
        &CHECK_NOT_FOUND,
        &SESSION_CLOSED,
        &RELEASE_WITHDRAWN,
        &PATHWAY_NOT_FOUND,
        &STALE_QUESTION,
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
        let (person, mut answers) = started.journey()?;
        let answer = SymptomAnswer { question: self.question.clone(), value: self.answer.clone() };
        answers.push(answer.clone());
        let next = step(release, &person, &answers)?;
        started.may_change()?;
        let (check, subject, now) = (self.check.clone(), self.subject, context.now);
        let answered =
            SymptomQuestionAnswered { check: check.clone(), subject, answer: answer.into(), answered_at: now };
        Ok(record(answered).and(next.event(check, subject, now)))
    }
}

#[cfg(test)]
mod specs {
    use pathways::{Disposition, TimeFrame};
    use vocabulary::symptom_checks::{
        CheckOutcome, SymptomCheckConsent, SymptomCheckDisposed, SymptomCheckEvent, SymptomCheckStarted,
        SymptomQuestionAsked,
    };

    use super::*;
    use crate::{
        spec::*,
        symptom_checks::{AbandonSymptomCheck, RecallRelease, scenes::*, symptom_check::CHANGES_MAX},
    };

    fn value(json: &str) -> SymptomAnswerValue {
        serde_json::from_str(json).expect("a value")
    }

    fn answered_event(question: &str, option: &str) -> SymptomCheckEvent {
        let answer = answered(question, option).into();
        SymptomQuestionAnswered { check: check(1), subject: alice(), answer, answered_at: at(NOW) }.into()
    }

    #[test]
    fn an_answer_leads_to_the_next_question() {
        let question = item("stroke-signs").into();
        let asked: SymptomCheckEvent =
            SymptomQuestionAsked { check: check(1), subject: alice(), question, asked_at: at(NOW) }.into();
        started().when(answer("sudden-onset", choice("no"))).records(&[&answered_event("sudden-onset", "no"), &asked]);
    }

    #[test]
    fn a_red_flag_ends_the_check_at_once_with_999_and_the_reason() {
        let outcome = CheckOutcome {
            outcome: item("call-999-stroke"),
            disposition: Disposition::Call999,
            time_frame: TimeFrame::Immediately,
            question: item("stroke-signs"),
            rule: 1,
            answers: vec![answered("stroke-signs", "yes")],
            demographics: vec![],
        };
        let disposed: SymptomCheckEvent =
            SymptomCheckDisposed { check: check(1), subject: alice(), outcome: outcome.into(), disposed_at: at(NOW) }
                .into();
        let ended = said_no(&["sudden-onset"])
            .when(answer("stroke-signs", choice("yes")))
            .records(&[&answered_event("stroke-signs", "yes"), &disposed]);
        let details = ended.clone().when(answer("alertness", choice("no"))).rejected_with(&SESSION_CLOSED);
        assert_eq!(details["stage"], "disposed");
        ended.when(answer("stroke-signs", choice("yes"))).rejected(&SESSION_CLOSED);
    }

    #[test]
    fn a_reason_names_earlier_answers() {
        let questions = [&FLAGS[..], &["pregnancy", "immune-system", "pressure"]].concat();
        let outcome = CheckOutcome {
            outcome: item("call-back-severe"),
            disposition: Disposition::CallBack,
            time_frame: release().outcome("call-back-severe").expect("an outcome").time_frame,
            question: item("began"),
            rule: 1,
            answers: vec![
                SymptomAnswer { question: item("severity"), value: value(r#"{"kind":"number","number":9}"#) },
                SymptomAnswer { question: item("began"), value: value(r#"{"kind":"date","date":"2026-03-01"}"#) },
            ],
            demographics: vec![],
        };
        let began = outcome.answers[1].clone();
        let disposed: SymptomCheckEvent =
            SymptomCheckDisposed { check: check(1), subject: alice(), outcome: outcome.into(), disposed_at: at(NOW) }
                .into();
        let last: SymptomCheckEvent = SymptomQuestionAnswered {
            check: check(1),
            subject: alice(),
            answer: began.clone().into(),
            answered_at: at(NOW),
        }
        .into();
        let severe = said_no(&questions)
            .when(answer("severity", value(r#"{"kind":"number","number":9}"#)))
            .records_kinds(&ANSWERED);
        severe.when(answer("began", began.value)).records(&[&last, &disposed]);
    }

    #[test]
    fn only_the_question_that_was_asked_last_is_answered() {
        let second = said_no(&["sudden-onset"]);
        for stale in ["sudden-onset", "alertness", "no-question"] {
            second.clone().when(answer(stale, choice("no"))).rejected(&STALE_QUESTION);
        }
    }

    #[test]
    fn an_answer_that_the_question_does_not_offer_is_refused_with_the_fault() {
        let details = started().when(answer("sudden-onset", choice("perhaps"))).rejected_with(&ANSWER_NOT_OFFERED);
        assert_eq!(details["fault"], "is none of the options");
        let severity = said_no(&[&FLAGS[..], &["pregnancy", "immune-system", "pressure"]].concat());
        for (wrong, fault) in [
            (r#"{"kind":"number","number":11}"#, "is out of bounds"),
            (r#"{"kind":"number","number":1.5}"#, "has too many decimals"),
            (r#"{"kind":"text","text":"very"}"#, "has another type"),
        ] {
            let details = severity.clone().when(answer("severity", value(wrong))).rejected_with(&ANSWER_NOT_OFFERED);
            assert_eq!(details["fault"], fault);
        }
        severity.when(answer("severity", value(r#"{"kind":"number","number":10}"#))).records_kinds(&ANSWERED);
    }

    #[test]
    fn a_check_of_another_person_is_unknown() {
        let of_bob = AnswerQuestion { subject: bob(), ..answer("sudden-onset", choice("no")) };
        started().by(as_patient(bob())).when(of_bob).rejected(&CHECK_NOT_FOUND);
        world().when(answer("sudden-onset", choice("no"))).rejected(&CHECK_NOT_FOUND);
    }

    #[test]
    fn an_abandoned_check_is_closed_until_it_is_resumed() {
        let abandon = AbandonSymptomCheck { subject: alice(), check: check(1) };
        let abandoned = started().when(abandon).records_kinds(&["symptom-check.abandoned.v1"]);
        let details = abandoned.when(answer("sudden-onset", choice("no"))).rejected_with(&SESSION_CLOSED);
        assert_eq!(details["stage"], "abandoned");
    }

    #[test]
    fn a_check_does_not_go_on_with_a_release_that_was_recalled() {
        let recall = RecallRelease { release: headache(), reason: line("A question was missing") };
        let recalled = started().when(recall).records_kinds(&["pathway.release-recalled.v1"]);
        recalled.when(answer("sudden-onset", choice("no"))).rejected(&RELEASE_WITHDRAWN);
    }

    #[test]
    fn a_check_does_not_go_on_with_a_release_that_is_not_what_it_was_or_is_unknown() {
        let other = SymptomCheckStarted {
            check: check(1),
            subject: alice(),
            release: headache(),
            content_hash: "0".repeat(64).parse().expect("a hash"),
            person: demographics().into(),
            consent: SymptomCheckConsent { storage: true, sharing: true },
            claim: None,
            started_at: at(NOW),
        };
        world().given(other.clone()).when(answer("sudden-onset", choice("no"))).rejected(&RELEASE_WITHDRAWN);
        let check: SymptomCheckId = "headache.7.000000000001".parse().expect("a check");
        let later = SymptomCheckStarted { check: check.clone(), release: check.release().clone(), ..other };
        let answer = AnswerQuestion { check, ..answer("sudden-onset", choice("no")) };
        world().given(later).when(answer).rejected(&PATHWAY_NOT_FOUND);
    }

    #[test]
    fn a_check_has_500_answers_and_changes() {
        let full = (0..CHANGES_MAX).fold(started(), |world, _| world.given(resumed()));
        let details = full.clone().when(answer("sudden-onset", choice("no"))).rejected_with(&TOO_MANY_ANSWERS);
        assert_eq!(details["limit"], CHANGES_MAX);
        full.when(answer("sudden-onset", choice("perhaps"))).rejected(&ANSWER_NOT_OFFERED);
    }
}
