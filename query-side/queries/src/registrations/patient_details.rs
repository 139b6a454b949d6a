//! A patient as the lists of practices and pharmacies name them, joined from the view of registrations.

use std::collections::HashMap;

use event_core::SubjectId;
use query_engine::{Opener, QueryContext, QueryError};
use schemars::JsonSchema;
use serde::Serialize;
use views::{RegistrationRow, Registrations};
use vocabulary::text::{BirthDate, NhsNumber, PersonName};

/// The details by which staff recognise a patient. They are absent once the patient's data was erased.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatientDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nhs_number: Option<NhsNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub born_on: Option<BirthDate>,
}

/// The registrations of the patients of one answer, each read once.
#[derive(Default)]
pub struct RegisteredPatients(HashMap<SubjectId, RegistrationRow>);

impl RegisteredPatients {
    pub async fn read(&mut self, patients: &[SubjectId], context: &mut QueryContext<'_>) -> Result<(), QueryError> {
        let mut missing: Vec<SubjectId> = patients.iter().filter(|one| !self.0.contains_key(one)).copied().collect();
        missing.sort_unstable();
        missing.dedup();
        let keys: Vec<_> = missing.iter().map(|patient| Registrations::key(*patient)).collect();
        let rows = context.rows::<Registrations>(&keys).await?;
        self.0.extend(missing.into_iter().zip(rows).filter_map(|(patient, row)| Some((patient, row?))));
        Ok(())
    }

    pub fn details(&self, patient: SubjectId, opener: &Opener<'_>) -> Result<PatientDetails, QueryError> {
        let Some(row) = self.0.get(&patient) else { return Ok(PatientDetails::default()) };
        Ok(PatientDetails {
            name: opener.open(patient, &row.name)?,
            nhs_number: opener.open(patient, &row.nhs_number)?,
            born_on: opener.open(patient, &row.born_on)?,
        })
    }

    pub fn name(&self, patient: SubjectId, opener: &Opener<'_>) -> Result<Option<PersonName>, QueryError> {
        self.0.get(&patient).map_or(Ok(None), |row| opener.open(patient, &row.name))
    }
}
