//! The read model and the query of copies that are lent.

use event_core::{
    AccessRule, Key, Keys, Projection, ProjectionVisitor, Recorded, SubjectId, access::ANY_AUTHENTICATED,
};
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span, page::List};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::events::{CopyId, LoanEvent};

/// The read model: a row for each copy that is lent.
pub struct Loans;

/// A copy that is lent.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Loan {
    pub copy: CopyId,
    pub reader: SubjectId,
}

impl Projection for Loans {
    const NAME: &'static str = "loans";
    const VERSION: u32 = 1;
    type Row = Loan;
    type Event = LoanEvent;

    fn keys(fact: &Recorded<LoanEvent>) -> Keys {
        vec![Key::new("loans", fact.stream_id())]
    }

    fn evolve(_: &Key, _: Option<Loan>, fact: &Recorded<LoanEvent>) -> Option<Loan> {
        match &fact.data {
            LoanEvent::Lent(lent) => Some(Loan { copy: lent.copy.clone(), reader: lent.reader }),
            LoanEvent::Returned(_) => None,
        }
    }
}

pub fn read_models(visitor: &mut impl ProjectionVisitor) {
    visitor.visit::<Loans>();
}

/// The copies that are lent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListLoans {}

impl Query for ListLoans {
    const NAME: &'static str = "loans";
    const PATH: &'static str = "/loans";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = ANY_AUTHENTICATED;
    const PERSONAL: bool = true;
    type Answer = List<Loan>;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<Loan>, QueryError> {
        context.list::<Loans>(Span::whole("loans")).await
    }
}
