use event_core::{OrganisationCode, SubjectId, Timestamp};
use vocabulary::{SessionId, appointments::HoldReleased};

use super::{rejections::SESSION_NOT_FOUND, session::Session};
use crate::prelude::*;

/// Give a held slot back before the hold expires.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseHold {
    pub session: SessionId,
    /// The start of the slot.
    pub starts_at: Timestamp,
    pub patient: SubjectId,
}

impl Command for ReleaseHold {
    const NAME: &'static str = "release-hold";
    const WHO: &'static dyn AccessRule =
        &patient(P0).or(proxy(Capability::Book)).or(staff(Permission::Booking)).or(system());
    const REJECTIONS: &'static [&'static Rejection] = &[&SESSION_NOT_FOUND];
    const GIVES_UP: bool = true;
    type Reads = Session;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(&self.session)
    }

    fn decide(&self, session: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let held = session.clinic()?.hold(self.starts_at, self.patient);
        if held.is_none_or(|hold| hold.expires_at <= context.now) {
            return Ok(nothing_new());
        }
        let released = HoldReleased { session: self.session.clone(), starts_at: self.starts_at, by: self.patient };
        Ok(record(released))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::SessionEvent;

    use super::*;
    use crate::spec::*;

    fn release(slot: &str) -> ReleaseHold {
        ReleaseHold { session: clinic(), starts_at: at(slot), patient: alice() }
    }

    #[test]
    fn a_hold_is_given_back_once() {
        let holding = surgery().given(held(NINE, alice(), "2026-03-02T08:05:00Z"));
        let released: SessionEvent = HoldReleased { session: clinic(), starts_at: at(NINE), by: alice() }.into();
        holding.when(release(NINE)).records(&[&released]).when(release(NINE)).nothing_new();
    }

    #[test]
    fn an_expired_hold_another_ones_and_none_are_nothing_to_give_back() {
        let holding = surgery().given(held(NINE, alice(), "2026-03-02T08:05:00Z"));
        holding.clone().when(release(TEN_PAST)).nothing_new();
        holding.at("2026-03-02T08:05:00Z").when(release(NINE)).nothing_new();
        surgery().given(held(NINE, bob(), "2026-03-02T08:05:00Z")).when(release(NINE)).nothing_new();
        world().when(release(NINE)).rejected(&SESSION_NOT_FOUND);
    }
}
