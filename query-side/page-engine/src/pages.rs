//! The ports that pages use: queries, commands, sign-ins.

use std::sync::Arc;

use event_core::{Caller, Command, LogPosition, Timestamp};
use http_edge::{CommandGranted, Commands, PageCommand, Problem, SignInPort, problem_catalogue::INTERNAL};
use query_engine::{Asked, Query, QueryError, QueryPort, context::Freshness, page::Paging};
use serde::{Serialize, de::DeserializeOwned};
use tokio_util::sync::CancellationToken;

use crate::{Operations, error::PageError, form::PostedForm, streams::LiveStreams, visitor::Visitor};

/// An invented person of a demonstration, in whose name visitors may sign in.
#[derive(Debug, Clone)]
pub struct DemoPerson {
    /// The name in the address of signing in: letters, digits and dashes.
    pub id: Box<str>,
    pub name: Box<str>,
    /// A sentence about the person's role.
    pub role: Box<str>,
    pub caller: Caller,
}

/// The sources of pages.
pub struct PageSources {
    pub queries: QueryPort,
    pub commands: Arc<dyn Commands>,
    pub sign_ins: Arc<dyn SignInPort>,
    pub operations: Arc<dyn Operations>,
    /// The people of the demonstration. Empty outside it, so that visitors cannot sign in.
    pub people: Vec<DemoPerson>,
    /// Ends the open event streams.
    pub stop: CancellationToken,
}

/// The sources of pages, as a handle. Cheap to clone.
#[derive(Clone)]
pub struct Pages {
    sources: Arc<PageSources>,
    pub(crate) streams: Arc<LiveStreams>,
}

/// The answer to a query, as a page shows it.
#[derive(Debug)]
pub struct Shown<T> {
    pub answer: T,
    /// True if the answer may lack recent events, such as the visitor's last change.
    pub stale: bool,
    pub position: Option<LogPosition>,
}

impl std::ops::Deref for Pages {
    type Target = PageSources;

    fn deref(&self) -> &PageSources {
        &self.sources
    }
}

impl Pages {
    pub fn new(sources: PageSources) -> Pages {
        Pages { sources: Arc::new(sources), streams: Arc::default() }
    }

    pub fn now(&self) -> Timestamp {
        self.queries.now()
    }

    /// Asks a query on behalf of the visitor, after the visitor's last change.
    ///
    /// # Errors
    /// If the query fails.
    pub async fn ask<Q: Query>(&self, visitor: &Visitor, query: &Q) -> Result<Shown<Q::Answer>, QueryError> {
        self.ask_for(visitor, query, Paging::default()).await
    }

    /// The same for a part of a list.
    ///
    /// # Errors
    /// If the query fails.
    pub async fn ask_for<Q: Query>(
        &self,
        visitor: &Visitor,
        query: &Q,
        paging: Paging,
    ) -> Result<Shown<Q::Answer>, QueryError> {
        let asked = self.asked(visitor, query, paging).await;
        Ok(Shown { answer: asked.outcome?, stale: asked.stale, position: asked.position })
    }

    /// The same with the freshness of a rejection, too: what is missing may be about to appear.
    pub async fn asked<Q: Query>(&self, visitor: &Visitor, query: &Q, paging: Paging) -> Asked<Q::Answer> {
        let after = if visitor.up_to_date { Some(*self.queries.log_end().borrow()) } else { visitor.after };
        let wanted = Freshness { after, strict: false };
        let asked = self.queries.ask(visitor.caller(), query, wanted, paging.clone()).await;
        if matches!(asked.outcome, Err(QueryError::UnknownPosition)) {
            // The address is of another history of the log, or was edited. The page shows what there is.
            return self.queries.ask(visitor.caller(), query, Freshness::default(), paging).await;
        }
        asked
    }

    /// Gives a command on behalf of the visitor, with the key of the form.
    ///
    /// # Errors
    /// If it is not granted.
    pub async fn give<C: Command>(&self, form: &PostedForm, command: &C) -> Result<CommandGranted, Problem> {
        self.give_with(form, form.key.clone(), command).await
    }

    /// The same with another key, for a further command of the same form.
    ///
    /// # Errors
    /// If it is not granted.
    pub async fn give_with<C: Command>(
        &self,
        form: &PostedForm,
        key: Box<str>,
        command: &C,
    ) -> Result<CommandGranted, Problem> {
        let body = serde_json::to_vec(command).map_err(|error| {
            tracing::error!(%error, command = C::NAME, "a command could not be written");
            Problem::of(&INTERNAL)
        })?;
        let visitor = &form.visitor;
        let (caller, trace) = (visitor.caller().clone(), visitor.trace.clone());
        let command =
            PageCommand { name: C::NAME, body: body.into(), caller, idempotency_key: key, correlation: None, trace };
        self.commands.give(command).await
    }

    /// Keeps what the visitor has typed, for the next page of the form. It is personal, so it is in no address.
    ///
    /// # Errors
    /// If it cannot be kept.
    pub async fn keep(&self, visitor: &Visitor, name: &str, draft: &impl Serialize) -> Result<(), PageError> {
        let text = serde_json::to_string(draft).map_err(|error| {
            tracing::error!(%error, "a draft could not be written");
            Problem::of(&INTERNAL)
        })?;
        Ok(self.sign_ins.keep(&visitor.cookies, name, &text).await?)
    }

    /// The draft of this name; `None` if there is none, or it is of another version.
    ///
    /// # Errors
    /// If it cannot be read now.
    pub async fn kept<T: DeserializeOwned>(&self, visitor: &Visitor, name: &str) -> Result<Option<T>, PageError> {
        let text = self.sign_ins.kept(&visitor.cookies, name).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// The invented person with this id.
    pub fn person(&self, id: &str) -> Option<&DemoPerson> {
        self.people.iter().find(|person| *person.id == *id)
    }
}

/// The result of a page's handler.
pub type PageResult<T> = Result<T, PageError>;
