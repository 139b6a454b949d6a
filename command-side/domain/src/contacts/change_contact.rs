use event_core::SubjectId;
use vocabulary::contacts::{ContactChanged, ContactDetails, EmailAddress, PhoneNumber};

use super::{contact::Contact, rejections::TOO_MANY_CONTACT_CHANGES};
use crate::prelude::*;

/// Change the phone number and the e-mail address at which a person is notified. What is left out is removed.
///
/// Contact details and preferences change at most 10 times a day, from midnight to midnight in London.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeContact {
    /// The person.
    pub subject: SubjectId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<PhoneNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
}

impl Command for ChangeContact {
    const NAME: &'static str = "change-contact";
    const WHO: &'static dyn AccessRule = &patient(P5).or(staff(Permission::Registration));
    const REJECTIONS: &'static [&'static Rejection] = &[&TOO_MANY_CONTACT_CHANGES];
    type Reads = Contact;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(self.subject)
    }

    fn decide(&self, contact: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let (known, details) =
            (contact.details(), ContactDetails { phone: self.phone.clone(), email: self.email.clone() });
        if known == details {
            return Ok(nothing_new());
        }
        let stays = |kept: bool, is_absent: bool| kept || is_absent;
        let only_removes = stays(known.phone == details.phone, details.phone.is_none())
            && stays(known.email == details.email, details.email.is_none());
        if !only_removes {
            contact.may_change(context.now)?;
        }
        Ok(record(ContactChanged { subject: self.subject, details: details.into(), changed_at: context.now }))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::contacts::ContactEvent;

    use super::*;
    use crate::{contacts::contact::CHANGES_A_DAY_MAX, spec::*};

    const CHANGED: [&str; 1] = ["contact.changed.v1"];

    fn change(phone: Option<&str>, email: Option<&str>) -> ChangeContact {
        let (phone, email) =
            (phone.map(|text| text.parse().expect("valid")), email.map(|text| text.parse().expect("valid")));
        ChangeContact { subject: alice(), phone, email }
    }

    #[test]
    fn contact_details_are_changed_and_the_same_again_is_nothing_new() {
        let details = ContactDetails { phone: "+447700900123".parse().ok(), email: None };
        let changed: ContactEvent =
            ContactChanged { subject: alice(), details: details.into(), changed_at: at(NOW) }.into();
        let once = world().when(change(Some("+447700900123"), None)).records(&[&changed]);
        let twice = once.when(change(Some("+447700900123"), None)).nothing_new();
        twice.when(change(None, Some("alice@example.com"))).records_kinds(&CHANGED);
        world().when(change(None, None)).nothing_new();
    }

    #[test]
    fn contact_details_change_ten_times_a_day_and_are_removed_at_any_time() {
        let number = |n: u32| format!("+4477009001{n:02}");
        let all = (0..CHANGES_A_DAY_MAX).fold(world(), |world, n| {
            world.when(change(Some(&number(n)), Some("alice@example.com"))).records_kinds(&CHANGED)
        });
        let (other, same) = (number(CHANGES_A_DAY_MAX), number(CHANGES_A_DAY_MAX - 1));
        all.clone().when(change(Some(&other), None)).rejected(&TOO_MANY_CONTACT_CHANGES);
        all.clone().when(change(Some(&same), None)).records_kinds(&CHANGED);
        all.clone().when(change(None, None)).records_kinds(&CHANGED);
        all.at("2026-03-03T00:00:00Z").when(change(Some(&other), None)).records_kinds(&CHANGED);
    }
}
