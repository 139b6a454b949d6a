//! A desk that gives out numbers, up to a limit: the smallest service that shows everything that the engine guarantees.
//! Each number shows the state that it was decided on: a duplicate or a gap would be a wrong decision.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::{
    collections::HashMap,
    sync::{Condvar, LazyLock, Mutex},
    time::Duration,
};

use bytes::Bytes;
use command_engine::{Answer, Catalogue, Engine, EngineOptions, Failure, Origin};
use event_core::{
    AccessRule, Caller, Class, Command, Context, Decision, Event, Issuer, LogName, OrganisationCode, Raw, Rejected,
    Rejection, Service, State, Stream, StreamName, SubjectId, events, nothing_new, record,
};
use event_log::{Append, Condition, Expected, Log, LogOptions, NewEvent, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;
use vocabulary::{
    access,
    access::{CallerRole, IdentityLevel, Permission},
    text::Reason,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NumberGiven {
    pub desk: String,
    pub number: u32,
}

static SERVICE: Service = Service { name: "desks", categories: &[DeskEvent::ABOUT] };

events! {
    /// The events of a desk.
    DeskEvent of SERVICE as "desk" on "desk" by (desk) {
        Given(NumberGiven) = "desk.number-given.v1",
    }
}

#[derive(Debug, Clone, Default)]
pub struct Desk {
    pub given: u32,
}

impl State for Desk {
    type Event = DeskEvent;

    fn evolve(&mut self, DeskEvent::Given(event): &DeskEvent) {
        if event.number == LOADS_SLOWLY {
            SLOW_LOADS.wait();
        }
        // The number is taken as it is, so a proposal on a state that was never stored leaves a trace.
        self.given = event.number;
    }
}

/// A number that makes the loading of its desk wait until `SLOW_LOADS` is opened.
pub const LOADS_SLOWLY: u32 = 77_777;
pub static SLOW_LOADS: Gate = Gate(Mutex::new(false), Condvar::new());

pub struct Gate(Mutex<bool>, Condvar);

impl Gate {
    pub fn open(&self) {
        *self.0.lock().expect("not poisoned") = true;
        self.1.notify_all();
    }

    fn wait(&self) {
        let open = self.0.lock().expect("not poisoned");
        let (_open, waited) =
            self.1.wait_timeout_while(open, Duration::from_secs(20), |open| !*open).expect("not poisoned");
        assert!(!waited.timed_out(), "nobody lets slow loads go");
    }
}

pub static NONE_LEFT: Rejection =
    Rejection { code: "none-left", class: Class::Conflict, title: "No number is left.", advice: "Try another desk." };

/// Take the next number of a desk.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TakeNumber {
    pub desk: String,
    /// How many there are.
    pub most: u32,
    /// Why.
    pub reason: Option<Reason>,
    /// Desks of which a number is taken too, or none of any.
    #[serde(default)]
    pub also: Option<String>,
    /// Nothing is new where this number was the last one.
    #[serde(default)]
    pub unless_given: Option<u32>,
}

impl Command for TakeNumber {
    const NAME: &'static str = "take-number";
    const WHO: &'static dyn AccessRule = event_core::access::ANY_AUTHENTICATED;
    const REJECTIONS: &'static [&'static Rejection] = &[&NONE_LEFT];
    type Reads = (Desk, Desk);

    fn subject(&self) -> Option<SubjectId> {
        None
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        None
    }

    fn streams(&self, _: &Context) -> (Stream<Desk>, Stream<Desk>) {
        (Stream::of(&self.desk), Stream::of(self.also.as_ref().unwrap_or(&self.desk)))
    }

    fn decide(&self, (desk, other): (&Desk, &Desk), _: &Context) -> Result<Decision, Rejected> {
        *DECISIONS.lock().expect("not poisoned").entry(self.desk.clone()).or_default() += 1;
        meddle(&self.desk, desk.given);
        assert_ne!(self.desk, "panic", "the desk that panics");
        if self.most == 0 || self.unless_given == Some(desk.given) {
            return Ok(nothing_new());
        }
        if desk.given >= self.most || (self.also.is_some() && other.given >= self.most) {
            return Err(NONE_LEFT.with("given", desk.given));
        }
        let decision = record(NumberGiven { desk: self.desk.clone(), number: desk.given + 1 });
        Ok(match &self.also {
            Some(also) => decision.and(NumberGiven { desk: also.clone(), number: other.given + 1 }),
            None => decision,
        })
    }
}

/// Look after a patient: for staff of the patient's practice, and for the patient.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LookAfter {
    pub patient: SubjectId,
}

impl Command for LookAfter {
    const NAME: &'static str = "look-after";
    const WHO: &'static dyn AccessRule = &access::patient(IdentityLevel::P9).or(access::staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] = &[];
    type Reads = Desk;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        None
    }

    fn streams(&self, _: &Context) -> Stream<Desk> {
        Stream::of(self.patient)
    }

    fn decide(&self, desk: &Desk, _: &Context) -> Result<Decision, Rejected> {
        Ok(record(NumberGiven { desk: self.patient.to_string(), number: desk.given + 1 }))
    }
}

/// The log in which another node gives out numbers of a desk between a decision and its append, and the number of times
/// left.
static MEDDLERS: LazyLock<Mutex<HashMap<String, (Log, u32)>>> = LazyLock::new(Mutex::default);

static DECISIONS: LazyLock<Mutex<HashMap<String, u32>>> = LazyLock::new(Mutex::default);

/// The number of decisions on this desk.
pub fn decisions(desk: &str) -> u32 {
    DECISIONS.lock().expect("not poisoned").get(desk).copied().unwrap_or_default()
}

/// Makes another node take the number first, whenever one of this desk is decided, at most `times` times.
pub fn meddle_with(desk: &str, log: &Log, times: u32) {
    MEDDLERS.lock().expect("not poisoned").insert(desk.to_owned(), (log.clone(), times));
}

fn meddle(desk: &str, given: u32) {
    if let Some((log, times)) = MEDDLERS.lock().expect("not poisoned").get_mut(desk)
        && *times > 0
    {
        *times -= 1;
        drop(log.submit(number(desk, given, given + 1)).expect("submitted"));
    }
}

/// An append that bypasses the engine.
pub fn number(desk: &str, revision: u32, number: u32) -> Append {
    let event = DeskEvent::from(NumberGiven { desk: desk.to_owned(), number });
    let data = event.encode().expect("written");
    append(desk_stream(desk), revision.into(), event.kind(), data)
}

pub fn append(stream: StreamName, revision: u64, kind: &'static str, data: Vec<u8>) -> Append {
    Append {
        conditions: vec![Condition { stream: stream.clone(), expected: Expected::Revision(revision) }],
        events: vec![NewEvent { stream, id: Uuid::now_v7(), kind, data: data.into() }],
        provenance: Provenance::by("{}"),
        idempotency: None,
        depends_on: vec![],
        may_use_reserve: false,
    }
}

pub fn desk_stream(desk: &str) -> StreamName {
    StreamName::of("desk", desk)
}

pub fn catalogue() -> Catalogue {
    Catalogue::new().with::<TakeNumber>().with::<LookAfter>()
}

/// An engine on a log of its own.
pub struct Harness {
    pub folder: TempDir,
    pub log: Log,
    pub engine: Engine,
}

pub async fn open(folder: &TempDir, options: LogOptions) -> Log {
    let url = format!("sqlite:{}", folder.path().display());
    Log::open(&url, LogName::Care, options).await.expect("a log")
}

pub async fn harness() -> Harness {
    harness_with(EngineOptions::default()).await
}

pub async fn harness_with(options: EngineOptions) -> Harness {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(&folder, LogOptions::default()).await;
    let engine = Engine::start(log.clone(), catalogue(), options);
    Harness { folder, log, engine }
}

impl Harness {
    pub async fn take(&self, desk: &str, most: u32) -> Result<Answer, Failure> {
        self.take_as(&new_key(), json!({"desk": desk, "most": most})).await
    }

    pub async fn take_as(&self, key: &str, body: Value) -> Result<Answer, Failure> {
        self.give(somebody(), "take-number", key, body).await
    }

    pub async fn give(&self, caller: Caller, name: &str, key: &str, body: Value) -> Result<Answer, Failure> {
        self.engine.execute(name, Bytes::from(body.to_string()), Origin::new(caller, key)).await
    }

    /// The stored numbers of a desk.
    pub async fn numbers(&self, desk: &str) -> Vec<u32> {
        self.events(&desk_stream(desk)).await.iter().map(decoded).collect()
    }

    pub async fn events(&self, stream: &StreamName) -> Vec<Raw> {
        self.log.read_stream(stream, 1, usize::MAX).await.expect("read").events
    }

    /// Waits without polling until the log has reached this position.
    pub async fn until(&self, position: u64) {
        let mut end = self.log.watch();
        let come = end.wait_for(|end| *end >= position);
        tokio::time::timeout(Duration::from_secs(20), come).await.expect("in time").expect("a log");
    }
}

pub fn decoded(event: &Raw) -> u32 {
    let DeskEvent::Given(given) = DeskEvent::decode(&event.kind, &event.data).expect("a number");
    given.number
}

pub fn new_key() -> String {
    Uuid::new_v4().to_string()
}

pub fn issuer() -> Issuer {
    "https://issuer.example".parse().expect("an issuer")
}

pub fn somebody() -> Caller {
    Caller {
        issuer: issuer(),
        id: "somebody".into(),
        role: CallerRole::Operator.into(),
        permissions: vec![],
        organisation: None,
        level: None,
    }
}

pub fn nurse(organisation: &str) -> Caller {
    Caller {
        issuer: issuer(),
        id: "nurse-1".into(),
        role: CallerRole::Staff.into(),
        permissions: vec![Permission::Booking.into()],
        organisation: Some(organisation.parse().expect("a code")),
        level: None,
    }
}

pub fn patient(subject: SubjectId, level: IdentityLevel) -> Caller {
    Caller {
        issuer: issuer(),
        id: subject.to_string().into(),
        role: CallerRole::Patient.into(),
        permissions: vec![],
        organisation: None,
        level: Some(level.into()),
    }
}

pub fn new_subject() -> SubjectId {
    SubjectId::new(Uuid::new_v4()).expect("version 4")
}

/// 1, 2, 3 …
pub fn counted(most: u32) -> Vec<u32> {
    (1..=most).collect()
}
