//! A query without its types.

use axum::routing::MethodRouter;
use event_core::{AccessRule, Rejection};
use schemars::{Schema, SchemaGenerator};

use crate::{
    query::{Kind, Query},
    route::{self, QueryRoute},
};

/// A query without its types: what routing and the API's description need.
#[derive(Clone)]
pub struct QueryEntry {
    pub path: &'static str,
    pub kind: Kind,
    pub who: &'static dyn AccessRule,
    pub rejections: &'static [&'static Rejection],
    pub parameters: fn(&mut SchemaGenerator) -> Schema,
    pub answer: fn(&mut SchemaGenerator) -> Schema,
    pub(crate) route: fn() -> MethodRouter<QueryRoute>,
}

pub fn entry<Q: Query>() -> QueryEntry {
    QueryEntry {
        path: Q::PATH,
        kind: Q::KIND,
        who: Q::WHO,
        rejections: Q::REJECTIONS,
        parameters: |generator| generator.root_schema_for::<Q>(),
        answer: |generator| generator.root_schema_for::<Q::Answer>(),
        route: || axum::routing::get(route::answer::<Q>),
    }
}
