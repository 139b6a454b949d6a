//! What a query is: parameters, who may ask it, the rows it reads, and the answer's shape. One file for each
//! query, in its service's folder in `queries/`; the way in (`route`), the gate, freshness, paging and the API's
//! description are the same for all.

use event_core::{AccessRule, OrganisationCode, Rejection, SubjectId};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use crate::{context::QueryContext, error::QueryError};

/// What a query's requests and answers have beside its own parameters and its own answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Rows of views: takes `after` and `strict`, answers with `Frontdoor-Position`.
    Rows,
    /// A list of rows: also takes `cursor` and `limit`.
    List,
    /// The log itself, in pages that `Frontdoor-Next` continues.
    Log,
}

/// A query. Its doc comment and those of its fields are the API's. Its fields deny unknown ones.
pub trait Query: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Kebab-case, unique: in metrics and in cursors. The operation's id is made of the type's name.
    const NAME: &'static str;
    /// Its path; what stands in braces are fields: `/readers/{subject}/loans`.
    const PATH: &'static str;
    const KIND: Kind;
    const WHO: &'static dyn AccessRule;
    /// Whether answers concern a person: they are not to be kept by anything on the way.
    const PERSONAL: bool;
    /// Every way in which it says no, beside what any request can meet.
    const REJECTIONS: &'static [&'static Rejection] = &[];
    type Answer: Serialize + JsonSchema;

    /// The person whom the answer concerns.
    fn subject(&self) -> Option<SubjectId> {
        None
    }

    /// The organisation whose data it is.
    fn organisation(&self) -> Option<OrganisationCode> {
        None
    }

    /// # Errors
    /// One of `REJECTIONS`, or a view or log that cannot be read.
    fn answer(&self, context: &mut QueryContext<'_>) -> impl Future<Output = Result<Self::Answer, QueryError>> + Send;
}
