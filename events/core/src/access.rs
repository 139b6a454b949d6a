//! Access: the rules that admit callers to commands and queries. A token describes the caller; each service decides by
//! rules of its own which callers it admits.

use serde_json::Value;

use crate::{
    envelope::Actor,
    ids::{Issuer, OrganisationCode, SubjectId},
    state::{AnyState, StateRequest},
};

/// The caller, as described by a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The issuer of the token. An id is unique only within its issuer, so everything that belongs to a caller is kept
    /// under both.
    pub issuer: Issuer,
    /// The token's `sub`: the id of a person or of a member of staff.
    pub id: Box<str>,
    /// A value that the services define, like `permissions` and `level`.
    pub role: Box<str>,
    pub permissions: Vec<Box<str>>,
    pub organisation: Option<OrganisationCode>,
    /// The level to which the person's identity was proven.
    pub level: Option<Box<str>>,
}

impl Caller {
    pub fn actor(&self) -> Actor {
        Actor {
            id: self.id.clone(),
            role: self.role.clone(),
            organisation: self.organisation.clone(),
            level: self.level.clone(),
            issuer: Some(self.issuer.clone()),
        }
    }
}

/// A caller's request to give a command or to ask a query.
#[derive(Debug, Clone)]
pub struct AccessRequest {
    pub caller: Caller,
    /// The person concerned; this person's relationship to the caller decides.
    pub subject: Option<SubjectId>,
    pub organisation: Option<OrganisationCode>,
}

/// Decides which callers are admitted to a command or a query. The port between the engines and the services.
pub trait AccessRule: Send + Sync {
    /// Decides by the token alone if that is enough. Otherwise returns the state that `by_state` needs; it joins the
    /// conditions under which the command is stored.
    ///
    /// # Errors
    /// The caller is not admitted, whatever a state says.
    fn by_token(&self, request: &AccessRequest) -> Result<Option<StateRequest>, Denied>;

    /// Decides by the state that `by_token` asked for.
    ///
    /// # Errors
    /// The caller is not admitted.
    fn by_state(&self, request: &AccessRequest, state: &dyn AnyState) -> Result<(), Denied>;

    /// A sentence about the admitted callers, for the API's description.
    fn sentence(&self) -> String;

    /// The same as JSON, for programs.
    fn data(&self) -> Value;

    /// False if a query is answered without a token, too.
    fn needs_token(&self) -> bool {
        true
    }
}

/// The reason why a caller is not admitted. "Not yours" and "unknown" are one answer, so that a caller learns nothing
/// about others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("This is not yours to see or change, or it does not exist.")]
    NotYours,
    #[error("Your identity has to be proven to a higher level for this.")]
    IdentityTooLow { level: &'static str },
}

/// Admits every caller with a valid token.
pub const ANY_AUTHENTICATED: &dyn AccessRule = &AnyAuthenticated;

/// Admits all callers, also those without a token. For queries that say nothing about a person.
pub const ANYBODY: &dyn AccessRule = &Anybody;

/// Admits callers that have this role in their token.
pub struct WithRole(pub &'static str);

impl AccessRule for WithRole {
    fn by_token(&self, request: &AccessRequest) -> Result<Option<StateRequest>, Denied> {
        if *request.caller.role == *self.0 { Ok(None) } else { Err(Denied::NotYours) }
    }

    fn by_state(&self, _: &AccessRequest, _: &dyn AnyState) -> Result<(), Denied> {
        Ok(())
    }

    fn sentence(&self) -> String {
        format!("Permitted: callers with the role `{}`.", self.0)
    }

    fn data(&self) -> Value {
        serde_json::json!({"role": self.0})
    }
}

struct Anybody;

impl AccessRule for Anybody {
    fn by_token(&self, _: &AccessRequest) -> Result<Option<StateRequest>, Denied> {
        Ok(None)
    }

    fn by_state(&self, _: &AccessRequest, _: &dyn AnyState) -> Result<(), Denied> {
        Ok(())
    }

    fn sentence(&self) -> String {
        "Permitted: everybody, also without a token.".to_owned()
    }

    fn data(&self) -> Value {
        serde_json::json!({"anybody": true})
    }

    fn needs_token(&self) -> bool {
        false
    }
}

struct AnyAuthenticated;

impl AccessRule for AnyAuthenticated {
    fn by_token(&self, _: &AccessRequest) -> Result<Option<StateRequest>, Denied> {
        Ok(None)
    }

    fn by_state(&self, _: &AccessRequest, _: &dyn AnyState) -> Result<(), Denied> {
        Ok(())
    }

    fn sentence(&self) -> String {
        "Permitted: every caller with a valid token.".to_owned()
    }

    fn data(&self) -> Value {
        serde_json::json!({"anyAuthenticated": true})
    }
}
