//! Messages that follow from events.

mod appointment_news;
mod appointment_reminder;
mod notifications;
mod prescription_news;
mod sms_fallback;
mod waiting_list_news;

pub use appointment_news::AppointmentNews;
pub use appointment_reminder::AppointmentReminders;
pub use notifications::{ByEmail, ByPush, BySms, Notifications, OfChannel};
pub use prescription_news::PrescriptionNews;
pub use sms_fallback::SmsFallback;
pub use waiting_list_news::WaitingListNews;

use event_core::{GatewayVisitor, PolicyVisitor};

/// A new policy of this service is one line here.
pub(crate) fn visit(visitor: &mut impl PolicyVisitor) {
    visitor.visit::<AppointmentNews>();
    visitor.visit::<AppointmentReminders>();
    visitor.visit::<PrescriptionNews>();
    visitor.visit::<SmsFallback>();
    visitor.visit::<WaitingListNews>();
}

pub(crate) fn visit_gateways(visitor: &mut impl GatewayVisitor) {
    visitor.visit_gateway::<Notifications<ByPush>>();
    visitor.visit_gateway::<Notifications<BySms>>();
    visitor.visit_gateway::<Notifications<ByEmail>>();
}
