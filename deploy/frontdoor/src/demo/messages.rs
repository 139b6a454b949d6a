//! The contact details and consents of the invented people, and a message that waits for the first of them.

use command_engine::Origin;
use domain::{
    contacts::{ChangeContact, SetPreferences},
    messages::SendMessage,
};
use event_core::{Issuer, Malformed};
use vocabulary::{contacts::Preferences, messages::ReplyOffer};

use super::{DemoCommand, people::Person, staff};

pub fn contact(issuer: &Issuer, person: &Person) -> DemoCommand<ChangeContact> {
    let command = ChangeContact {
        subject: person.subject.parse()?,
        phone: Some(person.phone.parse()?),
        email: Some(person.email.parse()?),
    };
    Ok((command, Origin::new(staff(issuer, person.practice), format!("demonstration-contact-{}", person.subject))))
}

pub fn preferences(issuer: &Issuer, person: &Person) -> DemoCommand<SetPreferences> {
    let preferences = Preferences { push: true, sms: true, email: false, reminders: true, research_opt_out: false };
    let command = SetPreferences { subject: person.subject.parse()?, preferences };
    Ok((command, Origin::new(staff(issuer, person.practice), format!("demonstration-consent-{}", person.subject))))
}

/// The message that waits for this person.
pub fn welcome(issuer: &Issuer, person: &Person) -> DemoCommand<SendMessage> {
    let words = ["YES", "NO"].into_iter().map(str::parse);
    let command = SendMessage {
        sender: person.practice.code.parse()?,
        request: "000000000001".parse()?,
        patient: person.subject.parse()?,
        title: "Your flu vaccination".parse()?,
        body: "You can have a flu vaccination at our practice this winter.\n\nDo you want us to invite you?".parse()?,
        replies: ReplyOffer::Keywords { keywords: words.collect::<Result<_, Malformed>>()? },
    };
    Ok((command, Origin::new(staff(issuer, person.practice), "demonstration-message-1")))
}
