use event_core::SubjectId;
use vocabulary::contacts::{Preferences, PreferencesSet};

use super::{contact::Contact, rejections::TOO_MANY_CONTACT_CHANGES, strict::StrictPreferences};
use crate::prelude::*;

/// Say in which ways a person is notified, and if their data may be used for research. Nothing is sent by a way that is
/// not allowed.
///
/// Contact details and preferences change at most 10 times a day, from midnight to midnight in London. A consent can be
/// withdrawn at any time.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetPreferences {
    /// The person.
    pub subject: SubjectId,
    #[serde(with = "StrictPreferences")]
    #[schemars(with = "StrictPreferences")]
    pub preferences: Preferences,
}

impl Command for SetPreferences {
    const NAME: &'static str = "set-preferences";
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
        let (known, preferences) = (contact.preferences, self.preferences);
        if known == preferences {
            return Ok(nothing_new());
        }
        if allows_more(&known, &preferences) {
            contact.may_change(context.now)?;
        }
        Ok(record(PreferencesSet { subject: self.subject, preferences, set_at: context.now }))
    }
}

/// True if a consent is given that was not given before. An opt-out takes a consent back.
fn allows_more(known: &Preferences, preferences: &Preferences) -> bool {
    (preferences.push && !known.push)
        || (preferences.sms && !known.sms)
        || (preferences.email && !known.email)
        || (preferences.reminders && !known.reminders)
        || (!preferences.research_opt_out && known.research_opt_out)
}

#[cfg(test)]
mod specs {
    use vocabulary::contacts::ContactEvent;

    use super::*;
    use crate::{contacts::contact::CHANGES_A_DAY_MAX, spec::*};

    const SET: [&str; 1] = ["contact.preferences-set.v1"];

    fn set(preferences: Preferences) -> SetPreferences {
        SetPreferences { subject: alice(), preferences }
    }

    fn push(push: bool) -> Preferences {
        Preferences { push, ..Preferences::default() }
    }

    #[test]
    fn consent_is_given_per_channel_and_the_same_again_is_nothing_new() {
        let preferences = Preferences { sms: true, reminders: true, ..Preferences::default() };
        let recorded: ContactEvent = PreferencesSet { subject: alice(), preferences, set_at: at(NOW) }.into();
        world().when(set(preferences)).records(&[&recorded]).when(set(preferences)).nothing_new();
        world().when(set(Preferences::default())).nothing_new();
    }

    #[test]
    fn a_consent_is_withdrawn_and_research_is_opted_out_of_at_any_time() {
        let all = (0..CHANGES_A_DAY_MAX)
            .fold(world(), |world, n| world.when(set(push(n % 2 == 0))).records_kinds(&SET))
            .when(set(push(true)))
            .rejected(&TOO_MANY_CONTACT_CHANGES);
        let out = Preferences { research_opt_out: true, ..Preferences::default() };
        let opted_out = all.when(set(out)).records_kinds(&SET);
        for more in [
            Preferences { push: true, ..out },
            Preferences { sms: true, ..out },
            Preferences { email: true, ..out },
            Preferences { reminders: true, ..out },
            Preferences::default(),
        ] {
            opted_out.clone().when(set(more)).rejected(&TOO_MANY_CONTACT_CHANGES);
        }
        opted_out.at("2026-03-03T00:00:00Z").when(set(push(true))).records_kinds(&SET);
    }
}
