//! The symptom checks of a person.

use std::ops::Bound;

use event_core::{AccessRule, SubjectId, Timestamp};
use pathways::Disposition;
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span, page::List};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{MySymptomChecks, RecalledReleases, SymptomCheckDetails};
use vocabulary::{
    access::{Capability, IdentityLevel::P0, anonymous, patient, proxy},
    symptom_checks::SymptomCheckId,
};

use super::see_symptom_check::{SymptomCheckStage, pathway_title};

/// The symptom checks of a person, the newest first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListSymptomChecks {
    pub subject: SubjectId,
}

/// A symptom check in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomCheckSummary {
    pub check: SymptomCheckId,
    /// The title of the pathway.
    pub title: String,
    pub stage: SymptomCheckStage,
    pub started_at: Timestamp,
    /// Where the check sends the person. Absent before its end, and once the person's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Disposition>,
    /// True if its questions were withdrawn, because they may lead to wrong advice.
    pub is_withdrawn: bool,
}

impl Query for ListSymptomChecks {
    const NAME: &'static str = "symptom-checks";
    const PATH: &'static str = "/patients/{subject}/symptom-checks";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = &patient(P0).or(anonymous()).or(proxy(Capability::View));
    const PERSONAL: bool = true;
    type Answer = List<SymptomCheckSummary>;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<SymptomCheckSummary>, QueryError> {
        let span = Span {
            partition: MySymptomChecks::partition(self.subject),
            from: Bound::Unbounded,
            until: Bound::Unbounded,
            backwards: true,
        };
        let started = context.list::<MySymptomChecks>(span).await?;
        let keys: Vec<_> = started.items.iter().map(|row| SymptomCheckDetails::key(self.subject, &row.check)).collect();
        let details = context.rows::<SymptomCheckDetails>(&keys).await?;
        let releases: Vec<_> = started.items.iter().map(|row| RecalledReleases::key(row.check.release())).collect();
        let recalled = context.rows::<RecalledReleases>(&releases).await?;
        let opener = context.opener(started.items.first().map(|_| self.subject)).await?;
        let mut items = Vec::with_capacity(started.items.len());
        for ((row, details), recalled) in started.items.into_iter().zip(details).zip(recalled) {
            // The two views can be a few events apart.
            let stage = details.as_ref().map_or(SymptomCheckStage::Open, |details| details.stage.into());
            let outcome = opener.open_some(self.subject, details.and_then(|details| details.outcome).as_ref())?;
            items.push(SymptomCheckSummary {
                title: pathway_title(row.check.release()),
                stage,
                started_at: row.started_at,
                disposition: outcome.map(|outcome| outcome.disposition),
                is_withdrawn: recalled.is_some(),
                check: row.check,
            });
        }
        Ok(List { items, next: started.next })
    }
}
