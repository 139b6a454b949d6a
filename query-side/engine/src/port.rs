//! The port by which routes and pages ask queries: it checks access, answers, and reports the freshness of the answer.

use std::sync::Arc;

use event_core::{AccessRequest, AccessRule, Caller, LogPosition, Timestamp};
use http_edge::{Problem, problem_catalogue::UNAUTHENTICATED};
use tokio::{sync::watch, time::Instant};

use crate::{
    context::{Freshness, QueryContext},
    error::QueryError,
    page::Paging,
    query::Query,
    sources::{Clock, QuerySources},
};

/// The port. Cheap to clone.
#[derive(Clone)]
pub struct QueryPort(Arc<QuerySources>);

/// The outcome of a query, with the place in the log that it comes from.
pub struct Asked<T> {
    pub outcome: Result<T, QueryError>,
    /// The lowest position of the rows that were read. `None` if nothing was read, or the outcome does not depend on it.
    pub position: Option<LogPosition>,
    /// True if the outcome is older than the position that was asked for.
    pub late: bool,
    /// True if the outcome may lack recent events: it is late, or a view that it comes from has stopped.
    pub stale: bool,
    /// The path of the page of the log that follows this one.
    pub next_page: Option<String>,
}

impl<T> Asked<T> {
    fn refused(refusal: QueryError) -> Asked<T> {
        Asked { outcome: Err(refusal), position: None, late: false, stale: false, next_page: None }
    }
}

impl QueryPort {
    /// A port to these sources, on the clock of this machine.
    pub fn new(sources: QuerySources) -> QueryPort {
        QueryPort(Arc::new(sources))
    }

    /// The clock of this machine.
    pub fn system_clock() -> Clock {
        Arc::new(|| Timestamp::from_jiff(jiff::Timestamp::now()))
    }

    pub fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    /// The end of the log, as this process learns of it.
    pub fn log_end(&self) -> watch::Receiver<u64> {
        self.0.log.watch()
    }

    /// Checks an access rule that belongs to no query, such as that of the pages about the system.
    ///
    /// # Errors
    /// If the caller is not admitted.
    pub async fn admit(&self, caller: &Caller, rule: &dyn AccessRule) -> Result<(), Problem> {
        let access = AccessRequest { caller: caller.clone(), subject: None, organisation: None };
        self.0.gate.admit(rule, &access).await
    }

    /// Asks a query on behalf of this caller, and counts it in the metrics.
    pub async fn ask<Q: Query>(
        &self,
        caller: &Caller,
        query: &Q,
        wanted: Freshness,
        paging: Paging,
    ) -> Asked<Q::Answer> {
        let began = Instant::now();
        let access =
            AccessRequest { caller: caller.clone(), subject: query.subject(), organisation: query.organisation() };
        let asked = match self.0.gate.admit(Q::WHO, &access).await {
            Ok(()) => self.answered(query, wanted, paging).await,
            Err(denied) => Asked::refused(QueryError::Gate(denied)),
        };
        counted::<Q>(asked, began)
    }

    /// Asks a query without a caller, and counts it in the metrics. Only a query that needs no token has an answer.
    pub async fn ask_for_anybody<Q: Query>(&self, query: &Q, wanted: Freshness, paging: Paging) -> Asked<Q::Answer> {
        let began = Instant::now();
        let asked = match Q::WHO.needs_token() {
            true => Asked::refused(QueryError::Gate(Problem::of(&UNAUTHENTICATED))),
            false => self.answered(query, wanted, paging).await,
        };
        counted::<Q>(asked, began)
    }

    async fn answered<Q: Query>(&self, query: &Q, wanted: Freshness, paging: Paging) -> Asked<Q::Answer> {
        let mut context = match QueryContext::new(&self.0, wanted, paging).await {
            Ok(context) => context,
            Err(refusal) => return Asked::refused(refusal),
        };
        let outcome = query.answer(&mut context).await;
        // A rejection is as old as the rows that it comes from, too: a missing thing may be about to appear.
        if context.late() && wanted.strict {
            return Asked::refused(QueryError::Behind);
        }
        match outcome {
            // A failed answer says nothing about the rows, however many were read before.
            Err(failure) if !matches!(failure, QueryError::Rejected(_)) => return Asked::refused(failure),
            Ok(_) | Err(_) => {}
        }
        Asked {
            outcome,
            position: context.position(),
            late: context.late(),
            stale: context.stale(),
            next_page: context.next_page,
        }
    }
}

fn counted<Q: Query>(asked: Asked<Q::Answer>, began: Instant) -> Asked<Q::Answer> {
    let outcome = asked.outcome.as_ref().map_or_else(QueryError::outcome, |_| "answered");
    count::<Q>(outcome, began);
    if asked.stale {
        metrics::counter!("query_stale_answers_total", "query" => Q::NAME).increment(1);
    }
    asked
}

/// Counts an outcome of a query in the metrics.
pub(crate) fn count<Q: Query>(outcome: &'static str, began: Instant) {
    metrics::counter!("queries_total", "query" => Q::NAME, "outcome" => outcome).increment(1);
    metrics::histogram!("query_seconds", "query" => Q::NAME).record(began.elapsed());
}
