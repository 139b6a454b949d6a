//! Messages to patients, their receipts and replies, and the notifications about them.

pub mod mark_read;
pub mod message;
pub mod messaging_day;
pub mod notification;
pub mod notify_by_sms;
pub mod record_delivered;
pub mod record_notified;
pub mod rejections;
pub mod remind_of_appointment;
pub mod reply_to_message;
pub mod send_message;
pub mod send_system_message;
mod strict;
pub mod tell_prescription_ready;

pub use message::Message;
pub use messaging_day::MessagingDay;
pub use notification::Notification;

event_core::commands! {
    send_message::SendMessage,
    send_system_message::SendSystemMessage,
    remind_of_appointment::RemindOfAppointment,
    tell_prescription_ready::TellPrescriptionReady,
    notify_by_sms::NotifyBySms,
    record_notified::RecordNotified,
    record_delivered::RecordDelivered,
    mark_read::MarkRead,
    reply_to_message::ReplyToMessage,
}
