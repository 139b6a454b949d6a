//! The registration of a patient: the practice and the details with which the patient is registered there.

use event_core::{AccessRule, Class, Rejection, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::Registrations;
use vocabulary::{
    access::{IdentityLevel::P9, Permission, patient, staff},
    text::{BirthDate, NhsNumber, PersonName},
};

use crate::practices::{Site, Sites};
use query_engine::{Kind, Query, QueryContext, QueryError};

/// For the person concerned. Staff are not admitted to the data of a person without a registration; they can get this
/// only while the view is behind the log.
pub const NOT_REGISTERED: Rejection = Rejection {
    code: "not-registered",
    class: Class::NotFound,
    title: "This person is not registered at a practice.",
    advice: "Register with a practice first. A registration shows a moment after it was accepted.",
};

/// The registration of a patient: the practice, and the details with which the patient is registered there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeRegistration {
    pub subject: SubjectId,
}

/// The registration of a patient at a practice.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatientRegistration {
    pub subject: SubjectId,
    pub practice: Site,
    /// Absent once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// Absent once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nhs_number: Option<NhsNumber>,
    /// Absent once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub born_on: Option<BirthDate>,
    pub registered_at: Timestamp,
}

impl Query for SeeRegistration {
    const NAME: &'static str = "registration";
    const PATH: &'static str = "/patients/{subject}/registration";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &patient(P9).or(staff(Permission::Booking));
    const PERSONAL: bool = true;
    const REJECTIONS: &'static [&'static Rejection] = &[&NOT_REGISTERED];
    type Answer = PatientRegistration;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<PatientRegistration, QueryError> {
        let row = context.row::<Registrations>(&Registrations::key(self.subject)).await?.ok_or(&NOT_REGISTERED)?;
        let opener = context.opener([self.subject]).await?;
        Ok(PatientRegistration {
            subject: self.subject,
            practice: Sites::default().get(row.practice, context).await?,
            name: opener.open(self.subject, &row.name)?,
            nhs_number: opener.open(self.subject, &row.nhs_number)?,
            born_on: opener.open(self.subject, &row.born_on)?,
            registered_at: row.registered_at,
        })
    }
}
