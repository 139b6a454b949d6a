use event_core::{OrganisationCode, SubjectId};
use vocabulary::{
    practices::PRACTICE_NOT_FOUND,
    registrations::{PatientRegistered, Registration},
    text::{BirthDate, NhsNumber, PersonName},
    time::LONDON,
};

use super::rejections::{ALREADY_A_PATIENT, BORN_IN_THE_FUTURE};
use crate::{practices::Practice, prelude::*};

/// Register a person as a patient of a practice.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterPatient {
    /// The person's new id: a random UUID (version 4) that says nothing about them.
    pub subject: SubjectId,
    pub practice: OrganisationCode,
    pub name: PersonName,
    pub nhs_number: NhsNumber,
    pub born_on: BirthDate,
}

impl Command for RegisterPatient {
    const NAME: &'static str = "register-patient";
    const WHO: &'static dyn AccessRule = &staff(Permission::Registration);
    const REJECTIONS: &'static [&'static Rejection] = &[&PRACTICE_NOT_FOUND, &ALREADY_A_PATIENT, &BORN_IN_THE_FUTURE];
    type Reads = (Registration, Practice);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    /// None: a person that is about to be registered has no relationship with the practice yet.
    fn answers_for(&self) -> Option<SubjectId> {
        None
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.practice.clone())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(self.subject), Stream::of(&self.practice))
    }

    fn decide(&self, states: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let (registration, practice) = states;
        let registered = PatientRegistered {
            subject: self.subject,
            practice: self.practice.clone(),
            name: self.name.clone().into(),
            nhs_number: self.nhs_number.clone().into(),
            born_on: self.born_on.into(),
        };
        match registration {
            Registration::At(same) if **same == registered => Ok(nothing_new()),
            Registration::At(_) => Err((&ALREADY_A_PATIENT).into()),
            Registration::Unregistered => {
                practice.settings()?;
                if self.born_on.0 > LONDON.day(context.now) {
                    return Err((&BORN_IN_THE_FUTURE).into());
                }
                Ok(record(registered))
            }
        }
    }
}

#[cfg(test)]
mod specs {

    use super::*;
    use crate::spec::*;

    fn register(born_on: &str) -> RegisterPatient {
        RegisterPatient {
            subject: alice(),
            practice: site(),
            name: "Alice Example".parse().expect("valid"),
            nhs_number: "9990000026".parse().expect("valid"),
            born_on: BirthDate(born_on.parse().expect("valid")),
        }
    }

    fn practice() -> World {
        world().given(practice_opened(Default::default()))
    }

    #[test]
    fn somebody_becomes_a_patient_of_a_practice_once() {
        let patient = practice().when(register("1980-02-29")).records(&[&registered(alice(), "1980-02-29")]);
        let same = patient.when(register("1980-02-29")).nothing_new();
        same.when(register("1981-02-28")).rejected(&ALREADY_A_PATIENT);
    }

    #[test]
    fn nobody_registers_at_an_unknown_practice_or_before_birth() {
        world().when(register("1980-02-29")).rejected(&PRACTICE_NOT_FOUND);
        practice().when(register("2099-01-01")).rejected(&BORN_IN_THE_FUTURE);
    }
}
