use event_core::{LocalDate, OrganisationCode};
use vocabulary::{PractitionerId, SessionId, appointments::PractitionerFreed};

use super::{practitioner_day::PractitionerDay, session::Session};
use crate::prelude::*;

/// Free the time of a practitioner whose clinic session was withdrawn, so that another one can be planned.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FreePractitioner {
    pub practitioner: PractitionerId,
    pub on: LocalDate,
    pub session: SessionId,
}

impl Command for FreePractitioner {
    const NAME: &'static str = "free-practitioner";
    const WHO: &'static dyn AccessRule = &system();
    const REJECTIONS: &'static [&'static Rejection] = &[];
    const GIVES_UP: bool = true;
    type Reads = (Session, PractitionerDay);

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(&self.session), PractitionerDay::of(&self.practitioner, self.on))
    }

    fn decide(&self, (session, day): States<'_, Self>, _: &Context) -> Result<Decision, Rejected> {
        let is_withdrawn = match session {
            Session::Withdrawn(_) => true,
            Session::Open(_) | Session::Unpublished => false,
        };
        if !is_withdrawn || !day.has(&self.session) {
            return Ok(nothing_new());
        }
        let (practitioner, on, session) = (self.practitioner.clone(), self.on, self.session.clone());
        Ok(record(PractitionerFreed { practitioner, on, session }))
    }
}
