//! A person that comes to a site for a vaccination, as the staff of the site need to see them.

use event_core::{AccessRule, Class, LocalDate, OrganisationCode, Rejection, SubjectId, Timestamp};
use programmes::{CATALOGUE, Programme};
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{AppointmentStatus, BookedDoses, MyAppointments, MyDoses, RecalledLots};
use vocabulary::{
    SessionId,
    access::{Permission, staff},
    vaccinations::{DeclaredFacts, ProgrammeId},
};

use super::list_doses::{VaccinationDose, shown};
use crate::{
    practices::Sites,
    registrations::{PatientDetails, RegisteredPatients},
};

pub static VISIT_NOT_FOUND: Rejection = Rejection {
    code: "visit-not-found",
    class: Class::NotFound,
    title: "This person has no such appointment for a vaccination here.",
    advice: "Look at the day of the site. An appointment that was cancelled shows nothing.",
};

/// The number of doses that are read. The rules allow 500 records of a person.
const DOSES_READ: usize = 500;

/// A person with an appointment for a vaccination at a site: what its staff need, wherever the person is registered. Nothing is shown of a
/// person without such an appointment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeVaccinationVisit {
    pub site: OrganisationCode,
    /// A clinic session of the site.
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub patient: SubjectId,
}

/// A visit for a vaccination.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaccinationVisit {
    #[serde(flatten)]
    pub details: PatientDetails,
    pub programme: ProgrammeId,
    /// The title of the programme. Absent if this server does not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub programme_title: Option<String>,
    /// The number of the dose that was booked. Absent while the view of bookings is late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u8>,
    /// The answers to the questions before the booking. Absent if they are not known here: the view of bookings is late, or the person's
    /// data was erased. That is not the same as nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared: Option<DeclaredAnswers>,
    /// The doses of the programme so far.
    pub doses: Vec<VaccinationDose>,
}

/// The facts that a person declared before a booking, in words.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredAnswers {
    /// The groups to which the person says that they belong.
    pub cohorts: Vec<String>,
    /// The questions that the person answered with yes.
    pub contraindications: Vec<DeclaredAnswer>,
}

/// A question that was answered with yes.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredAnswer {
    pub question: String,
    /// The day that the person named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<LocalDate>,
}

impl Query for SeeVaccinationVisit {
    const NAME: &'static str = "vaccination-visit";
    const PATH: &'static str = "/practices/{site}/vaccination-visits/{session}/{startsAt}/{patient}";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &staff(Permission::Vaccinating);
    const PERSONAL: bool = true;
    const REJECTIONS: &'static [&'static Rejection] = &[&VISIT_NOT_FOUND];
    type Answer = VaccinationVisit;

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.site.clone())
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<VaccinationVisit, QueryError> {
        let (patient, starts_at) = (self.patient, self.starts_at);
        let key = MyAppointments::key(patient, &self.session, starts_at);
        let appointment = context.row::<MyAppointments>(&key).await?;
        let stands = appointment.filter(|row| row.status == AppointmentStatus::Booked);
        let here = stands.filter(|_| self.session.site() == self.site);
        let programme = here.and_then(|row| ProgrammeId::of_service(&row.time.service)).ok_or(&VISIT_NOT_FOUND)?;
        let booked = context.row::<BookedDoses>(&BookedDoses::key(patient, &self.session, starts_at)).await?;
        let mut patients = RegisteredPatients::default();
        patients.read(&[patient], context).await?;
        let opener = context.opener([patient]).await?;
        let declared = opener.open_some(patient, booked.as_ref().map(|row| &row.declared))?;
        let edition = booked.as_ref().and_then(|row| CATALOGUE.edition(programme.as_str(), row.edition));
        let declared = declared.map(|facts| DeclaredAnswers::of(&facts, edition));
        let rows = context.page::<MyDoses>(Span::whole(MyDoses::partition(patient)).beyond(None, DOSES_READ)).await?;
        let mut sites = Sites::default();
        let mut doses = Vec::new();
        for (_, row) in rows.into_iter().filter(|(_, row)| row.given.programme == programme) {
            let recalled = context.row::<RecalledLots>(&RecalledLots::key(&row.given.vaccine_lot())).await?;
            let site = sites.get(row.given.site.clone(), context).await?;
            doses.push(shown(patient, row, site, recalled.is_some(), &opener)?);
        }
        Ok(VaccinationVisit {
            details: patients.details(patient, &opener)?,
            programme_title: CATALOGUE.newest(programme.as_str()).map(|newest| newest.document().title.clone()),
            programme,
            number: booked.map(|row| row.number),
            declared,
            doses,
        })
    }
}

impl DeclaredAnswers {
    /// The facts in the words of the edition that asked. An id without words in it is shown as it is.
    fn of(facts: &DeclaredFacts, edition: Option<&Programme>) -> DeclaredAnswers {
        let cohort = |id: &str| edition.and_then(|edition| edition.cohort(id)).map(|known| known.words.clone());
        let question =
            |id: &str| edition.and_then(|edition| edition.contraindication(id)).map(|known| known.question.clone());
        let cohorts = facts.cohorts.iter().map(|id| cohort(id.as_str()).unwrap_or_else(|| id.to_string()));
        let answers = facts.contraindications.iter().map(|fact| DeclaredAnswer {
            question: question(fact.id.as_str()).unwrap_or_else(|| fact.id.to_string()),
            on: fact.on,
        });
        DeclaredAnswers { cohorts: cohorts.collect(), contraindications: answers.collect() }
    }
}
