//! Queries. A query has parameters, a rule that admits its callers, the rows it reads, and the shape of its answer.
//! There is one file for each query, in its service's folder in `queries/`; routing (`route`), the gate, freshness,
//! paging and the API's description are the same for all.

use event_core::{AccessRule, OrganisationCode, Rejection, SubjectId};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use crate::{context::QueryContext, error::QueryError};

/// The parameters and headers that a query has in addition to its own parameters and answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Rows of views: takes `after` and `strict`, answers with `Frontdoor-Position`.
    Rows,
    /// A list of rows: also takes `cursor` and `limit`.
    List,
    /// The log itself, in pages that `Frontdoor-Next` continues.
    Log,
    /// A search of the log. The answer is an object that says how far the search came.
    Search,
}

/// A query. Its doc comment and those of its fields are part of the API's description. It denies unknown fields.
pub trait Query: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Kebab-case, unique: in metrics and in cursors. The operation's id is made of the type's name.
    const NAME: &'static str;
    /// Its path, with fields in braces: `/readers/{subject}/loans`.
    const PATH: &'static str;
    const KIND: Kind;
    const WHO: &'static dyn AccessRule;
    /// True if answers concern a person, so that no cache on the way may store them.
    const PERSONAL: bool;
    /// The rejections that it can give, in addition to those of any request.
    const REJECTIONS: &'static [&'static Rejection] = &[];
    type Answer: Serialize + JsonSchema;

    /// The person that the answer concerns.
    fn subject(&self) -> Option<SubjectId> {
        None
    }

    /// The organisation that the data belongs to.
    fn organisation(&self) -> Option<OrganisationCode> {
        None
    }

    /// # Errors
    /// One of `REJECTIONS`, or a view or log that cannot be read.
    fn answer(&self, context: &mut QueryContext<'_>) -> impl Future<Output = Result<Self::Answer, QueryError>> + Send;
}
