//! Vaccinations: the doses of a person, and the recall of a lot.

pub mod book_vaccination;
pub mod correct_dose;
pub mod dose_book;
pub mod flag_dose;
pub mod issue_pass;
pub mod lot_standing;
pub mod pass_book;
pub mod recall_lot;
pub mod record_dose;
pub mod rejections;
mod review;
pub mod revoke_pass;
pub mod void_dose;

#[cfg(test)]
mod scenes;

pub use dose_book::DoseBook;
pub use lot_standing::LotStanding;
pub use pass_book::PassBook;

event_core::commands! {
    book_vaccination::BookVaccination,
    record_dose::RecordDose,
    correct_dose::CorrectDose,
    void_dose::VoidDose,
    recall_lot::RecallLot,
    flag_dose::FlagDose,
    issue_pass::IssuePass,
    revoke_pass::RevokePass,
}
