//! Carers: the people that look after a patient.

pub mod carer_book;
pub mod register_carer;
pub mod rejections;
pub mod remove_carer;

pub use carer_book::CarerBook;

event_core::commands! {
    register_carer::RegisterCarer,
    remove_carer::RemoveCarer,
}
