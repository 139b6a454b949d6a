//! The steps share this: the programme in the address, the facts that the person declared, the answer of the programme, and the
//! times that were chosen.

use axum::http::StatusCode;
use event_core::{LocalDate, OrganisationCode, SubjectId, Timestamp};
use page_engine::{PageError, Pages, Visitor, encoded, see_other};
use programmes::Eligibility;
use queries::{
    appointments::{RANGE_DAYS_MAX, SearchFreeSlots},
    practices::SeePractice,
    vaccinations::{ListProgrammes, OfferedProgramme, SeeEligibility, VaccinationEligibility},
};
use query_engine::QueryError;
use serde::Deserialize;
use vocabulary::{
    SessionId,
    time::LONDON,
    vaccinations::{DeclaredFacts, PROGRAMME_NOT_FOUND, ProgrammeId},
};

use super::answers::TypedAnswers;
use crate::{book::chosen, concerned::Concerned, errors::FieldFaults, words};

/// The programme in an address.
#[derive(Deserialize)]
pub struct ProgrammePath {
    pub programme: ProgrammeId,
}

impl ProgrammePath {
    /// # Errors
    /// If this server does not have the programme, or the query fails.
    pub async fn offered(&self, pages: &Pages, visitor: &Visitor) -> Result<OfferedProgramme, PageError> {
        let offered = pages.ask(visitor, &ListProgrammes {}).await?.answer.programmes;
        let own = offered.into_iter().find(|one| one.programme == self.programme);
        own.ok_or_else(|| QueryError::from(&PROGRAMME_NOT_FOUND).into())
    }

    pub fn address(&self, concerned: &Concerned) -> String {
        format!("{}/{}", concerned.vaccination_booking(), self.programme)
    }
}

/// A booking in progress.
pub struct VaccinationSteps {
    pub programme: OfferedProgramme,
    pub declared: DeclaredFacts,
    /// The beginning of the addresses of its pages.
    pub address: String,
    subject: SubjectId,
}

impl VaccinationSteps {
    /// # Errors
    /// The way to the questions if they were not answered in this sign-in. If this server does not have the programme, or the draft
    /// cannot be read.
    pub async fn of(
        pages: &Pages,
        visitor: &Visitor,
        concerned: &Concerned,
        path: &ProgrammePath,
    ) -> Result<VaccinationSteps, PageError> {
        let (programme, address) = (path.offered(pages, visitor).await?, path.address(concerned));
        let typed = TypedAnswers::kept(pages, visitor, concerned, &path.programme).await?;
        match typed.read(&programme, &mut FieldFaults::none()) {
            Some(declared) => Ok(VaccinationSteps { programme, declared, address, subject: concerned.subject }),
            None => Err(see_other(&address).into()),
        }
    }

    /// The answer of the programme for an appointment on this day. `None` if the visitor may book but not see the doses of the
    /// person, such as a receptionist: the command decides then.
    ///
    /// # Errors
    /// If the query fails.
    pub async fn eligibility(
        &self,
        pages: &Pages,
        visitor: &Visitor,
        on: LocalDate,
        site: Option<OrganisationCode>,
    ) -> Result<Option<VaccinationEligibility>, PageError> {
        let (programme, declared) = (self.programme.programme.clone(), self.declared.clone());
        let query = SeeEligibility { subject: self.subject, programme, on, site, declared };
        match pages.ask(visitor, &query).await {
            Ok(shown) => Ok(Some(shown.answer)),
            Err(QueryError::Gate(problem)) if problem.status() == StatusCode::FORBIDDEN => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The days on which the appointment can be: all from this day on, or those for the second dose.
    ///
    /// # Errors
    /// The way to the check if the second dose cannot be booked with the first one any more. If the query fails.
    pub async fn days(
        &self,
        pages: &Pages,
        visitor: &Visitor,
        from: LocalDate,
        first: Option<&ChosenTime>,
    ) -> Result<BookableDays, PageError> {
        let Some(first) = first else { return Ok(BookableDays { from, until: None }) };
        let answer = self.eligibility(pages, visitor, first.day(), Some(first.session.site())).await?;
        match answer.and_then(|answer| answer.second) {
            Some(second) => Ok(BookableDays { from: second.from.max(from), until: Some(second.until) }),
            None => Err(see_other(&self.page("check", &[("slot", first.to_string())])).into()),
        }
    }

    /// The address of a page of this booking.
    pub fn page(&self, page: &str, parameters: &[(&str, String)]) -> String {
        let written: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        format!("{}/{page}{}{}", self.address, if written.is_empty() { "" } else { "?" }, written.join("&"))
    }

    /// The search for free slots of the programme at a site.
    pub fn search(&self, site: OrganisationCode, from: LocalDate, until: LocalDate) -> SearchFreeSlots {
        SearchFreeSlots { site, service: Some(self.programme.service.clone()), channel: None, from, until }
    }
}

/// The days on which an appointment can be, both included.
#[derive(Clone, Copy)]
pub struct BookableDays {
    pub from: LocalDate,
    pub until: Option<LocalDate>,
}

impl BookableDays {
    /// The last day of one search that begins with the first of these days.
    pub fn last_of_search(self) -> LocalDate {
        let last = self.from.plus_days(RANGE_DAYS_MAX - 1);
        self.until.map_or(last, |until| until.min(last)).max(self.from)
    }
}

/// The start of a slot that was chosen, as `A12345.000000000001@2026-11-26T09:00:00Z` in addresses.
#[derive(Clone, PartialEq)]
pub struct ChosenTime {
    pub session: SessionId,
    pub at: Timestamp,
}

impl ChosenTime {
    pub fn read(text: &str) -> Option<ChosenTime> {
        chosen(text).map(|(session, at)| ChosenTime { session, at })
    }

    /// The day of the appointment, in London.
    pub fn day(&self) -> LocalDate {
        LONDON.day(self.at)
    }
}

impl std::fmt::Display for ChosenTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.session, self.at)
    }
}

/// The name and address of a site.
///
/// # Errors
/// If the site is not known, or the query fails.
pub async fn place_of(pages: &Pages, visitor: &Visitor, practice: OrganisationCode) -> Result<String, PageError> {
    let site = pages.ask(visitor, &SeePractice { practice }).await?.answer;
    Ok(format!("{}, {}", site.name, site.address))
}

/// The answer of a programme that does not offer a dose on a day, in words for the person.
pub struct NotOffered {
    pub heading: &'static str,
    pub why: String,
    /// The first day on which the person is eligible, or the way on.
    pub advice: String,
}

impl NotOffered {
    /// `None` if the person is eligible.
    pub fn of(answer: &VaccinationEligibility) -> Option<NotOffered> {
        let why = answer.words.clone().unwrap_or_default();
        match &answer.eligibility {
            Eligibility::Eligible { .. } => None,
            Eligibility::NotYet { from, .. } => Some(NotOffered {
                heading: "You cannot have this vaccination yet",
                why,
                advice: format!(
                    "You can have it from {}. Choose an appointment on that day or later.",
                    words::day(*from)
                ),
            }),
            Eligibility::Not { advice, .. } => {
                Some(NotOffered { heading: "You cannot have this vaccination", why, advice: advice.clone() })
            }
        }
    }
}
