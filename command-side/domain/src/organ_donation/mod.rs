//! Organ donation: what somebody decides about their organs after death.

pub mod amend_decision;
pub mod declare_faith;
pub mod donor;
pub mod register_donor;
pub mod rejections;
pub mod withdraw_decision;

pub use amend_decision::AmendDecision;
pub use declare_faith::DeclareFaith;
pub use donor::Donor;
pub use register_donor::RegisterDonor;
pub use withdraw_decision::WithdrawDecision;
