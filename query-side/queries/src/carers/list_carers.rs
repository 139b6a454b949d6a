//! The people who look after a patient.

use event_core::{AccessRule, SubjectId, Timestamp, personal::Unsealed};
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span, page::List};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{CarerRow, MyCarers};
use vocabulary::{
    access::{Capability, IdentityLevel::P9, Permission, patient, proxy, staff},
    carers::{CarerId, CarerRelationship},
    text::PersonName,
};

/// The people who look after a patient, in the order of their ids.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListCarers {
    pub subject: SubjectId,
}

/// A person who looks after a patient.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Carer {
    pub carer: CarerId,
    pub name: PersonName,
    pub relationship: CarerRelationship,
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
        let items = rows.items.into_iter().map(shown).collect::<Result<_, _>>()?;
        Ok(List { items, next: rows.next })
    }
}

fn shown(row: CarerRow) -> Result<Carer, QueryError> {
    let details = row.details.open(&Unsealed)?;
    let (name, relationship) = (details.name, details.relationship);
    Ok(Carer { carer: row.carer, name, relationship, registered_at: row.registered_at })
}
