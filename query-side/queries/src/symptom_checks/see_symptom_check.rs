//! One symptom check: the question that is asked now, or the advice, and the answers so far.

use event_core::{AccessRule, Rejection, SubjectId, Timestamp, text::Line};
use pathways::{CATALOGUE, Demographics, Disposition, OnwardLink, Party, Release, Sex};
use query_engine::{Kind, Opener, Query, QueryContext, QueryError, context::Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{CheckRowStage, RecalledReleaseRow, RecalledReleases, SymptomCheckDetails, SymptomCheckRow};
use vocabulary::{
    access::{Capability, IdentityLevel::P0, anonymous, patient, proxy},
    appointments::ServiceType,
    symptom_checks::{
        CHECK_NOT_FOUND, CheckOutcome, PathwayItemId, PathwayReleaseId, SymptomCheckConsent, SymptomCheckId,
        SymptomCheckNumber,
    },
};

use super::{
    NOT_FOR_CLINICAL_USE,
    question::{AskedQuestion, GivenAnswer},
};

/// The service that a routine disposition books.
const ROUTINE_SERVICE: &str = "gp-routine";

/// One symptom check of a person: the question that is asked now, or the advice to which it led, and the answers so far.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeSymptomCheck {
    pub subject: SubjectId,
    /// The last part of the check's id.
    pub number: SymptomCheckNumber,
}

/// A symptom check, as its person sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomCheckFile {
    pub check: SymptomCheckId,
    /// The title of the pathway.
    pub title: String,
    pub stage: SymptomCheckStage,
    pub started_at: Timestamp,
    /// The time of the last answer, change, interruption or outcome.
    pub changed_at: Timestamp,
    /// Absent once the person's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<CheckedPerson>,
    pub consent: SymptomCheckConsent,
    /// The answers that stand, in the order of the questions. None once the person's data was erased.
    pub answers: Vec<GivenAnswer>,
    /// The question that is asked now, or was asked last if the check was left. Absent after the end, if the questions were
    /// withdrawn, and once the person's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<AskedQuestion>,
    /// Absent before the end, and once the person's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<SymptomOutcome>,
    /// Present if the questions were withdrawn. The advice is not to be relied on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Withdrawal>,
    /// To be shown with every question and all advice.
    pub notice: &'static str,
}

/// The stage of a symptom check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SymptomCheckStage {
    Open,
    /// It was left, and can be resumed.
    Abandoned,
    /// It ended with advice.
    Disposed,
}

impl From<CheckRowStage> for SymptomCheckStage {
    fn from(stage: CheckRowStage) -> SymptomCheckStage {
        match stage {
            CheckRowStage::Open => SymptomCheckStage::Open,
            CheckRowStage::Abandoned => SymptomCheckStage::Abandoned,
            CheckRowStage::Disposed => SymptomCheckStage::Disposed,
        }
    }
}

/// The person with the symptoms, and the party that answers.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckedPerson {
    /// In whole years, on the day on which the check began.
    pub age_years: u8,
    pub sex: Sex,
    pub party: Party,
}

/// The advice to which a symptom check led.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomOutcome {
    /// The outcome's id in the release.
    pub outcome: PathwayItemId,
    pub disposition: Disposition,
    /// The time within which to follow it: `immediately`, or a duration of ISO 8601, like `PT6H`.
    pub within: String,
    /// Absent if this server does not have the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Care advice, a sentence or two each.
    pub advice: Vec<String>,
    /// The answers that led to it.
    pub because: Vec<GivenAnswer>,
    pub onward: Onward,
}

/// The way onward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[schemars(rename = "SymptomOnward")]
pub enum Onward {
    /// Call this number.
    Telephone { number: &'static str },
    /// Book this service with the person's practice.
    BookAppointment { service: ServiceType },
    /// Go to the person's pharmacy.
    Pharmacy,
    /// Read this page of the NHS.
    Web { address: &'static str },
}

/// The recall of the questions that a symptom check followed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SymptomWithdrawal")]
pub struct Withdrawal {
    pub reason: Line,
    pub withdrawn_at: Timestamp,
}

impl Query for SeeSymptomCheck {
    const NAME: &'static str = "symptom-check";
    const PATH: &'static str = "/patients/{subject}/symptom-checks/{number}";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &patient(P0).or(anonymous()).or(proxy(Capability::View));
    const PERSONAL: bool = true;
    const REJECTIONS: &'static [&'static Rejection] = &[&CHECK_NOT_FOUND];
    type Answer = SymptomCheckFile;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<SymptomCheckFile, QueryError> {
        let (from, until) = SymptomCheckDetails::numbered(&self.number);
        let partition = SymptomCheckDetails::partition(self.subject);
        let one = Span { partition, from, until, backwards: false }.beyond(None, 1);
        let (_, row) = context.page::<SymptomCheckDetails>(one).await?.pop().ok_or(&CHECK_NOT_FOUND)?;
        let recalled = context.row::<RecalledReleases>(&RecalledReleases::key(row.check.release())).await?;
        let opener = context.opener([self.subject]).await?;
        shown(self.subject, row, recalled, &opener)
    }
}

/// The release that the check followed, if this build has it with the content that was pinned.
fn pinned(row: &SymptomCheckRow) -> Option<&'static Release> {
    let id = row.check.release();
    CATALOGUE.release(id.pathway(), id.number()).filter(|release| release.content_hash() == row.content_hash)
}

/// The title of a release's pathway.
pub fn pathway_title(id: &PathwayReleaseId) -> String {
    let release = CATALOGUE.release(id.pathway(), id.number());
    release.map_or_else(|| id.pathway().to_owned(), |release| release.document().title.clone())
}

fn shown(
    subject: SubjectId,
    row: SymptomCheckRow,
    recalled: Option<RecalledReleaseRow>,
    opener: &Opener<'_>,
) -> Result<SymptomCheckFile, QueryError> {
    let release = pinned(&row);
    let person = opener.open(subject, &row.person)?;
    let (mut answers, mut question, mut outcome) = (Vec::new(), None, None);
    if let Some(person) = &person {
        for answer in &row.answers {
            let answer = opener.open(subject, answer)?;
            answers.extend(answer.map(|answer| GivenAnswer::of(release, answer, person)));
        }
        let asked = opener.open_some(subject, row.question.as_ref())?.filter(|_| recalled.is_none());
        question = asked.zip(release).and_then(|(id, release)| AskedQuestion::of(release, &id, person));
        let ended = opener.open_some(subject, row.outcome.as_ref())?;
        outcome = ended.map(|ended| SymptomOutcome::of(release, ended, person));
    }
    Ok(SymptomCheckFile {
        title: pathway_title(row.check.release()),
        check: row.check,
        stage: row.stage.into(),
        started_at: row.started_at,
        changed_at: row.changed_at,
        person: person.map(|Demographics { age_years, sex, party, .. }| CheckedPerson { age_years, sex, party }),
        consent: row.consent,
        answers,
        question,
        outcome,
        withdrawn: recalled.map(|row| Withdrawal { reason: row.reason, withdrawn_at: row.recalled_at }),
        notice: NOT_FOR_CLINICAL_USE,
    })
}

impl SymptomOutcome {
    fn of(release: Option<&Release>, ended: CheckOutcome, person: &Demographics) -> SymptomOutcome {
        let known = release.and_then(|release| release.outcome(ended.outcome.as_str()));
        let because = ended.answers.into_iter().map(|answer| GivenAnswer::of(release, answer, person));
        SymptomOutcome {
            outcome: ended.outcome,
            disposition: ended.disposition,
            within: ended.time_frame.to_string(),
            text: known.map(|outcome| outcome.text.of(person.party).to_owned()),
            advice: known.map(|outcome| outcome.advice.clone()).unwrap_or_default(),
            because: because.collect(),
            onward: Onward::of(ended.disposition),
        }
    }
}

impl Onward {
    fn of(disposition: Disposition) -> Onward {
        match disposition.onward() {
            OnwardLink::Telephone(number) => Onward::Telephone { number },
            OnwardLink::BookAppointment => match ROUTINE_SERVICE.parse() {
                Ok(service) => Onward::BookAppointment { service },
                Err(_) => Onward::Telephone { number: "111" },
            },
            OnwardLink::Pharmacy => Onward::Pharmacy,
            OnwardLink::Web(address) => Onward::Web { address },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_disposition_has_a_way_onward() {
        let routine = Onward::BookAppointment { service: ROUTINE_SERVICE.parse().expect("a service") };
        assert_eq!(Onward::of(Disposition::GpRoutine), routine);
        assert_eq!(Onward::of(Disposition::Call999), Onward::Telephone { number: "999" });
        let booked = Disposition::ALL.into_iter().filter(|disposition| Onward::of(*disposition) == routine);
        assert_eq!(booked.count(), 1);
    }
}
