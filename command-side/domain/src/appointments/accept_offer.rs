use event_core::{LocalDate, OrganisationCode, SubjectId, Timestamp};
use vocabulary::{
    SessionId,
    appointments::{AppointmentBooked, OfferAccepted, SlotTaken},
    practices::PRACTICE_NOT_FOUND,
    registrations::Registration,
    text::{Comment, Reason},
};

use super::{
    diary::Diary,
    rejections::{
        IN_THE_PAST, LIMIT_REACHED, OFFER_LAPSED, OFFER_NOT_FOUND, OUTSIDE_BOOKING_WINDOW, OVERLAPPING_BOOKING,
        SESSION_NOT_FOUND, SLOT_NOT_FOUND, SLOT_TAKEN,
    },
    session::Session,
    waiting_list::WaitingList,
};
use crate::{
    practices::Practice,
    prelude::*,
    registrations::{has_to_be_at, rejections::NOT_REGISTERED_HERE},
};

/// Accept a slot that is offered: it is booked, and the patient leaves the waiting list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceptOffer {
    pub patient: SubjectId,
    /// The list: the first day of the month in which the patient joined.
    pub month: LocalDate,
    pub session: SessionId,
    pub starts_at: Timestamp,
    /// The reason in the patient's words; the practice reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Comment>,
}

impl Command for AcceptOffer {
    const NAME: &'static str = "accept-offer";
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] = &[
        &OFFER_NOT_FOUND,
        &OFFER_LAPSED,
        &NOT_REGISTERED_HERE,
        &PRACTICE_NOT_FOUND,
        &SESSION_NOT_FOUND,
        &SLOT_NOT_FOUND,
        &IN_THE_PAST,
        &OUTSIDE_BOOKING_WINDOW,
        &SLOT_TAKEN,
        &OVERLAPPING_BOOKING,
        &LIMIT_REACHED,
    ];
    type Reads = (Session, Diary, Practice, Registration, WaitingList);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        let site = self.session.site();
        let list = WaitingList::of(&site, self.month);
        (Stream::of(&self.session), Stream::of(self.patient), Stream::of(site), Stream::of(self.patient), list)
    }

    fn decide(
        &self,
        (session, diary, practice, registration, list): States<'_, Self>,
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let (now, patient, site) = (context.now, self.patient, self.session.site());
        let is_offered = list.offered(patient, &self.session, self.starts_at).is_some();
        if !is_offered && diary.standing_at(&self.session, self.starts_at).is_some() {
            return Ok(nothing_new());
        }
        list.can_accept(patient, &self.session, self.starts_at, now)?;
        has_to_be_at(registration, &site)?;
        let (clinic, settings) = (session.clinic()?, practice.settings()?);
        let time = clinic.time_of(self.starts_at, &[], settings, now)?;
        clinic.has_room(&time, patient, None, now)?;
        diary.has_room_for(&time, None, settings, context)?;
        let taken = SlotTaken { session: self.session.clone(), starts_at: self.starts_at, by: patient };
        let booked = AppointmentBooked {
            patient,
            version: diary.next_version(&time),
            reason: self.reason.clone().map(Into::into),
            comment: self.comment.clone().map(Into::into),
            time: time.clone(),
            booked_at: Some(now),
        };
        let accepted = OfferAccepted { site, month: self.month, patient, time, accepted_at: now };
        Ok(record(taken).and(booked).and(accepted))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::{appointments::SessionWithdrawn, practices::PracticeSettings};

    use super::*;
    use crate::{
        appointments::{LapseOffer, OfferSlot},
        spec::*,
    };

    const ACCEPTED: [&str; 3] = ["appointment.slot-taken.v1", "appointment.booked.v1", "waiting.offer-accepted.v1"];

    fn accept() -> AcceptOffer {
        let (session, starts_at) = (clinic(), at(NINE));
        AcceptOffer { patient: alice(), month: march(), session, starts_at, reason: None, comment: None }
    }

    fn offered_nine() -> World {
        let offer = OfferSlot { session: clinic(), starts_at: at(NINE), more_slots: vec![] };
        let waits = surgery().given(joined(alice()));
        waits.when(offer).records_kinds(&["appointment.slot-held.v1", "waiting.slot-offered.v1"])
    }

    #[test]
    fn an_accepted_offer_is_booked_once_and_the_patient_waits_no_longer() {
        let accepted = offered_nine().when(accept()).records_kinds(&ACCEPTED).when(accept()).nothing_new();
        accepted.when(OfferSlot { session: clinic(), starts_at: at(TEN_PAST), more_slots: vec![] }).nothing_new();
    }

    #[test]
    fn an_offer_is_accepted_within_30_minutes() {
        offered_nine().at("2026-03-02T08:29:59Z").when(accept()).records_kinds(&ACCEPTED);
        let late = offered_nine().at("2026-03-02T08:30:00Z");
        late.clone().when(accept()).rejected(&OFFER_LAPSED);
        let lapse = LapseOffer { patient: alice(), month: march(), session: clinic(), starts_at: at(NINE) };
        late.when(lapse).records_kinds(&["waiting.offer-lapsed.v1"]).when(accept()).rejected(&OFFER_LAPSED);
    }

    #[test]
    fn only_an_own_offer_is_accepted() {
        surgery().given(joined(alice())).when(accept()).rejected(&OFFER_NOT_FOUND);
        let bobs = AcceptOffer { patient: bob(), ..accept() };
        offered_nine().by(as_patient(bob())).when(bobs).rejected(&OFFER_NOT_FOUND);
        let of_april = AcceptOffer { month: "2026-04-01".parse().expect("a date"), ..accept() };
        offered_nine().when(of_april).rejected(&OFFER_NOT_FOUND);
    }

    #[test]
    fn the_rules_of_booking_hold_for_an_offer() {
        let elsewhere = "A12345.000000000002".parse().expect("valid");
        let overlapping = booked(alice(), time(elsewhere, NINE, TEN_PAST));
        offered_nine().given(overlapping.clone()).when(accept()).rejected(&OVERLAPPING_BOOKING);
        let one = PracticeSettings { open_bookings_max: 1, ..PracticeSettings::default() };
        let later = time("A12345.000000000002".parse().expect("valid"), TEN_PAST, TWENTY_PAST);
        let full = offered_nine().given(settings_changed(one)).given(booked(alice(), later));
        full.when(accept()).rejected(&LIMIT_REACHED);
        let timetable =
            vocabulary::appointments::Timetable { starts_at: at(NINE), ends_at: at(TEN_PAST), slot_minutes: 10 };
        let withdrawn = SessionWithdrawn { session: clinic(), timetable, orphaned: vec![], freed: None };
        offered_nine().given(withdrawn).when(accept()).rejected(&SESSION_NOT_FOUND);
        let short = PracticeSettings { booking_window_days: 6, ..PracticeSettings::default() };
        offered_nine().given(settings_changed(short)).when(accept()).rejected(&OUTSIDE_BOOKING_WINDOW);
    }
}
