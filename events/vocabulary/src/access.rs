//! The access rules of the health services, as data that can be displayed and tested, with one function that checks
//! them.

use event_core::{
    AccessRequest, AccessRule, Caller, Denied, OrganisationCode, StateRequest, Stream, SubjectId, state::AnyState,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::registrations::Registration;

/// Defines an enum of the words that a token uses for something.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$word_doc])* #[serde(rename = $text)] $word,)+
        }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$word),+];

            pub const fn as_str(self) -> &'static str {
                match self {
                    $($name::$word => $text,)+
                }
            }

            /// `None` for a word that this binary does not know.
            pub fn named(text: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }

        impl From<$name> for Box<str> {
            fn from(word: $name) -> Box<str> {
                word.as_str().into()
            }
        }
    };
}

words! {
    /// The capacity in which a caller acts.
    CallerRole {
        Patient = "patient",
        /// A person without an account, with an id that was made for this visit. It has no registration and no record.
        Anonymous = "anonymous",
        Staff = "staff",
        Auditor = "auditor",
        Operator = "operator",
        /// A policy of the platform. No token has this role.
        System = "system",
    }
}

words! {
    /// The level to which a person's identity was verified (NHS login).
    IdentityLevel {
        /// E-mail and phone.
        P0 = "P0",
        /// Matched to a demographic record.
        P5 = "P5",
        /// Proven identity.
        P9 = "P9",
    }
}

words! {
    /// A permission of a member of staff, an auditor or an operator.
    Permission {
        /// Open practices and pharmacies (the platform's operator).
        Practices = "practices",
        /// Change a practice's settings.
        PracticeAdmin = "practice-admin",
        /// Register patients.
        Registration = "registration",
        /// Publish and withdraw clinic sessions.
        Clinics = "clinics",
        /// Book, move and cancel for patients; see the day, and the registrations of the practice's patients.
        Booking = "booking",
        /// Write messages to the practice's patients, and read the replies.
        Messaging = "messaging",
        /// Authorise repeat medicines, and approve or reject requests for them.
        Prescribing = "prescribing",
        /// See the prescriptions that were sent to the own pharmacy, and report on them.
        Dispensing = "dispensing",
        /// Record the doses of people that come to the own site, and correct the records.
        Vaccinating = "vaccinating",
        /// Recall releases of pathways (the platform's operator).
        Pathways = "pathways",
        /// Recall lots of vaccines, and list the doses of a lot (the platform's operator).
        Vaccines = "vaccines",
        /// Read the event log.
        Audit = "audit",
        /// Watch the system and rebuild read models (the platform's operator).
        Operate = "operate",
    }
}

words! {
    /// A capability that one person may have for another. It grants no access until relationships exist.
    Capability {
        Book = "book",
        Order = "order",
        View = "view",
    }
}

impl CallerRole {
    /// `None` for a role that this binary does not know.
    pub fn of(caller: &Caller) -> Option<CallerRole> {
        CallerRole::named(&caller.role)
    }
}

/// The subject id of the caller if the caller is a patient. Subject ids belong to the platform, so an id names the same
/// person for every issuer.
pub fn patient_of(caller: &Caller) -> Option<SubjectId> {
    if CallerRole::of(caller) == Some(CallerRole::Patient) { caller.id.parse().ok() } else { None }
}

/// The subject id of the caller if the caller is a person without an account.
pub fn anonymous_of(caller: &Caller) -> Option<SubjectId> {
    if CallerRole::of(caller) == Some(CallerRole::Anonymous) { caller.id.parse().ok() } else { None }
}

/// True if the caller's role and level are known to the services, the role is not that of policies and, for a person,
/// the id is a subject id. A token of any other caller is not valid here.
pub fn is_known(caller: &Caller) -> bool {
    let level = caller.level.as_deref().is_none_or(|level| IdentityLevel::named(level).is_some());
    let role = CallerRole::of(caller);
    level
        && match role {
            Some(CallerRole::Patient) => patient_of(caller).is_some(),
            Some(CallerRole::Anonymous) => anonymous_of(caller).is_some(),
            Some(CallerRole::Staff | CallerRole::Auditor | CallerRole::Operator) => true,
            Some(CallerRole::System) | None => false,
        }
}

/// The callers that may give a command or make a query. Access is denied by default: an absent field admits no caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// The person concerned, with at least this identity level.
    pub patient: Option<IdentityLevel>,
    /// The person concerned, if they have no account.
    pub anonymous: bool,
    /// A caller that acts for the person concerned and has this capability.
    pub proxy: Option<Capability>,
    /// Staff with this permission at the organisation concerned or, for a person, at the practice where they are
    /// registered.
    pub staff: Option<Permission>,
    /// An operator of the platform with this permission.
    pub operator: Option<Permission>,
    /// An auditor with this permission.
    pub auditor: Option<Permission>,
    /// Policies of the platform.
    pub system: bool,
}

const NOBODY: Access =
    Access { patient: None, anonymous: false, proxy: None, staff: None, operator: None, auditor: None, system: false };

pub const fn patient(level: IdentityLevel) -> Access {
    Access { patient: Some(level), ..NOBODY }
}

/// The person concerned, without an account.
pub const fn anonymous() -> Access {
    Access { anonymous: true, ..NOBODY }
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

/// The platform's policies, which react to events.
pub const fn system() -> Access {
    Access { system: true, ..NOBODY }
}

/// `a` if it is `Some`, else `b` (`Option::or` is not const).
macro_rules! either {
    ($a:expr, $b:expr) => {
        match $a {
            Some(value) => Some(value),
            None => $b,
        }
    };
}

impl Access {
    /// Admits every caller that either rule admits.
    #[must_use]
    pub const fn or(self, other: Access) -> Access {
        Access {
            patient: either!(self.patient, other.patient),
            anonymous: self.anonymous || other.anonymous,
            proxy: either!(self.proxy, other.proxy),
            staff: either!(self.staff, other.staff),
            operator: either!(self.operator, other.operator),
            auditor: either!(self.auditor, other.auditor),
            system: self.system || other.system,
        }
    }

    /// `registered_at` is the practice at which the person concerned is registered.
    ///
    /// # Errors
    /// The reason for the denial, in words that reveal nothing about the person.
    fn admits(&self, request: &AccessRequest, registered_at: Option<&OrganisationCode>) -> Result<(), Denied> {
        let AccessRequest { caller, subject, organisation } = request;
        let permitted = |wanted: Option<Permission>| {
            wanted.is_some_and(|wanted| caller.permissions.iter().any(|own| **own == *wanted.as_str()))
        };
        let admitted = match CallerRole::of(caller) {
            Some(CallerRole::Patient) => match self.patient {
                Some(level) if subject.is_some() && patient_of(caller) == *subject => {
                    let own = caller.level.as_deref().and_then(IdentityLevel::named);
                    if own.is_none_or(|own| own < level) {
                        return Err(Denied::IdentityTooLow { level: level.as_str() });
                    }
                    true
                }
                _ => false,
            },
            Some(CallerRole::Anonymous) => self.anonymous && subject.is_some() && anonymous_of(caller) == *subject,
            Some(CallerRole::Staff) => {
                let own = caller.organisation.as_ref();
                let here = organisation.is_none() || organisation.as_ref() == own;
                let theirs = subject.is_none() || (registered_at.is_some() && registered_at == own);
                permitted(self.staff) && own.is_some() && here && theirs
            }
            Some(CallerRole::Operator) => permitted(self.operator),
            Some(CallerRole::Auditor) => permitted(self.auditor),
            Some(CallerRole::System) => self.system,
            None => false,
        };
        if admitted { Ok(()) } else { Err(Denied::NotYours) }
    }

    /// The registration of the person concerned, if the answer depends on it.
    fn registration(&self, request: &AccessRequest) -> Option<Stream<Registration>> {
        let is_staff = CallerRole::of(&request.caller) == Some(CallerRole::Staff);
        request.subject.filter(|_| is_staff && self.staff.is_some()).map(Stream::of)
    }
}

impl AccessRule for Access {
    fn by_token(&self, request: &AccessRequest) -> Result<Option<StateRequest>, Denied> {
        let registration = self.registration(request);
        // A caller that no registration could admit is rejected before the registration is read.
        let at_best = registration.as_ref().and(request.caller.organisation.as_ref());
        self.admits(request, at_best)?;
        Ok(registration.as_ref().map(StateRequest::from))
    }

    fn by_state(&self, request: &AccessRequest, state: &dyn AnyState) -> Result<(), Denied> {
        self.admits(request, state.as_any().downcast_ref::<Registration>().and_then(Registration::practice))
    }

    fn sentence(&self) -> String {
        let arms = [
            self.patient.map(|level| format!("the person concerned, identity level {} or higher", level.as_str())),
            self.anonymous.then(|| "the person concerned without an account".to_owned()),
            self.proxy.map(|capability| format!("a proxy with `{}`", capability.as_str())),
            self.staff.map(|permission| format!("staff of the practice concerned with `{}`", permission.as_str())),
            self.operator.map(|permission| format!("an operator with `{}`", permission.as_str())),
            self.auditor.map(|permission| format!("an auditor with `{}`", permission.as_str())),
            self.system.then(|| "policies of the platform".to_owned()),
        ];
        let arms: Vec<String> = arms.into_iter().flatten().collect();
        format!("Permitted: {}.", arms.join("; "))
    }

    fn data(&self) -> Value {
        json!(self)
    }
}
