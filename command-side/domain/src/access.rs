//! Who may do what, as data: shown, tested, and checked by one function.

use event_core::{
    Actor, Issuer, OrganisationCode, SubjectId,
    envelope::{IdentityLevel, Role},
};
use serde::Serialize;

/// What a member of staff, an auditor or an operator may be permitted to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// Open practices (the platform's operator).
    Practices,
    /// Change a practice's settings.
    PracticeAdmin,
    /// Register patients.
    Registration,
    /// Publish and withdraw clinic sessions.
    Clinics,
    /// Book, move and cancel for patients; see the day.
    Booking,
    /// Read the event log.
    Audit,
}

/// What one person may do for another. Grants nobody until relationships exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    Book,
    Order,
    View,
}

/// Who asks, as the token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The issuer of the token. An id is unique only within its issuer, so everything that belongs to a caller is kept
    /// under both.
    pub issuer: Issuer,
    /// A patient's subject id, or the id of a member of staff.
    pub id: Box<str>,
    pub role: Role,
    pub permissions: Vec<Permission>,
    pub organisation: Option<OrganisationCode>,
    pub level: Option<IdentityLevel>,
}

impl Caller {
    pub fn actor(&self) -> Actor {
        Actor {
            id: self.id.clone(),
            role: self.role,
            organisation: self.organisation.clone(),
            level: self.level,
            issuer: Some(self.issuer.clone()),
        }
    }

    /// The patient who asks, where it is one. A subject id is the platform's own and names one person, whichever issuer
    /// vouches for it.
    pub fn subject(&self) -> Option<SubjectId> {
        match self.role {
            Role::Patient => self.id.parse().ok(),
            Role::Staff | Role::Auditor | Role::Operator => None,
        }
    }
}

/// Who may give a command or ask a query. Deny by default: an arm that is absent admits nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// The person concerned, from this identity level on.
    pub patient: Option<IdentityLevel>,
    /// Somebody who acts for the person concerned with this capability.
    pub proxy: Option<Capability>,
    /// Staff of the organisation concerned with this permission; for a person, of the practice where they are registered.
    pub staff: Option<Permission>,
    /// An operator of the platform with this permission.
    pub operator: Option<Permission>,
    /// An auditor with this permission.
    pub auditor: Option<Permission>,
    /// Any authenticated caller.
    pub anybody: bool,
}

const NOBODY: Access =
    Access { patient: None, proxy: None, staff: None, operator: None, auditor: None, anybody: false };

pub const fn patient(level: IdentityLevel) -> Access {
    Access { patient: Some(level), ..NOBODY }
}

pub const fn proxy(capability: Capability) -> Access {
    Access { proxy: Some(capability), ..NOBODY }
}

pub const fn staff(permission: Permission) -> Access {
    Access { staff: Some(permission), ..NOBODY }
}

pub const fn operator(permission: Permission) -> Access {
    Access { operator: Some(permission), ..NOBODY }
}

pub const fn auditor(permission: Permission) -> Access {
    Access { auditor: Some(permission), ..NOBODY }
}

pub const fn anybody() -> Access {
    Access { anybody: true, ..NOBODY }
}

/// `a` where it is there, else `b` (`Option::or` is not const).
macro_rules! either {
    ($a:expr, $b:expr) => {
        match $a {
            Some(value) => Some(value),
            None => $b,
        }
    };
}

impl Access {
    /// Whoever either of them admits.
    #[must_use]
    pub const fn or(self, other: Access) -> Access {
        Access {
            patient: either!(self.patient, other.patient),
            proxy: either!(self.proxy, other.proxy),
            staff: either!(self.staff, other.staff),
            operator: either!(self.operator, other.operator),
            auditor: either!(self.auditor, other.auditor),
            anybody: self.anybody || other.anybody,
        }
    }

    /// Whether this caller may, for this person and organisation. `registered_at` is the practice at which the person
    /// is registered, and is asked for where `needs_registration` says so.
    ///
    /// # Errors
    /// Why not, in words that tell the caller nothing about the person.
    pub fn admits(
        &self,
        caller: &Caller,
        subject: Option<SubjectId>,
        organisation: Option<&OrganisationCode>,
        registered_at: Option<&OrganisationCode>,
    ) -> Result<(), Denied> {
        if self.anybody {
            return Ok(());
        }
        let permitted = |wanted: Option<Permission>| wanted.is_some_and(|p| caller.permissions.contains(&p));
        match caller.role {
            Role::Patient => match self.patient {
                Some(level) if subject.is_some() && caller.subject() == subject => {
                    if caller.level.is_some_and(|own| own >= level) {
                        Ok(())
                    } else {
                        Err(Denied::IdentityTooLow { level })
                    }
                }
                _ => Err(Denied::NotYours),
            },
            Role::Staff => {
                let own = caller.organisation.as_ref();
                let here = organisation.is_none_or(|concerned| Some(concerned) == own);
                let theirs = subject.is_none() || (registered_at.is_some() && registered_at == own);
                if permitted(self.staff) && own.is_some() && here && theirs { Ok(()) } else { Err(Denied::NotYours) }
            }
            Role::Operator if permitted(self.operator) => Ok(()),
            Role::Auditor if permitted(self.auditor) => Ok(()),
            Role::Operator | Role::Auditor => Err(Denied::NotYours),
        }
    }

    /// Whether the practice of the person concerned decides. Then the person's registration joins the conditions.
    pub fn needs_registration(&self, caller: &Caller, subject: Option<SubjectId>) -> bool {
        caller.role == Role::Staff && self.staff.is_some() && subject.is_some()
    }
}

/// Why a caller is not admitted. "Not yours" and "unknown" are one answer: who does not know stays without knowing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("This is not yours to see or change, or it does not exist.")]
    NotYours,
    #[error("Your identity has to be proven to a higher level for this.")]
    IdentityTooLow { level: IdentityLevel },
}
