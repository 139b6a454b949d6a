use event_core::{OrganisationCode, SubjectId, Timestamp};
use vocabulary::{
    messages::{MessageId, MessageKind, SystemFacts, SystemMessageSent},
    prescriptions::RepeatRequestId,
};

use super::message::{Message, notifications};
use crate::{contacts::Contact, prelude::*, prescriptions::Prescription};

/// Tell a patient that medicines of a prescription are ready to be collected, once for all that are ready at the same
/// instant. Medicines that are collected by now, or of which the pharmacy reported something else since, are not told of.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TellPrescriptionReady {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    pub pharmacy: OrganisationCode,
    /// The time from which the medicines are ready, as the pharmacy reported it.
    pub at: Timestamp,
}

impl TellPrescriptionReady {
    fn message(&self) -> MessageId {
        MessageId::ready(&self.pharmacy, self.patient, &self.request, self.at)
    }
}

impl Command for TellPrescriptionReady {
    const NAME: &'static str = "tell-prescription-ready";
    const WHO: &'static dyn AccessRule = &system();
    const REJECTIONS: &'static [&'static Rejection] = &[];
    type Reads = (Message, Prescription, Contact);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        let prescription = Prescription::of(self.patient, &self.request);
        (Stream::of(self.message()), prescription, Stream::of(self.patient))
    }

    fn decide(
        &self,
        (message, prescription, contact): States<'_, Self>,
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let now = context.now;
        let sent_there = prescription.sent_to(&self.pharmacy);
        let is_ready = sent_there.is_ok_and(|(file, _)| file.is_ready_since(self.at, now));
        if *message != Message::Unsent || !is_ready {
            return Ok(nothing_new());
        }
        let (message, subject) = (self.message(), self.patient);
        let notified = notifications(&message, subject, MessageKind::PrescriptionReady, contact, now);
        let (pharmacy, request) = (self.pharmacy.clone(), self.request.clone());
        let facts = SystemFacts::PrescriptionReady { pharmacy, request, at: self.at };
        let sent = SystemMessageSent { message: message.clone(), subject, facts, sent_at: now };
        Ok(record(sent).and_all(notified))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::prescriptions::DispenseStatus::{Collected, NotDispensed, Preparing, ReadyToCollect};

    use super::*;
    use crate::{prescriptions::scenes::*, spec::*};

    const LATER: &str = "2026-03-03T08:00:00Z";

    fn tell(instant: &str) -> TellPrescriptionReady {
        TellPrescriptionReady { patient: alice(), request: request_id(1), pharmacy: pharmacy(), at: at(instant) }
    }

    /// The world of policies after the two medicines of Alice were sent to the pharmacy.
    fn at_the_pharmacy() -> World {
        policy().given(requested(1, &[1, 2])).given(approved(1, pharmacy())).given(sent(1, &[1, 2]))
    }

    #[test]
    fn all_medicines_that_are_ready_at_the_same_instant_are_one_message() {
        let ready = at_the_pharmacy()
            .given(reported(1, 1, ReadyToCollect, NOW))
            .given(reported(1, 2, ReadyToCollect, NOW))
            .given(consent(&["push"]));
        let told = ready
            .when(tell(NOW))
            .records_kinds(&["message.system-sent.v1", "message.notification-requested.v1"])
            .when(tell(NOW))
            .nothing_new();
        let second = told.given(reported(1, 2, ReadyToCollect, LATER)).at(LATER);
        second.when(tell(LATER)).records_kinds(&["message.system-sent.v1", "message.notification-requested.v1"]);
    }

    #[test]
    fn a_post_dated_report_is_told_of_when_it_is_true() {
        let ahead = at_the_pharmacy().given(reported(1, 1, ReadyToCollect, LATER));
        let ahead = ahead.when(tell(LATER)).nothing_new();
        ahead.at(LATER).when(tell(LATER)).records_kinds(&["message.system-sent.v1"]);
    }

    #[test]
    fn what_is_collected_or_changed_by_now_is_not_told_of() {
        for since in [Collected, NotDispensed, Preparing] {
            let changed =
                at_the_pharmacy().given(reported(1, 1, ReadyToCollect, NOW)).given(reported(1, 1, since, LATER));
            changed.at(LATER).when(tell(NOW)).nothing_new();
        }
        at_the_pharmacy().when(tell(NOW)).nothing_new();
    }

    #[test]
    fn a_pharmacy_to_which_it_was_not_sent_tells_nobody() {
        let ready = at_the_pharmacy().given(reported(1, 1, ReadyToCollect, NOW));
        ready.when(TellPrescriptionReady { pharmacy: other_pharmacy(), ..tell(NOW) }).nothing_new();
    }
}
