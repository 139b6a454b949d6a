//! The last value of each field in the data of a stream's events, as of a revision. It is not the state on which commands
//! decide: that one is computed by the rules of its service.

use event_core::{AccessRule, StreamName};
use query_engine::{Kind, Query, QueryContext, QueryError, page::ITEMS_MAX};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vocabulary::access::{Permission, auditor};

use super::{
    batch::{FIRST_REVISION, shown},
    fields::{FieldFold, StreamField},
};

/// The maximum number of pages that are read. A stream of `care` has 10,000 events at most, and fewer pages.
const PAGES_MAX: usize = 200;

/// The last value of each field in the data of a stream's events.
///
/// It is not the state on which commands decide. An event that ends something does not remove the fields of earlier
/// events.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeStreamFields {
    pub stream: StreamName,
    /// The last revision to include; the whole stream where it is absent.
    pub as_of: Option<u64>,
}

/// The fields of a stream as of a revision.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamFields {
    /// By name.
    pub fields: Vec<StreamField>,
    /// The revision of the last event that is included; 0 if there is none.
    pub revision: u64,
}

impl Query for SeeStreamFields {
    const NAME: &'static str = "stream-fields";
    const PATH: &'static str = "/streams/{stream}/fields";
    const KIND: Kind = Kind::Search;
    const WHO: &'static dyn AccessRule = &auditor(Permission::Audit);
    const PERSONAL: bool = true;
    type Answer = StreamFields;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<StreamFields, QueryError> {
        let as_of = self.as_of.unwrap_or(u64::MAX);
        // Before the read: what is stored meanwhile may be missing.
        context.saw_log(context.log().end());
        let mut fold = FieldFold::default();
        let mut revision = FIRST_REVISION - 1;
        for _ in 0..PAGES_MAX {
            if revision >= as_of {
                break;
            }
            let limit = usize::try_from(as_of - revision).unwrap_or(ITEMS_MAX).min(ITEMS_MAX);
            let page = context.log().read_stream(&self.stream, revision + 1, limit).await?;
            let goes_on = page.goes_on;
            revision = page.last().map_or(revision, |last| last.revision);
            for event in shown(page, context)? {
                fold.add(&event)?;
            }
            if !goes_on {
                break;
            }
        }
        Ok(StreamFields { fields: fold.into_fields(), revision })
    }
}
