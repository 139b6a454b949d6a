use event_core::OrganisationCode;
use vocabulary::{SessionId, appointments::SessionWithdrawn};

use super::{
    rejections::{BOOKINGS_AFFECTED, SESSION_NOT_FOUND},
    session::Session,
};
use crate::prelude::*;

/// Withdraw a clinic session that has no bookings. Holds on its slots end with it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WithdrawSession {
    pub session: SessionId,
}

impl Command for WithdrawSession {
    const NAME: &'static str = "withdraw-session";
    const WHO: &'static dyn AccessRule = &staff(Permission::Clinics);
    const REJECTIONS: &'static [&'static Rejection] = &[&SESSION_NOT_FOUND, &BOOKINGS_AFFECTED];
    const GIVES_UP: bool = true;
    type Reads = Session;

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(&self.session)
    }

    fn decide(&self, session: States<'_, Self>, _: &Context) -> Result<Decision, Rejected> {
        match session {
            Session::Withdrawn => Ok(nothing_new()),
            Session::Unpublished => Err((&SESSION_NOT_FOUND).into()),
            Session::Open(clinic) if clinic.bookings() > 0 => {
                Err(BOOKINGS_AFFECTED.with("bookings", clinic.bookings()))
            }
            Session::Open(clinic) => {
                let timetable = clinic.details.timetable.clone();
                Ok(record(SessionWithdrawn { session: self.session.clone(), timetable }))
            }
        }
    }
}

#[cfg(test)]
mod specs {

    use super::*;
    use crate::{appointments::BookAppointment, spec::*};

    fn withdraw() -> WithdrawSession {
        WithdrawSession { session: clinic() }
    }

    #[test]
    fn a_session_without_bookings_is_withdrawn_once_and_holds_end_with_it() {
        let holding = surgery().given(held(NINE, alice(), "2026-03-02T08:05:00Z"));
        let gone = holding
            .when(withdraw())
            .records_kinds(&["appointment.session-withdrawn.v1"])
            .when(withdraw())
            .nothing_new();
        let confirm = BookAppointment {
            session: clinic(),
            starts_at: at(NINE),
            more_slots: vec![],
            patient: alice(),
            reason: None,
            comment: None,
            confirms_hold: true,
        };
        gone.when(confirm).rejected(&SESSION_NOT_FOUND);
    }

    #[test]
    fn a_session_with_bookings_is_not_withdrawn() {
        surgery().given(taken(NINE, alice())).when(withdraw()).rejected(&BOOKINGS_AFFECTED);
        world().when(withdraw()).rejected(&SESSION_NOT_FOUND);
    }
}
