//! The contact details and the preferences of a person.

use event_core::{AccessRule, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::MyContact;
use vocabulary::{
    access::{IdentityLevel::P5, Permission, patient, staff},
    contacts::{EmailAddress, PhoneNumber, Preferences},
};

use query_engine::{Kind, Query, QueryContext, QueryError};

/// The contact details of a person, and the ways in which the person agreed to be notified. Without any, there is no
/// consent.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeContact {
    pub subject: SubjectId,
}

/// The contact details and the preferences of a person.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonContact {
    /// Absent, too, once the person's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<PhoneNumber>,
    /// Absent, too, once the person's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
    pub preferences: Preferences,
    /// Absent where nothing was ever given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
}

impl Query for SeeContact {
    const NAME: &'static str = "contact";
    const PATH: &'static str = "/patients/{subject}/contact";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &patient(P5).or(staff(Permission::Registration));
    const PERSONAL: bool = true;
    type Answer = PersonContact;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<PersonContact, QueryError> {
        let row = context.row::<MyContact>(&MyContact::key(self.subject)).await?;
        let closed = row.as_ref().and_then(|row| row.details.as_ref());
        let opener = context.opener(closed.map(|_| self.subject)).await?;
        let details = opener.open_some(self.subject, closed)?.unwrap_or_default();
        let (preferences, changed_at) = row.map(|row| (row.preferences, row.changed_at)).unzip();
        Ok(PersonContact {
            phone: details.phone,
            email: details.email,
            preferences: preferences.unwrap_or_default(),
            changed_at,
        })
    }
}
