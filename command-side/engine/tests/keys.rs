//! The keys of persons in the engine: fetched for many commands at once, awaited by the commands that need them, and
//! missing.

mod common;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use command_engine::{Answer, Catalogue, Engine, EngineOptions, Failure, Origin};
use common::{append, new_key, open, somebody};
use event_core::{
    AccessRule, Command, Context, Decision, Event, Personal, Rejected, Rejection, Service, State, Stream, StreamName,
    SubjectId, events, nothing_new, record,
    testing::{RecordingKeyRing, person},
};
use event_log::{Log, LogOptions};
use futures::future::join_all;
use http_edge::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::timeout;
use vocabulary::text::Reason;

/// Far more than anything here takes.
const DEADLINE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoteKept {
    pub subject: SubjectId,
    pub text: Personal<Reason>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoteDropped {
    pub subject: SubjectId,
}

static SERVICE: Service = Service { name: "notes", categories: &[NoteEvent::ABOUT] };

events! {
    /// The note of a person.
    NoteEvent of SERVICE as "note" on "note" by (subject) {
        Kept(NoteKept) = "note.kept.v1",
        Dropped(NoteDropped) = "note.dropped.v1",
    }
}

#[derive(Debug, Clone, Default)]
pub struct Note(Option<Personal<Reason>>);

impl State for Note {
    type Event = NoteEvent;

    fn evolve(&mut self, event: &NoteEvent) {
        self.0 = match event {
            NoteEvent::Kept(kept) => Some(kept.text.clone()),
            NoteEvent::Dropped(_) => None,
        };
    }
}

/// Keep a note about a person.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeepNote {
    pub subject: SubjectId,
    /// The note.
    pub text: Reason,
}

impl Command for KeepNote {
    const NAME: &'static str = "keep-note";
    const WHO: &'static dyn AccessRule = event_core::access::ANY_AUTHENTICATED;
    const REJECTIONS: &'static [&'static Rejection] = &[];
    type Reads = Note;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Stream<Note> {
        Stream::of(self.subject)
    }

    fn decide(&self, note: &Note, _: &Context) -> Result<Decision, Rejected> {
        if note.0.as_ref().and_then(Personal::get) == Some(&self.text) {
            return Ok(nothing_new());
        }
        Ok(record(NoteKept { subject: self.subject, text: self.text.clone().into() }))
    }
}

/// Drop the note about a person.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DropNote {
    pub subject: SubjectId,
}

impl Command for DropNote {
    const NAME: &'static str = "drop-note";
    const WHO: &'static dyn AccessRule = event_core::access::ANY_AUTHENTICATED;
    const REJECTIONS: &'static [&'static Rejection] = &[];
    type Reads = Note;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Stream<Note> {
        Stream::of(self.subject)
    }

    fn decide(&self, note: &Note, _: &Context) -> Result<Decision, Rejected> {
        Ok(if note.0.is_some() { record(NoteDropped { subject: self.subject }) } else { nothing_new() })
    }
}

/// An engine with keys that can fail.
struct Notes {
    ring: Arc<RecordingKeyRing>,
    engine: Engine,
    log: Log,
    _folder: TempDir,
}

fn start(log: &Log, ring: &Arc<RecordingKeyRing>, keys_wait_max: Duration) -> Engine {
    let options = EngineOptions { keys: ring.clone(), keys_wait_max, ..EngineOptions::default() };
    Engine::start(log.clone(), Catalogue::new().with::<KeepNote>().with::<DropNote>(), options)
}

impl Notes {
    async fn new() -> Notes {
        let folder = tempfile::tempdir().expect("a folder");
        let log = open(&folder, LogOptions::default()).await;
        let ring = Arc::new(RecordingKeyRing::default());
        Notes { engine: start(&log, &ring, EngineOptions::default().keys_wait_max), ring, log, _folder: folder }
    }

    /// Three notes of each of these people are in the log; neither states nor keys are in memory.
    async fn cold(people: &[SubjectId]) -> Notes {
        let mut notes = Notes::new().await;
        for subject in people {
            for text in ["one", "two", "three"] {
                notes.keep(*subject, text).await.expect("stored");
            }
        }
        notes.restart(EngineOptions::default().keys_wait_max);
        notes
    }

    fn restart(&mut self, keys_wait_max: Duration) {
        self.ring.forget_all();
        self.engine = start(&self.log, &self.ring, keys_wait_max);
    }

    fn keep(&self, subject: SubjectId, text: &str) -> impl Future<Output = Result<Answer, Failure>> + use<> {
        self.give("keep-note", json!({"subject": subject, "text": text}))
    }

    fn drop_note(&self, subject: SubjectId) -> impl Future<Output = Result<Answer, Failure>> + use<> {
        self.give("drop-note", json!({"subject": subject}))
    }

    fn give(
        &self,
        name: &'static str,
        body: serde_json::Value,
    ) -> impl Future<Output = Result<Answer, Failure>> + use<> {
        let engine = self.engine.clone();
        async move {
            let answered = engine.execute(name, Bytes::from(body.to_string()), Origin::new(somebody(), new_key()));
            timeout(DEADLINE, answered).await.expect("answered")
        }
    }

    async fn until_prefetches(&self, count: usize) {
        timeout(DEADLINE, self.ring.until_prefetches(count)).await.expect("fetched");
    }
}

fn people() -> [SubjectId; 3] {
    [1, 2, 3].map(person)
}

#[tokio::test]
async fn an_events_fields_are_sealed_with_its_own_id_and_subject() {
    let notes = Notes::new().await;
    let answer = notes.keep(person(1), "one").await.expect("stored");
    assert_eq!(notes.ring.seals(), [(person(1), answer.events[0].id)]);
    assert_eq!(notes.ring.prefetches(), [[person(1)]], "a new person's key, when there is something to seal");
    assert_eq!(notes.keep(person(1), "one").await.expect("nothing new").events, []);
    notes.keep(person(1), "two").await.expect("stored");
    assert_eq!(notes.ring.prefetches().len(), 1, "what is at hand is not fetched again");
}

/// The trap: a fetch for each event, or for each stream.
#[tokio::test]
async fn the_keys_of_all_states_that_are_loaded_together_are_fetched_in_one_call() {
    let notes = Notes::cold(&people()).await;
    let before = notes.ring.prefetches().len();
    let answers = join_all(people().map(|subject| notes.keep(subject, "three"))).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.events.is_empty())), "{answers:?}");
    let mut fetched = notes.ring.prefetches().split_off(before);
    fetched.iter_mut().for_each(|subjects| subjects.sort_unstable());
    let mut expected = people();
    expected.sort_unstable();
    assert_eq!(fetched, [expected], "nine events of three people");
}

/// The trap: a vault that answers slowly, for which every command waits.
#[tokio::test]
async fn a_state_whose_key_does_not_come_delays_its_own_commands_only() {
    let many: Vec<SubjectId> = (1..=9).map(person).collect();
    let notes = Notes::cold(&many).await;
    let (bob, slow) = many.split_last().expect("nine");
    let mut calls = notes.ring.prefetches().len();
    let mut waiting = Vec::new();
    // More than reads of the log run at once, each in a fetch of its own.
    for subject in slow {
        notes.ring.hold_back(*subject);
        waiting.push(tokio::spawn(notes.keep(*subject, "four")));
        calls += 1;
        notes.until_prefetches(calls).await;
    }
    notes.keep(*bob, "four").await.expect("loaded, fetched, stored");
    notes.keep(*bob, "five").await.expect("in memory");
    assert!(waiting.iter().all(|command| !command.is_finished()));
    slow.iter().for_each(|subject| notes.ring.release(*subject));
    for answer in join_all(waiting).await {
        assert_eq!(answer.expect("no panic").expect("stored").events[0].revision, 4);
    }
}

#[tokio::test]
async fn a_command_whose_key_does_not_come_though_its_state_is_in_memory_delays_no_other() {
    let notes = Notes::new().await;
    let [alice, bob, _] = people();
    notes.keep(alice, "one").await.expect("stored");
    notes.ring.forget_all();
    notes.ring.hold_back(alice);
    let calls = notes.ring.prefetches().len();
    let waiting = tokio::spawn(notes.keep(alice, "two"));
    notes.until_prefetches(calls + 1).await;
    notes.keep(bob, "one").await.expect("stored");
    assert_eq!(notes.drop_note(alice).await.expect("it needs no key").events.len(), 1);
    assert!(!waiting.is_finished());
    notes.ring.release(alice);
    assert_eq!(waiting.await.expect("no panic").expect("stored").events[0].revision, 3);
}

#[tokio::test]
async fn without_keys_nothing_personal_is_stored_and_the_caller_may_come_again() {
    let mut notes = Notes::cold(&people()).await;
    let (alice, end) = (person(1), notes.log.end());
    notes.ring.set_unreachable(true);
    assert_eq!(notes.keep(alice, "four").await, Err(Failure::Unavailable), "to read the state");
    assert_eq!(notes.keep(person(9), "one").await, Err(Failure::Unavailable), "to write the event");
    assert_eq!(notes.log.end(), end);
    assert_eq!(notes.drop_note(person(8)).await.expect("nothing personal").events, []);
    notes.ring.set_unreachable(false);
    notes.keep(alice, "four").await.expect("stored");
    // A key that never comes is given up after a limit.
    notes.restart(Duration::from_millis(1));
    notes.ring.hold_back(alice);
    assert_eq!(notes.keep(alice, "five").await, Err(Failure::Unavailable));
    assert_eq!(notes.log.end(), end + 1);
}

/// A call fails for all of its keys; those that arrived nevertheless are used.
#[tokio::test]
async fn a_key_that_fails_fails_its_own_command_only() {
    let [alice, bob, _] = people();
    let mut notes = Notes::cold(&people()).await;
    notes.restart(Duration::from_millis(1));
    notes.ring.hold_back(alice);
    let (first, second) = tokio::join!(notes.keep(alice, "four"), notes.keep(bob, "four"));
    assert_eq!(first, Err(Failure::Unavailable));
    second.expect("its key has come");
}

#[tokio::test]
async fn an_erased_persons_state_is_read_without_its_fields_and_takes_nothing_personal() {
    let notes = Notes::cold(&people()).await;
    let (alice, end) = (person(1), notes.log.end());
    notes.ring.erase(alice);
    // The earlier note cannot be read any more, so the same text is new.
    let refused = notes.keep(alice, "three").await.expect_err("erased");
    assert_eq!(refused, Failure::Erased);
    let problem = Problem::from(refused);
    assert_eq!((problem.status().as_u16(), problem.code()), (410, "erased"));
    assert_eq!(notes.log.end(), end);
    assert_eq!(notes.drop_note(alice).await.expect("that there was one is known").events.len(), 1);
    notes.keep(person(2), "four").await.expect("no other is erased");
}

#[tokio::test]
async fn a_damaged_field_breaks_the_commands_on_its_stream_only() {
    let notes = Notes::cold(&[person(2)]).await;
    let stream = StreamName::of(NoteEvent::CATEGORY, person(1));
    let data = json!({"subject": person(1), "text": "p1.ZGFtYWdlZA"}).to_string().into_bytes();
    let mut damaged = append(stream, 0, NoteEvent::KINDS[0], data);
    damaged.provenance.subject = Some(person(1));
    notes.log.append(damaged).await.expect("stored");
    assert_eq!(notes.keep(person(1), "one").await, Err(Failure::Broken));
    notes.keep(person(2), "four").await.expect("stored");
}
