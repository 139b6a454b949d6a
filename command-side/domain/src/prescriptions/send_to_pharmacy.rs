use event_core::{OrganisationCode, SubjectId};
use serde_json::json;
use vocabulary::prescriptions::{PrescriptionId, PrescriptionSent, RepeatRequestId, RequestStage};

use super::{
    pharmacy::Pharmacy,
    prescription::Prescription,
    rejections::{NOT_APPROVED, PHARMACY_UNKNOWN, REQUEST_NOT_FOUND},
};
use crate::prelude::*;

/// Send the prescription of an approved request to its pharmacy. A policy gives this command after each approval.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendToPharmacy {
    pub patient: SubjectId,
    pub practice: OrganisationCode,
    pub request: RepeatRequestId,
    /// The pharmacy that the approval names.
    pub pharmacy: OrganisationCode,
}

impl Command for SendToPharmacy {
    const NAME: &'static str = "send-to-pharmacy";
    const WHO: &'static dyn AccessRule = &system().or(staff(Permission::Prescribing));
    const REJECTIONS: &'static [&'static Rejection] = &[&REQUEST_NOT_FOUND, &NOT_APPROVED, &PHARMACY_UNKNOWN];
    type Reads = (Prescription, Pharmacy);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.practice.clone())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Prescription::of(self.patient, &self.request), Stream::of(&self.pharmacy))
    }

    fn decide(&self, (prescription, pharmacy): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let file = prescription.at_practice(&self.practice)?;
        if file.sent.as_ref().is_some_and(|sent| sent.pharmacy == self.pharmacy) {
            return Ok(nothing_new());
        }
        if file.stage != RequestStage::Approved || file.pharmacy.as_ref() != Some(&self.pharmacy) {
            return Err(NOT_APPROVED.with("stage", json!(file.stage)).with("pharmacy", json!(file.pharmacy)));
        }
        pharmacy.has_to_be_known()?;
        Ok(record(PrescriptionSent {
            patient: self.patient,
            request: self.request.clone(),
            practice: self.practice.clone(),
            requested_at: file.requested.requested_at,
            pharmacy: self.pharmacy.clone(),
            prescription: PrescriptionId::of(&self.practice, self.patient, &self.request),
            items: file.items().to_vec(),
            sent_at: context.now,
        }))
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{prescriptions::scenes::*, spec::*};

    fn approved_request() -> World {
        ordering().when(request(1, &[1])).records_kinds(&REQUESTED).when(approve(1)).records_kinds(&APPROVED)
    }

    #[test]
    fn an_approved_request_is_sent_once_and_gets_a_prescription_number() {
        let sent = approved_request().when(send(1)).records(&[&sent(1, &[1])]);
        sent.when(send(1)).nothing_new();
    }

    #[test]
    fn a_request_is_sent_only_when_it_is_approved_and_only_where_it_was_approved_for() {
        ordering().when(send(1)).rejected(&REQUEST_NOT_FOUND);
        let waiting = ordering().when(request(1, &[1])).records_kinds(&REQUESTED);
        let details = waiting.when(send(1)).rejected_with(&NOT_APPROVED);
        assert_eq!(details["stage"], "requested");
        let elsewhere = SendToPharmacy { pharmacy: other_pharmacy(), ..send(1) };
        approved_request().when(elsewhere.clone()).rejected(&NOT_APPROVED);
        approved_request().when(send(1)).records_kinds(&SENT).when(elsewhere).rejected(&NOT_APPROVED);
    }

    #[test]
    fn nothing_is_sent_to_an_unknown_pharmacy() {
        let world = world().given(requested(1, &[1])).given(approved(1, pharmacy()));
        world.when(send(1)).rejected(&PHARMACY_UNKNOWN);
    }

    #[test]
    fn policies_send_prescriptions_and_patients_do_not() {
        assert_eq!(SendToPharmacy::WHO.data(), system().or(staff(Permission::Prescribing)).data());
    }
}
