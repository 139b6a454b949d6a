//! The words of a message that follows from an event. They are made from its facts when it is read, so that a wording
//! that changes, and a practice's new name, show at once.

use event_core::{OrganisationCode, Timestamp};
use vocabulary::{
    messages::{MessageId, MessageKind, NATIONAL_SERVICE, SystemFacts},
    time::LONDON,
};

use crate::{
    practices::{Site, Sites},
    prescriptions::{PharmacyPlace, PharmacyPlaces},
};
use query_engine::{QueryContext, QueryError};

/// The title of a message of this kind.
pub(super) const fn title(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::FromPractice => "A message from your practice",
        MessageKind::AppointmentBooked => "Appointment booked",
        MessageKind::AppointmentMoved => "Appointment moved",
        MessageKind::AppointmentCancelled => "Appointment cancelled",
        MessageKind::AppointmentOrphaned => "Your appointment needs a new time",
        MessageKind::AppointmentReminder => "Appointment reminder",
        MessageKind::WaitingListOffer => "An appointment is free",
        MessageKind::PrescriptionApproved => "Prescription approved",
        MessageKind::PrescriptionRejected => "Prescription not approved",
        MessageKind::PrescriptionReady => "Prescription ready",
        MessageKind::SymptomCheckFlagged => "Do not rely on your symptom check",
        MessageKind::VaccineRecalled => "About a vaccine that you had",
    }
}

/// The practices and pharmacies of one answer, each read once.
#[derive(Default)]
pub(super) struct MessagePlaces {
    practices: Sites,
    pharmacies: PharmacyPlaces,
}

impl MessagePlaces {
    /// The sender of a message; `facts` are those of a message that follows from an event.
    pub async fn sender(
        &mut self,
        message: &MessageId,
        facts: Option<&SystemFacts>,
        context: &mut QueryContext<'_>,
    ) -> Result<Site, QueryError> {
        let code = message.sender().clone();
        match facts {
            Some(SystemFacts::PrescriptionReady { .. }) => self.pharmacy(code, context).await,
            Some(SystemFacts::SymptomCheckFlagged { .. } | SystemFacts::VaccineRecalled { .. }) => {
                Ok(national_service())
            }
            Some(
                SystemFacts::AppointmentBooked { .. }
                | SystemFacts::AppointmentMoved { .. }
                | SystemFacts::AppointmentCancelled { .. }
                | SystemFacts::AppointmentOrphaned { .. }
                | SystemFacts::AppointmentReminder { .. }
                | SystemFacts::WaitingListOffer { .. }
                | SystemFacts::PrescriptionApproved { .. }
                | SystemFacts::PrescriptionRejected { .. },
            )
            | None => self.practices.get(code, context).await,
        }
    }

    /// The text of a message with these facts.
    pub async fn text(&mut self, facts: &SystemFacts, context: &mut QueryContext<'_>) -> Result<String, QueryError> {
        let site = match facts {
            SystemFacts::AppointmentMoved { to_session: session, .. }
            | SystemFacts::AppointmentBooked { session, .. }
            | SystemFacts::AppointmentCancelled { session, .. }
            | SystemFacts::AppointmentOrphaned { session, .. }
            | SystemFacts::AppointmentReminder { session, .. }
            | SystemFacts::WaitingListOffer { session, .. } => self.practices.get(session.site(), context).await?,
            SystemFacts::PrescriptionRejected { practice, .. } => self.practices.get(practice.clone(), context).await?,
            SystemFacts::PrescriptionApproved { pharmacy, .. } | SystemFacts::PrescriptionReady { pharmacy, .. } => {
                self.pharmacy(pharmacy.clone(), context).await?
            }
            SystemFacts::SymptomCheckFlagged { .. } | SystemFacts::VaccineRecalled { .. } => national_service(),
        };
        let place = site.name.map_or_else(|| site.code.to_string(), |name| name.to_string());
        Ok(written(facts, &place))
    }

    async fn pharmacy(&mut self, code: OrganisationCode, context: &mut QueryContext<'_>) -> Result<Site, QueryError> {
        let PharmacyPlace { code, name, address } = self.pharmacies.get(code, context).await?;
        Ok(Site { code, name, address })
    }
}

fn written(facts: &SystemFacts, place: &str) -> String {
    match facts {
        SystemFacts::AppointmentBooked { starts_at, .. } => {
            format!("Your appointment at {place} is booked for {}.", when(*starts_at))
        }
        SystemFacts::AppointmentMoved { starts_at, to_starts_at, .. } => {
            let (from, to) = (when(*starts_at), when(*to_starts_at));
            format!("Your appointment of {from} was moved. It is now at {place} on {to}.")
        }
        SystemFacts::AppointmentCancelled { starts_at, .. } => {
            format!("Your appointment at {place} on {} was cancelled.", when(*starts_at))
        }
        SystemFacts::AppointmentOrphaned { starts_at, .. } => format!(
            "{place} changed its clinic, and your appointment on {} cannot take place at that time. Choose another time.",
            when(*starts_at)
        ),
        SystemFacts::AppointmentReminder { starts_at, .. } => format!(
            "You have an appointment at {place} on {}. Cancel it if you do not need it, so that another patient can have it.",
            when(*starts_at)
        ),
        SystemFacts::WaitingListOffer { starts_at, until, .. } => format!(
            "An appointment at {place} on {} is free for you. It is held for you until {}.",
            when(*starts_at),
            when(*until)
        ),
        SystemFacts::PrescriptionApproved { .. } => {
            format!("Your practice approved your request for repeat medicines. The prescription is sent to {place}.")
        }
        SystemFacts::PrescriptionRejected { .. } => format!(
            "{place} did not approve your request for repeat medicines. Look at your request to read the reason."
        ),
        SystemFacts::PrescriptionReady { at, .. } => {
            format!("Your medicines are ready to collect from {place} since {}.", when(*at))
        }
        SystemFacts::SymptomCheckFlagged { started_at, .. } => format!(
            "The questions of your symptom check of {} were withdrawn, because they may lead to wrong advice. If you still have \
             symptoms, call 111, or 999 in an emergency.",
            when(*started_at)
        ),
        SystemFacts::VaccineRecalled { lot, .. } => format!(
            "The lot {} of a vaccine that you had was recalled. Look at your vaccinations. If you feel unwell, call 111, or 999 in an \
             emergency.",
            lot.lot()
        ),
    }
}

/// The sender of messages that are of no practice and no pharmacy.
fn national_service() -> Site {
    Site { code: NATIONAL_SERVICE, name: "Frontdoor".parse().ok(), address: None }
}

/// A day and a time in London, like `Monday 9 March 2026 at 9:00am`.
fn when(instant: Timestamp) -> String {
    LONDON.local(instant).strftime("%A %-d %B %Y at %-I:%M%P").to_string()
}

#[cfg(test)]
mod tests {
    use vocabulary::SessionId;

    use super::*;

    #[test]
    fn a_message_names_the_place_and_the_time_in_london() {
        let session: SessionId = "A12345.000000000001".parse().expect("a session");
        let at = |text: &str| -> Timestamp { text.parse().expect("an instant") };
        let (winter, summer) = (at("2026-03-09T09:00:00Z"), at("2026-07-01T12:30:00Z"));
        let booked = SystemFacts::AppointmentBooked { session: session.clone(), starts_at: winter };
        assert_eq!(
            written(&booked, "High Street"),
            "Your appointment at High Street is booked for Monday 9 March 2026 at 9:00am."
        );
        let moved = SystemFacts::AppointmentMoved {
            session: session.clone(),
            starts_at: winter,
            to_session: session,
            to_starts_at: summer,
        };
        assert_eq!(
            written(&moved, "High Street"),
            "Your appointment of Monday 9 March 2026 at 9:00am was moved. It is now at High Street on \
             Wednesday 1 July 2026 at 1:30pm."
        );
    }
}
