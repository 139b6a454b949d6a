//! The doses of a person.

use event_core::{AccessRule, SubjectId, Timestamp};
use programmes::{CATALOGUE, OutsideSchedule, VaccineRoute};
use query_engine::{Kind, Opener, Query, QueryContext, QueryError, context::Span, page::List};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{DoseRow, MyDoses, RecalledLots};
use vocabulary::{
    access::{Capability, IdentityLevel::P9, Permission, patient, proxy, staff},
    vaccinations::{DoseFacts, DoseId, DoseReason, VaccinatorName},
};

use crate::practices::{Site, Sites};

/// The vaccinations of a person, as their records hold now, in the order of their ids. Records that are void are among them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListVaccinations {
    pub subject: SubjectId,
}

/// A dose that was given to a person.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaccinationDose {
    pub dose: DoseId,
    pub given: DoseFacts,
    pub site: Site,
    /// The title of the programme. Absent if this server does not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub programme_title: Option<String>,
    /// The name that is printed on the package. Absent if this server does not have the programme.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vaccine_name: Option<String>,
    /// Absent once the person's data was erased, like the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<VaccineRoute>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_by: Option<VaccinatorName>,
    /// The deviations from the schedule.
    pub deviations: Vec<OutsideSchedule>,
    pub recorded_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected_at: Option<Timestamp>,
    /// The reason for the last correction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<DoseReason>,
    /// Present if the record is void: the dose does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voided_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub void_reason: Option<DoseReason>,
    /// True if the lot was recalled.
    pub is_recalled: bool,
    /// True if there are passes for this vaccine.
    pub has_passes: bool,
}

impl Query for ListVaccinations {
    const NAME: &'static str = "vaccinations";
    const PATH: &'static str = "/patients/{subject}/vaccinations";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View)).or(staff(Permission::Vaccinating));
    const PERSONAL: bool = true;
    type Answer = List<VaccinationDose>;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<VaccinationDose>, QueryError> {
        let rows = context.list::<MyDoses>(Span::whole(MyDoses::partition(self.subject))).await?;
        let keys: Vec<_> = rows.items.iter().map(|row| RecalledLots::key(&row.given.vaccine_lot())).collect();
        let recalled = context.rows::<RecalledLots>(&keys).await?;
        let opener = context.opener(rows.items.first().map(|_| self.subject)).await?;
        let mut sites = Sites::default();
        let mut items = Vec::with_capacity(rows.items.len());
        for (row, recalled) in rows.items.into_iter().zip(recalled) {
            let site = sites.get(row.given.site.clone(), context).await?;
            items.push(shown(self.subject, row, site, recalled.is_some(), &opener)?);
        }
        Ok(List { items, next: rows.next })
    }
}

/// The title of the programme of a dose and the name of the vaccine, as far as this server has them.
pub(super) fn names_of(given: &DoseFacts) -> (Option<String>, Option<String>) {
    let programme = CATALOGUE.newest(given.programme.as_str());
    let vaccine = programme.and_then(|programme| programme.vaccine(given.vaccine.as_str()));
    (programme.map(|programme| programme.document().title.clone()), vaccine.map(|vaccine| vaccine.name.clone()))
}

/// A dose as it is shown to the person and to staff.
pub(super) fn shown(
    person: SubjectId,
    row: DoseRow,
    site: Site,
    is_recalled: bool,
    opener: &Opener<'_>,
) -> Result<VaccinationDose, QueryError> {
    let (programme_title, vaccine_name) = names_of(&row.given);
    let codes = CATALOGUE.pass_codes(row.given.programme.as_str(), row.given.vaccine.as_str());
    let details = opener.open(person, &row.details)?;
    let (route, given_by, deviations) = match details {
        Some(details) => (Some(details.route), Some(details.given_by), details.deviations),
        None => (None, None, Vec::new()),
    };
    Ok(VaccinationDose {
        dose: row.dose,
        programme_title,
        vaccine_name,
        given: row.given,
        site,
        route,
        given_by,
        deviations,
        recorded_at: row.recorded_at,
        corrected_at: row.corrected_at,
        correction: opener.open_some(person, row.correction.as_ref())?,
        voided_at: row.voided_at,
        void_reason: opener.open_some(person, row.void_reason.as_ref())?,
        is_recalled,
        has_passes: codes.is_some(),
    })
}
