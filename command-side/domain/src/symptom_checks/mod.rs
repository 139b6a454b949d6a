//! Symptom checks: a person, with or without an account, answers the questions of a pathway's release, which lead to advice where
//! to go.

pub mod abandon_symptom_check;
pub mod answer_question;
pub mod checking_day;
pub mod claim_symptom_check;
pub mod flag_symptom_check;
mod journey;
pub mod recall_release;
pub mod rejections;
pub mod release_standing;
pub mod resume_symptom_check;
pub mod revise_answer;
pub mod start_symptom_check;
pub mod symptom_check;

#[cfg(test)]
mod replays;
#[cfg(test)]
mod scenes;

pub use checking_day::CheckingDay;
pub use release_standing::ReleaseStanding;
pub use symptom_check::SymptomCheck;

event_core::commands! {
    start_symptom_check::StartSymptomCheck,
    answer_question::AnswerQuestion,
    revise_answer::ReviseAnswer,
    abandon_symptom_check::AbandonSymptomCheck,
    resume_symptom_check::ResumeSymptomCheck,
    claim_symptom_check::ClaimSymptomCheck,
    recall_release::RecallRelease,
    flag_symptom_check::FlagSymptomCheck,
}
