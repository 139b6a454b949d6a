//! Fills a log with bookings directly: sessions, slots taken, appointments booked, cancelled, moved.

use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use event_core::{
    Event, StreamName, SubjectId, Timestamp,
    personal::{SubjectKeyRing, Unsealed, sealing},
};
use event_log::{Append, Condition, Expected, Log, NewEvent, Provenance};
use host::demo_key::DEMO_ISSUER;
use uuid::Uuid;
use vocabulary::{
    SessionId,
    appointments::{
        AppointmentBooked, AppointmentCancelled, BookedTime, CancellationReason, Channel, DiaryEvent, Practitioner,
        SessionEvent, SlotFreed, SlotTaken,
    },
};

/// 2026-03-02T09:00:00Z.
const FIRST_SLOT: Timestamp = Timestamp::from_micros(1_772_442_000_000_000);
const SLOTS: u64 = 30;
/// The number of bookings of one patient.
const BOOKINGS: u64 = 5;
/// One in this many bookings is cancelled.
const CANCELLED_ONE_IN: u64 = 10;
/// The number of requests that are submitted before their outcomes are awaited.
const IN_FLIGHT: usize = 1_000;

pub fn patient(n: u64) -> anyhow::Result<SubjectId> {
    // Deterministic, and of version 4 in form.
    let id = uuid::Builder::from_random_bytes((0x5EED << 96 | u128::from(n)).to_be_bytes()).into_uuid();
    Ok(SubjectId::new(id)?)
}

fn session(n: u64) -> anyhow::Result<SessionId> {
    session_at("A12345", n)
}

/// The `n`th session of a site.
///
/// # Errors
/// If the site's code is invalid.
pub fn session_at(site: &str, n: u64) -> anyhow::Result<SessionId> {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let own: String = (0..12).rev().map(|at| char::from(DIGITS[(n >> (at * 5) & 31) as usize])).collect();
    Ok(format!("{site}.{own}").parse()?)
}

struct SyntheticWriter {
    keys: Arc<dyn SubjectKeyRing>,
    log: Log,
    pending: Vec<event_log::Submission>,
    events: u64,
}

impl SyntheticWriter {
    async fn write(
        &mut self,
        conditions: &[(StreamName, u64)],
        events: Vec<(StreamName, BookingEvent)>,
        subject: SubjectId,
    ) -> anyhow::Result<()> {
        let condition = |(stream, revision): &(StreamName, u64)| Condition {
            stream: stream.clone(),
            expected: Expected::Revision(*revision),
        };
        let mut new = Vec::with_capacity(events.len());
        for (stream, event) in events {
            let id = Uuid::now_v7();
            let data = Bytes::from(sealing(&self.keys, Some(subject), id, || event.encode())??);
            new.push(NewEvent { stream, id, kind: event.kind(), data });
        }
        self.events += new.len() as u64;
        let actor = format!(
            r#"{{"id":"{subject}","role":"patient","organisation":null,"level":"P9","issuer":"{DEMO_ISSUER}"}}"#
        );
        let provenance = Provenance {
            actor: actor.into(),
            acting_for: None,
            subject: Some(subject),
            correlation: None,
            causation: None,
            trace: None,
        };
        self.pending.push(self.log.submit(Append {
            conditions: conditions.iter().map(condition).collect(),
            events: new,
            provenance,
            idempotency: None,
            depends_on: Vec::new(),
            may_use_reserve: false,
        })?);
        if self.pending.len() >= IN_FLIGHT { self.settle().await } else { Ok(()) }
    }

    async fn settle(&mut self) -> anyhow::Result<()> {
        for submission in self.pending.drain(..) {
            submission.outcome.await.context("an event of the synthetic log was refused")?;
        }
        Ok(())
    }
}

/// An event of one of the two categories.
enum BookingEvent {
    Session(SessionEvent),
    Diary(DiaryEvent),
}

impl BookingEvent {
    fn kind(&self) -> &'static str {
        match self {
            BookingEvent::Session(event) => event.kind(),
            BookingEvent::Diary(event) => event.kind(),
        }
    }

    fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        match self {
            BookingEvent::Session(event) => event.encode(),
            BookingEvent::Diary(event) => event.encode(),
        }
    }
}

fn time(n: u64, place: u64) -> anyhow::Result<BookedTime> {
    let starts_at = FIRST_SLOT.plus_days(i64::try_from(n % 300)?).plus_minutes(i64::try_from(place % SLOTS)? * 10);
    Ok(BookedTime {
        session: session(n)?,
        starts_at,
        ends_at: starts_at.plus_minutes(10),
        slot_minutes: 10,
        service: "gp-routine".parse()?,
        channel: Channel::InPerson,
        practitioner: Practitioner { name: "Dr A. Example".parse()?, role: "General practitioner".parse()? },
    })
}

/// Fills an empty log with at least `events` events: two for each booking, and two more if it is cancelled.
///
/// # Errors
/// If the log rejects one.
pub async fn fill(log: &Log, events: u64) -> anyhow::Result<u64> {
    let mut writer = SyntheticWriter { keys: Arc::new(Unsealed), log: log.clone(), pending: Vec::new(), events: 0 };
    // Revisions of the streams of the current patient and session; both are replaced when they are full.
    let mut session_revision = 0;
    let mut diary_revision = 0;
    for booking in 0.. {
        if writer.events >= events {
            break;
        }
        let (n, place) = (booking / SLOTS, booking % SLOTS);
        let by = patient(booking / BOOKINGS)?;
        session_revision *= u64::from(place != 0);
        diary_revision *= u64::from(booking % BOOKINGS != 0);
        let time = time(n, place)?;
        let in_session = StreamName::of(SessionEvent::CATEGORY, &time.session);
        let in_diary = StreamName::of(DiaryEvent::CATEGORY, by);
        let taken = SlotTaken { session: time.session.clone(), starts_at: time.starts_at, by };
        let booked = AppointmentBooked {
            patient: by,
            time: time.clone(),
            reason: Some("a sore knee".parse::<vocabulary::text::Reason>()?.into()),
            comment: None,
            version: 1,
            booked_at: Some(FIRST_SLOT),
        };
        let conditions = [(in_session.clone(), session_revision), (in_diary.clone(), diary_revision)];
        let events = vec![
            (in_session.clone(), BookingEvent::Session(taken.into())),
            (in_diary.clone(), BookingEvent::Diary(booked.into())),
        ];
        writer.write(&conditions, events, by).await?;
        (session_revision, diary_revision) = (session_revision + 1, diary_revision + 1);
        if booking % CANCELLED_ONE_IN == 0 {
            let freed = SlotFreed { session: time.session.clone(), starts_at: time.starts_at, by };
            let cancelled = AppointmentCancelled {
                patient: by,
                cancelled_at: time.starts_at,
                time,
                cause: CancellationReason::CancelledByCitizen,
                version: 2,
            };
            let conditions = [(in_session.clone(), session_revision), (in_diary.clone(), diary_revision)];
            let events = vec![
                (in_session, BookingEvent::Session(freed.into())),
                (in_diary, BookingEvent::Diary(cancelled.into())),
            ];
            writer.write(&conditions, events, by).await?;
            (session_revision, diary_revision) = (session_revision + 1, diary_revision + 1);
        }
    }
    writer.settle().await?;
    Ok(writer.events)
}
