//! The carers of a patient.

use event_core::{AccessRule, SubjectId, Timestamp};
use query_engine::{Kind, Opener, Query, QueryContext, QueryError, context::Span, page::List};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{CarerRow, MyCarers};
use vocabulary::{
    access::{Capability, IdentityLevel::P9, Permission, patient, proxy, staff},
    carers::{CarerId, CarerRelationship},
    text::PersonName,
};

/// The carers of a patient, in the order of their ids.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListCarers {
    pub subject: SubjectId,
}

/// A carer of a patient.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Carer {
    pub carer: CarerId,
    /// Absent once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// Absent once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationship: Option<CarerRelationship>,
    pub registered_at: Timestamp,
}

impl Query for ListCarers {
    const NAME: &'static str = "carers";
    const PATH: &'static str = "/patients/{subject}/carers";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View)).or(staff(Permission::Registration));
    const PERSONAL: bool = true;
    type Answer = List<Carer>;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<Carer>, QueryError> {
        let rows = context.list::<MyCarers>(Span::whole(MyCarers::partition(self.subject))).await?;
        let opener = context.opener(rows.items.first().map(|_| self.subject)).await?;
        let shown = |row| shown(self.subject, row, &opener);
        let items = rows.items.into_iter().map(shown).collect::<Result<_, _>>()?;
        Ok(List { items, next: rows.next })
    }
}

fn shown(patient: SubjectId, row: CarerRow, opener: &Opener<'_>) -> Result<Carer, QueryError> {
    let details = opener.open(patient, &row.details)?;
    let (name, relationship) = details.map(|details| (details.name, details.relationship)).unzip();
    Ok(Carer { carer: row.carer, name, relationship, registered_at: row.registered_at })
}
