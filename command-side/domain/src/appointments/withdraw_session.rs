use event_core::OrganisationCode;
use vocabulary::{
    SessionId,
    appointments::{PractitionersDay, SessionWithdrawn},
    bookings_version::BookingsVersion,
};

use super::{
    rejections::{BOOKINGS_AFFECTED, BOOKINGS_CHANGED, SESSION_NOT_FOUND},
    session::Session,
};
use crate::prelude::*;

/// Withdraw a clinic session. Holds on its slots end with it.
///
/// If patients have booked it, the refusal `bookings-affected` names the version of its list of bookings. The command with
/// that version as `affected` withdraws the session: its bookings become orphaned, and their patients may book again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WithdrawSession {
    pub session: SessionId,
    /// The version of the session's list of bookings that the caller has seen. Left out if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected: Option<BookingsVersion>,
}

impl Command for WithdrawSession {
    const NAME: &'static str = "withdraw-session";
    const WHO: &'static dyn AccessRule = &staff(Permission::Clinics);
    const REJECTIONS: &'static [&'static Rejection] = &[&SESSION_NOT_FOUND, &BOOKINGS_AFFECTED, &BOOKINGS_CHANGED];
    const GIVES_UP: bool = true;
    type Reads = Session;

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(&self.session)
    }

    fn decide(&self, session: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        match session {
            Session::Withdrawn(_) => Ok(nothing_new()),
            Session::Unpublished => Err((&SESSION_NOT_FOUND).into()),
            Session::Open(clinic) => {
                let orphaned = clinic.coming(context.now);
                clinic.confirmed(&orphaned, self.affected.as_ref())?;
                let timetable = clinic.details.timetable.clone();
                let (on, practitioner) = (clinic.details.on, clinic.details.practitioner_id.clone());
                let freed = practitioner.map(|practitioner| PractitionersDay { practitioner, on });
                Ok(record(SessionWithdrawn { session: self.session.clone(), timetable, orphaned, freed }))
            }
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{BookedPlace, SessionEvent};

    use super::*;
    use crate::{appointments::BookAppointment, spec::*};

    const WITHDRAWN: [&str; 1] = ["appointment.session-withdrawn.v1"];

    fn withdraw() -> WithdrawSession {
        WithdrawSession { session: clinic(), affected: None }
    }

    fn seeing(places: &[(&str, event_core::SubjectId)]) -> WithdrawSession {
        let places = places.iter().map(|(start, by)| (at(start), *by));
        WithdrawSession { affected: Some(BookingsVersion::of(places)), ..withdraw() }
    }

    #[test]
    fn a_session_without_bookings_is_withdrawn_once_and_holds_end_with_it() {
        let holding = surgery().given(held(NINE, alice(), "2026-03-02T08:05:00Z"));
        let gone = holding.when(withdraw()).records_kinds(&WITHDRAWN).when(withdraw()).nothing_new();
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
    fn a_session_with_bookings_is_withdrawn_when_the_list_of_them_was_seen() {
        world().when(withdraw()).rejected(&SESSION_NOT_FOUND);
        let booked = surgery().given(taken(NINE, alice())).given(taken(TEN_PAST, bob()));
        let details = booked.clone().when(withdraw()).rejected_with(&BOOKINGS_AFFECTED);
        let list = [(NINE, alice()), (TEN_PAST, bob())];
        let confirmed = seeing(&list);
        let version = confirmed.affected.as_ref().expect("a version").to_string();
        assert_eq!((&details["bookings"], &details["version"]), (&2.into(), &version.into()));
        assert_eq!(details["startsAt"], serde_json::json!([NINE, TEN_PAST]));
        let withdrawn: SessionEvent = SessionWithdrawn {
            session: clinic(),
            timetable: vocabulary::appointments::Timetable {
                starts_at: at(NINE),
                ends_at: at("2026-03-09T09:30:00Z"),
                slot_minutes: 10,
            },
            orphaned: list.map(|(start, by)| BookedPlace { starts_at: at(start), by }).to_vec(),
            freed: None,
        }
        .into();
        booked.when(confirmed).records(&[&withdrawn]);
    }

    #[test]
    fn a_list_of_bookings_that_has_changed_since_is_stale() {
        let booked = surgery().given(taken(NINE, alice())).given(taken(TEN_PAST, bob()));
        booked.clone().when(seeing(&[(NINE, alice())])).rejected(&BOOKINGS_CHANGED);
        booked.when(seeing(&[])).rejected(&BOOKINGS_CHANGED);
        surgery().when(seeing(&[(NINE, alice())])).rejected(&BOOKINGS_CHANGED);
    }

    #[test]
    fn what_has_begun_is_not_affected() {
        let booked = surgery().given(taken(NINE, alice())).given(taken(TEN_PAST, bob())).at("2026-03-09T09:05:00Z");
        assert_eq!(booked.clone().when(withdraw()).rejected_with(&BOOKINGS_AFFECTED)["bookings"], 1);
        booked.at(TEN_PAST).when(withdraw()).records_kinds(&WITHDRAWN);
    }
}
