use event_core::SubjectId;
use vocabulary::{
    symptom_checks::{
        ClaimCode, SymptomCheckClaimed, SymptomCheckConsent, SymptomCheckCounted, SymptomCheckId, SymptomCheckNumber,
        SymptomCheckStarted, SymptomQuestionAnswered,
    },
    time::LONDON,
};

use super::{
    checking_day::CheckingDay,
    journey::{pinned, step},
    rejections::{
        CHECK_EXISTS, CHECK_NOT_FOUND, PATHWAY_NOT_FOUND, RELEASE_WITHDRAWN, SESSION_CLOSED, TOO_MANY_CHECKS,
    },
    release_standing::ReleaseStanding,
    symptom_check::{CheckStage, SymptomCheck},
};
use crate::prelude::*;

/// Take over a symptom check that was made without an account. This needs its claim code.
///
/// A check of the person continues it, with the answers that stand and the times at which they were given. Both are stored in one
/// step, so it is claimed once. It counts towards the checks of the day.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimSymptomCheck {
    /// The signed-in person.
    pub subject: SubjectId,
    /// The check that was made without an account.
    pub from: SymptomCheckId,
    /// The code of which that check has the hash.
    pub code: ClaimCode,
    /// The number of the check that continues it: 12 new random characters of Crockford base32.
    pub number: SymptomCheckNumber,
    /// The person agrees that their practice sees the check.
    pub consents_to_sharing: bool,
}

impl ClaimSymptomCheck {
    /// The check that continues it.
    pub fn into_check(&self) -> SymptomCheckId {
        SymptomCheckId::new(self.from.release().clone(), self.number.clone())
    }
}

impl Command for ClaimSymptomCheck {
    const NAME: &'static str = "claim-symptom-check";
    const WHO: &'static dyn AccessRule = &patient(P0);
    const REJECTIONS: &'static [&'static Rejection] =
        &[&CHECK_NOT_FOUND, &CHECK_EXISTS, &SESSION_CLOSED, &RELEASE_WITHDRAWN, &PATHWAY_NOT_FOUND, &TOO_MANY_CHECKS];
    type Reads = (SymptomCheck, SymptomCheck, ReleaseStanding, CheckingDay);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, context: &Context) -> Streams<Self> {
        let today = CheckingDay::of(self.subject, LONDON.day(context.now));
        (Stream::of(&self.from), Stream::of(self.into_check()), Stream::of(self.from.release()), today)
    }

    fn decide(&self, (from, into, standing, day): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let from = from.claimable(&self.code)?;
        let (check, subject, now) = (self.into_check(), self.subject, context.now);
        if let SymptomCheck::Started(known) = into {
            let same = known.subject == subject && from.claimed_into.as_ref() == Some(&check);
            return if same { Ok(nothing_new()) } else { Err((&CHECK_EXISTS).into()) };
        }
        if from.stage == CheckStage::Claimed {
            return Err(from.closed());
        }
        let release = pinned(&self.from, from, standing)?;
        let (person, answers) = from.journey()?;
        let first = step(release, &person, &[])?;
        day.may_start()?;
        let started = SymptomCheckStarted {
            check: check.clone(),
            subject,
            release: check.release().clone(),
            content_hash: from.content_hash,
            person: person.into(),
            consent: SymptomCheckConsent { storage: true, sharing: self.consents_to_sharing },
            claim: None,
            started_at: from.started_at,
        };
        let mut decision = record(started).and(first.event(check.clone(), subject, from.started_at));
        for (place, (answer, standing)) in answers.iter().zip(&from.answers).enumerate() {
            let (answer, answered_at) = (answer.clone().into(), standing.answered_at);
            let next = step(release, &person, &answers[..=place])?;
            let answered = SymptomQuestionAnswered { check: check.clone(), subject, answer, answered_at };
            decision = decision.and(answered).and(next.event(check.clone(), subject, answered_at));
        }
        let counted = SymptomCheckCounted { subject, on: LONDON.day(now), check: check.clone() };
        let claimed = SymptomCheckClaimed {
            check: self.from.clone(),
            subject: from.subject,
            started_at: from.started_at,
            into: check,
            claimed_at: now,
        };
        Ok(decision.and(counted).and(claimed))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::symptom_checks::{CheckingEvent, SymptomCheckEvent, SymptomQuestionAsked};

    use super::*;
    use crate::{
        spec::*,
        symptom_checks::{
            AbandonSymptomCheck, AnswerQuestion, RecallRelease, StartSymptomCheck, checking_day::CHECKS_A_DAY_MAX,
            scenes::*,
        },
    };

    const LATER: &str = "2026-03-02T08:15:00Z";
    const COUNTED: [&str; 2] = ["symptom-checking.check-counted.v1", "symptom-check.claimed.v1"];

    fn claim() -> ClaimSymptomCheck {
        let number = check(2).number().clone();
        ClaimSymptomCheck { subject: alice(), from: check(1), code: code(), number, consents_to_sharing: true }
    }

    /// A person without an account answered the first question, and Alice signed in a quarter of an hour later.
    fn answered_once() -> World {
        let answer = AnswerQuestion { subject: nameless(), ..answer("sudden-onset", choice("no")) };
        started_anonymously().when(answer).records_kinds(&ANSWERED).by(as_patient(alice())).at(LATER)
    }

    #[test]
    fn a_check_goes_on_as_one_of_the_person_with_the_answers_and_their_times() {
        let started: SymptomCheckEvent = SymptomCheckStarted {
            check: check(2),
            subject: alice(),
            release: headache(),
            content_hash: release().content_hash(),
            person: demographics().into(),
            consent: SymptomCheckConsent { storage: true, sharing: true },
            claim: None,
            started_at: at(NOW),
        }
        .into();
        let asked = |question: &str| -> SymptomCheckEvent {
            let question = item(question).into();
            SymptomQuestionAsked { check: check(2), subject: alice(), question, asked_at: at(NOW) }.into()
        };
        let answer = answered("sudden-onset", "no").into();
        let answer: SymptomCheckEvent =
            SymptomQuestionAnswered { check: check(2), subject: alice(), answer, answered_at: at(NOW) }.into();
        let counted =
            SymptomCheckCounted { subject: alice(), on: "2026-03-02".parse().expect("a day"), check: check(2) };
        let counted: CheckingEvent = counted.into();
        let claimed: SymptomCheckEvent = SymptomCheckClaimed {
            check: check(1),
            subject: nameless(),
            started_at: at(NOW),
            into: check(2),
            claimed_at: at(LATER),
        }
        .into();
        let (first, second) = (asked("sudden-onset"), asked("stroke-signs"));
        let after = answered_once().when(claim()).records(&[&started, &first, &answer, &second, &counted, &claimed]);
        let on = AnswerQuestion { check: check(2), ..answer_of_alice() };
        after.when(on).records_kinds(&ANSWERED);
    }

    fn answer_of_alice() -> AnswerQuestion {
        answer("stroke-signs", choice("no"))
    }

    #[test]
    fn a_check_is_claimed_once_and_then_closed_for_the_person_without_an_account() {
        let claimed = answered_once().when(claim()).records_kinds(&[&STARTED[..2], &ANSWERED, &COUNTED].concat());
        claimed.clone().when(claim()).nothing_new();
        let again = ClaimSymptomCheck { number: check(3).number().clone(), ..claim() };
        assert_eq!(claimed.clone().when(again.clone()).rejected_with(&SESSION_CLOSED)["stage"], "claimed");
        let by_bob = ClaimSymptomCheck { subject: bob(), ..again };
        assert_eq!(
            claimed.clone().by(as_patient(bob())).when(by_bob).rejected_with(&SESSION_CLOSED)["stage"],
            "claimed"
        );
        let more = AnswerQuestion { subject: nameless(), ..answer("stroke-signs", choice("no")) };
        assert_eq!(claimed.by(as_anonymous()).when(more).rejected_with(&SESSION_CLOSED)["stage"], "claimed");
    }

    #[test]
    fn without_the_code_a_check_is_unknown() {
        answered_once().when(ClaimSymptomCheck { code: other_code(), ..claim() }).rejected(&CHECK_NOT_FOUND);
        world().when(claim()).rejected(&CHECK_NOT_FOUND);
        // The check of a patient has no code.
        started()
            .by(as_patient(bob()))
            .when(ClaimSymptomCheck { subject: bob(), ..claim() })
            .rejected(&CHECK_NOT_FOUND);
    }

    #[test]
    fn a_check_that_was_left_goes_on_and_one_that_has_ended_keeps_its_advice() {
        let leave = AbandonSymptomCheck { subject: nameless(), check: check(1) };
        let left = answered_once().by(as_anonymous()).when(leave).records_kinds(&["symptom-check.abandoned.v1"]);
        let claimed = left.by(as_patient(alice())).when(claim());
        let claimed = claimed.records_kinds(&[&STARTED[..2], &ANSWERED, &COUNTED].concat());
        claimed.when(AnswerQuestion { check: check(2), ..answer_of_alice() }).records_kinds(&ANSWERED);

        let flag = AnswerQuestion { subject: nameless(), ..answer("sudden-onset", choice("yes")) };
        let ended = started_anonymously().when(flag).records_kinds(&ENDED).by(as_patient(alice())).when(claim());
        let ended = ended.records_kinds(&[&STARTED[..2], &ENDED, &COUNTED].concat());
        let more = AnswerQuestion { check: check(2), ..answer_of_alice() };
        assert_eq!(ended.when(more).rejected_with(&SESSION_CLOSED)["stage"], "disposed");
    }

    #[test]
    fn a_check_of_withdrawn_questions_is_not_claimed() {
        let recall = RecallRelease { release: headache(), reason: line("A question was missing") };
        let recalled = answered_once().when(recall).records_kinds(&["pathway.release-recalled.v1"]);
        recalled.when(claim()).rejected(&RELEASE_WITHDRAWN);
    }

    #[test]
    fn a_claim_needs_a_number_of_its_own_and_counts_towards_the_checks_of_the_day() {
        answered_once()
            .when(ClaimSymptomCheck { number: check(1).number().clone(), ..claim() })
            .rejected(&CHECK_EXISTS);
        let other = StartSymptomCheck { subject: bob(), ..start(2) };
        let taken = answered_once().by(as_patient(bob())).when(other).records_kinds(&STARTED);
        taken.by(as_patient(alice())).when(claim()).rejected(&CHECK_EXISTS);
        let full = (101..=100 + CHECKS_A_DAY_MAX)
            .fold(answered_once(), |world, number| world.when(start(number)).records_kinds(&STARTED));
        full.when(claim()).rejected(&TOO_MANY_CHECKS);
    }
}
