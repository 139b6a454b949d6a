//! A check of a headache, and the events that the tests beside the commands of this service use.

use event_core::{Caller, SubjectId};
use pathways::{CATALOGUE, Demographics, Party, Release, Sex};
use vocabulary::{
    access::CallerRole,
    symptom_checks::{
        ClaimCode, PathwayEvent, PathwayItemId, PathwayReleaseId, PathwayReleaseRecalled, SymptomAnswer,
        SymptomAnswerValue, SymptomCheckEvent, SymptomCheckId, SymptomCheckResumed,
    },
};

use super::{AnswerQuestion, ReviseAnswer, StartSymptomCheck, start_symptom_check::PersonWithSymptoms};
use crate::spec::*;

pub const STARTED: [&str; 3] =
    ["symptom-check.started.v1", "symptom-check.asked.v1", "symptom-checking.check-counted.v1"];
pub const ANSWERED: [&str; 2] = ["symptom-check.answered.v1", "symptom-check.asked.v1"];
pub const ENDED: [&str; 2] = ["symptom-check.answered.v1", "symptom-check.disposed.v1"];

/// The questions of a headache that come first, with "no" as an answer.
pub const FLAGS: [&str; 6] =
    ["sudden-onset", "stroke-signs", "alertness", "meningitis-signs", "head-injury", "red-eye"];

pub fn check(number: u32) -> SymptomCheckId {
    format!("headache.1.{number:012}").parse().expect("a check")
}

pub fn headache() -> PathwayReleaseId {
    "headache.1".parse().expect("a release")
}

pub fn release() -> &'static Release {
    CATALOGUE.newest("headache").expect("a release")
}

/// Alice, aged 30, starts a check of her own headache.
pub fn start(number: u32) -> StartSymptomCheck {
    StartSymptomCheck {
        subject: alice(),
        check: check(number),
        person: PersonWithSymptoms { age_years: 30, sex: Sex::Female, party: Party::First },
        consents_to_storage: true,
        consents_to_sharing: false,
        claim: None,
    }
}

/// A person without an account.
pub fn nameless() -> SubjectId {
    "0a0a0a0a-0000-4000-8000-000000000001".parse().expect("a subject")
}

pub fn as_anonymous() -> Caller {
    Caller { id: nameless().to_string().into(), role: CallerRole::Anonymous.into(), level: None, ..as_patient(alice()) }
}

pub fn code() -> ClaimCode {
    "0123456789ABCDEFGHJKMNPQRS".parse().expect("a code")
}

pub fn other_code() -> ClaimCode {
    "ZZZZZZZZZZABCDEFGHJKMNPQRS".parse().expect("a code")
}

/// A person without an account starts the check of `start`.
pub fn start_anonymously(number: u32) -> StartSymptomCheck {
    StartSymptomCheck { subject: nameless(), claim: Some(code().hash()), ..start(number) }
}

/// A person without an account has started a check, and acts.
pub fn started_anonymously() -> World {
    world().by(as_anonymous()).when(start_anonymously(1)).records_kinds(&STARTED)
}

pub fn item(id: &str) -> PathwayItemId {
    id.parse().expect("an id")
}

pub fn choice(option: &str) -> SymptomAnswerValue {
    SymptomAnswerValue::Choice { choice: item(option) }
}

pub fn answered(question: &str, option: &str) -> SymptomAnswer {
    SymptomAnswer { question: item(question), value: choice(option) }
}

pub fn answer(question: &str, answer: SymptomAnswerValue) -> AnswerQuestion {
    AnswerQuestion { subject: alice(), check: check(1), question: item(question), answer }
}

pub fn revise(question: &str, answer: SymptomAnswerValue) -> ReviseAnswer {
    ReviseAnswer { subject: alice(), check: check(1), question: item(question), answer }
}

/// Alice has started a check.
pub fn started() -> World {
    world().when(start(1)).records_kinds(&STARTED)
}

/// Alice has answered these questions with "no".
pub fn said_no(questions: &[&str]) -> World {
    questions
        .iter()
        .fold(started(), |world, question| world.when(answer(question, choice("no"))).records_kinds(&ANSWERED))
}

pub fn recalled() -> PathwayEvent {
    let (content_hash, reason) = (release().content_hash(), line("A question was missing"));
    PathwayReleaseRecalled { release: headache(), content_hash, reason, recalled_at: at(NOW) }.into()
}

pub fn resumed() -> SymptomCheckEvent {
    SymptomCheckResumed { check: check(1), subject: alice(), resumed_at: at(NOW) }.into()
}

/// The person of `start`, on the day of `NOW`.
pub fn demographics() -> Demographics {
    let today = "2026-03-02".parse().expect("a day");
    Demographics { age_years: 30, sex: Sex::Female, party: Party::First, today }
}
