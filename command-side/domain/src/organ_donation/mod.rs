//! Organ donation: a person's decision about their organs after death.

pub mod amend_decision;
pub mod declare_faith;
pub mod donor;
pub mod register_donor;
pub mod rejections;
mod strict;
pub mod withdraw_decision;

pub use donor::Donor;

event_core::commands! {
    register_donor::RegisterDonor,
    amend_decision::AmendDecision,
    withdraw_decision::WithdrawDecision,
    declare_faith::DeclareFaith,
}
