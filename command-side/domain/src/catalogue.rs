//! Every command, once.

use crate::{
    Command,
    appointments::{
        AmendAppointment, BookAppointment, CancelAppointment, HoldSlot, PublishSession, ReleaseHold,
        RescheduleAppointment, WithdrawSession,
    },
    organ_donation::{AmendDecision, DeclareFaith, RegisterDonor, WithdrawDecision},
    practices::{ChangePracticeSettings, OpenPractice},
    registration::RegisterPatient,
};

/// Does something with the type of each command.
pub trait Visitor {
    fn visit<C: Command>(&mut self);
}

/// A new command is one line here.
pub fn every_command(visitor: &mut impl Visitor) {
    visitor.visit::<OpenPractice>();
    visitor.visit::<ChangePracticeSettings>();
    visitor.visit::<RegisterPatient>();
    visitor.visit::<PublishSession>();
    visitor.visit::<WithdrawSession>();
    visitor.visit::<HoldSlot>();
    visitor.visit::<ReleaseHold>();
    visitor.visit::<BookAppointment>();
    visitor.visit::<RescheduleAppointment>();
    visitor.visit::<CancelAppointment>();
    visitor.visit::<AmendAppointment>();
    visitor.visit::<RegisterDonor>();
    visitor.visit::<AmendDecision>();
    visitor.visit::<WithdrawDecision>();
    visitor.visit::<DeclareFaith>();
}
