//! Publish a clinic session, so that its slots can be booked.

use schemars::JsonSchema;
use serde::Deserialize;
use vocabulary::{
    LocalDate, OdsCode, SessionId, SubjectId,
    appointment::{Channel, Practitioner, ServiceType, SessionPublished, Timetable},
    time::{LocalTime, ZONE, instant_of},
};

use super::{
    rejections::{SESSION_EXISTS, SESSION_INVALID},
    session::Session,
};
use crate::{
    Access, Command, Context, Decision, Permission, Rejected, Rejection, Stream,
    access::staff,
    command::{nothing_new, record},
    practices::{Practice, rejections::PRACTICE_NOT_FOUND},
};

/// How far ahead a session can be published.
pub const DAYS_AHEAD_MAX: i64 = 365;
/// Patients in one slot.
pub const CAPACITY_MAX: u16 = 100;
/// Slots times capacity. Each place leaves room for several changes of mind before the stream is full (10,000 events).
pub const PLACES_MAX: usize = 2_000;

/// Publish a clinic session, so that its slots can be booked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublishSession {
    /// The session's new id: the site's ODS code, a dot, and 12 random characters of Crockford base32.
    pub session: SessionId,
    /// The day, in London: tomorrow at the earliest, in 365 days at the latest.
    pub on: LocalDate,
    /// When it begins, on the clock of London.
    pub from: LocalTime,
    pub until: LocalTime,
    /// How long a slot is: 1 to 480 minutes.
    #[schemars(range(min = 1, max = 480))]
    pub slot_minutes: u16,
    /// How many patients can have the same slot: 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub capacity: u16,
    pub service: ServiceType,
    pub channel: Channel,
    pub practitioner: Practitioner,
}

impl Command for PublishSession {
    const NAME: &'static str = "publish-session";
    const WHO: Access = staff(Permission::Clinics);
    const REJECTIONS: &'static [&'static Rejection] = &[&PRACTICE_NOT_FOUND, &SESSION_EXISTS, &SESSION_INVALID];
    type Reads = (Session, Practice);

    fn subject(&self) -> Option<SubjectId> {
        None
    }

    fn organisation(&self) -> Option<OdsCode> {
        Some(self.session.site())
    }

    fn streams(&self) -> (Stream<Session>, Stream<Practice>) {
        (Stream::of(&self.session), Stream::of(self.session.site()))
    }

    fn decide(&self, (session, practice): (&Session, &Practice), context: &Context) -> Result<Decision, Rejected> {
        practice.settings()?;
        let published = self.published()?;
        match session {
            Session::Open(clinic) if *clinic.details == published => Ok(nothing_new()),
            Session::Open(_) | Session::Withdrawn => Err((&SESSION_EXISTS).into()),
            Session::Unpublished => {
                let days = self.on.days_since(context.now.local_date());
                if !(1..=DAYS_AHEAD_MAX).contains(&days) {
                    return Err(invalid("the day has to be tomorrow at the earliest and in 365 days at the latest"));
                }
                Ok(record(&self.streams().0, published))
            }
        }
    }
}

impl PublishSession {
    fn published(&self) -> Result<SessionPublished, Rejected> {
        if !(1..=480).contains(&self.slot_minutes) {
            return Err(invalid("a slot has 1 to 480 minutes"));
        }
        if !(1..=CAPACITY_MAX).contains(&self.capacity) {
            return Err(invalid("a slot is for 1 to 100 patients"));
        }
        if self.from >= self.until {
            return Err(invalid("it has to begin before it ends"));
        }
        // A civil time that the clocks skip or repeat is refused, never guessed.
        let instant = |time| instant_of(self.on, time).map_err(|fault| invalid(&format!("{time}: {fault}")));
        let timetable = Timetable {
            starts_at: instant(self.from)?,
            ends_at: instant(self.until)?,
            slot_minutes: self.slot_minutes,
        };
        match timetable.slots().count() {
            0 => return Err(invalid("not one slot fits between its start and its end")),
            slots if slots * usize::from(self.capacity) > PLACES_MAX => {
                return Err(invalid("slots times capacity has to be 2000 at most"));
            }
            _ => {}
        }
        Ok(SessionPublished {
            session: self.session.clone(),
            on: self.on,
            from: self.from,
            until: self.until,
            zone: ZONE.into(),
            timetable,
            capacity: self.capacity,
            service: self.service.clone(),
            channel: self.channel,
            practitioner: self.practitioner.clone(),
        })
    }
}

fn invalid(why: &str) -> Rejected {
    SESSION_INVALID.with("why", why)
}
