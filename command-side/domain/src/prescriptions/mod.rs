//! Repeat prescriptions: repeat plans, requests for them, and the pharmacies that dispense them.

pub mod approve_request;
pub mod authorise_repeat;
pub mod cancel_request;
pub mod change_repeat;
pub mod clear_pharmacy;
pub mod complete_request;
pub mod nominate_pharmacy;
pub mod open_pharmacy;
pub mod pharmacy;
pub mod prescription;
pub mod reject_request;
pub mod rejections;
pub mod repeat_book;
pub mod report_dispense;
pub mod request_repeat;
pub mod send_to_pharmacy;
pub mod stop_repeat;
mod strict;

#[cfg(test)]
pub(crate) mod scenes;

pub use pharmacy::Pharmacy;
pub use prescription::Prescription;
pub use repeat_book::RepeatBook;

event_core::commands! {
    open_pharmacy::OpenPharmacy,
    nominate_pharmacy::NominatePharmacy,
    clear_pharmacy::ClearPharmacy,
    authorise_repeat::AuthoriseRepeat,
    change_repeat::ChangeRepeat,
    stop_repeat::StopRepeat,
    request_repeat::RequestRepeat,
    cancel_request::CancelRequest,
    approve_request::ApproveRequest,
    reject_request::RejectRequest,
    send_to_pharmacy::SendToPharmacy,
    report_dispense::ReportDispense,
    complete_request::CompleteRequest,
}
