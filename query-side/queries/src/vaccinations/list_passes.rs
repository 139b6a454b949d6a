//! The valid vaccination passes of a person.

use event_core::{AccessRule, SubjectId, Timestamp};
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{MyDoses, MyPasses, PassRow};
use vocabulary::{
    access::{Capability, IdentityLevel::P9, Permission, patient, proxy, staff},
    vaccinations::{DoseId, PassId},
};

use super::{list_doses::names_of, see_pass::PassState};

/// The number of passes that are read. The rules allow 1,000 of a person.
const PASSES_READ: usize = 1_000;

/// The vaccination passes of a person that are valid now, the newest first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListPasses {
    pub subject: SubjectId,
}

/// Passes, the newest first.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidPasses {
    pub passes: Vec<VaccinationPass>,
}

/// A valid pass of a person.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaccinationPass {
    pub pass: PassId,
    pub dose: DoseId,
    /// The number of the dose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u8>,
    /// The title of the programme. Absent if this server does not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub programme_title: Option<String>,
    /// The name that is printed on the package. Absent if this server does not have the programme.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vaccine_name: Option<String>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Query for ListPasses {
    const NAME: &'static str = "vaccination-passes";
    const PATH: &'static str = "/patients/{subject}/vaccination-passes";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View)).or(staff(Permission::Vaccinating));
    const PERSONAL: bool = true;
    type Answer = ValidPasses;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<ValidPasses, QueryError> {
        let all = Span::whole(MyPasses::partition(self.subject)).beyond(None, PASSES_READ);
        let all = context.page::<MyPasses>(all).await?;
        let mut valid: Vec<PassRow> = all.into_iter().map(|(_, row)| row).collect();
        valid.retain(|row| PassState::of(row, context.now) == PassState::Valid);
        valid.sort_by_key(|row| std::cmp::Reverse(row.issued_at));
        let keys: Vec<_> = valid.iter().map(|row| MyDoses::key(self.subject, &row.dose)).collect();
        let doses = context.rows::<MyDoses>(&keys).await?;
        let passes = valid.into_iter().zip(doses).map(|(row, dose)| {
            let given = dose.map(|dose| dose.given);
            let (programme_title, vaccine_name) = given.as_ref().map(names_of).unwrap_or_default();
            VaccinationPass {
                pass: row.pass,
                dose: row.dose,
                number: given.as_ref().map(|given| given.number),
                programme_title,
                vaccine_name,
                issued_at: row.issued_at,
                expires_at: row.expires_at,
            }
        });
        Ok(ValidPasses { passes: passes.collect() })
    }
}
