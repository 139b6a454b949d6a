//! Shared helpers of the tests: a log to append events to, and the expected content of its views.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    path::Path,
    time::Duration,
};

use event_core::{
    Followed, Key, LogName, OrganisationCode, Projection, StreamName, Timestamp, event::Event, testing::encoded,
};
use event_log::{Append, Condition, Expected, Granted, Log, LogOptions, NewEvent, Provenance};
use projection_engine::{Model, ModelState, Reader, Scan, Views, ViewsError, Waited, models};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vocabulary::{
    SessionId,
    appointments::{Channel, Practitioner, SessionEvent, SessionPublished, Timetable},
    practices::{PracticeEvent, PracticeOpened, PracticeSettings},
};

/// Far longer than anything here takes.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A log, and the revisions of its streams.
pub struct Written {
    pub log: Log,
    revisions: HashMap<StreamName, u64>,
}

impl Written {
    pub async fn open(folder: &Path) -> Written {
        let url = format!("sqlite:{}", folder.display());
        let log = Log::open(&url, LogName::Care, LogOptions::default()).await.expect("the log opens");
        let mut revisions = HashMap::new();
        for event in log.read(0, 5_000).await.expect("reads") {
            revisions.insert(event.stream, event.revision);
        }
        Written { log, revisions }
    }

    /// Appends an event and returns its position.
    pub async fn append<E: Event>(&mut self, id: impl ToString, event: E) -> u64 {
        let data = encoded(&event);
        self.append_raw(StreamName::of(E::CATEGORY, id.to_string()), event.kind(), data).await
    }

    pub async fn append_raw(&mut self, stream: StreamName, kind: &'static str, data: Vec<u8>) -> u64 {
        let revision = self.revisions.entry(stream.clone()).or_default();
        let append = Append {
            conditions: vec![Condition { stream: stream.clone(), expected: Expected::Revision(*revision) }],
            events: vec![NewEvent { stream, id: Uuid::now_v7(), kind, data: data.into() }],
            provenance: Provenance::by(r#"{"id":"nurse-1","role":"staff","organisation":"A12345","level":null}"#),
            idempotency: None,
            depends_on: Vec::new(),
            may_use_reserve: false,
        };
        let granted = self.log.append(append).await.expect("it is stored");
        *revision += 1;
        let Granted::Stored(stored) = granted else { panic!("{granted:?}") };
        stored[0].position
    }

    /// Opens a practice: the smallest possible event.
    pub async fn open_practice(&mut self, number: usize) -> u64 {
        let opened = opened(number);
        self.append(opened.practice.clone(), PracticeEvent::from(opened)).await
    }

    /// Publishes a session with slots of one minute.
    pub async fn publish_session(&mut self, number: usize, slots: i64) -> u64 {
        let starts_at: Timestamp = "2026-07-01T08:00:00Z".parse().expect("an instant");
        let session: SessionId = format!("{}.{number:012}", practice(1)).parse().expect("a session");
        let published = SessionPublished {
            session: session.clone(),
            on: "2026-07-01".parse().expect("a date"),
            from: "09:00".parse().expect("a time"),
            until: "13:00".parse().expect("a time"),
            zone: vocabulary::time::LONDON.name().into(),
            timetable: Timetable { starts_at, ends_at: starts_at.plus_minutes(slots), slot_minutes: 1 },
            capacity: 1,
            service: "gp-routine".parse().expect("a service"),
            channel: Channel::Video,
            practitioner: Practitioner {
                name: "Dr Ada Synthetic".parse().expect("a line"),
                role: "GP".parse().expect("a line"),
            },
            practitioner_id: None,
            released_at: None,
        };
        self.append(session, SessionEvent::from(published)).await
    }

    /// Opens a practice, in an event with an additional field of this size that readers ignore.
    pub async fn open_large_practice(&mut self, number: usize, bytes: usize) -> u64 {
        let event = PracticeEvent::from(opened(number));
        let data = encoded(&event);
        let mut data: serde_json::Value = serde_json::from_slice(&data).expect("it is JSON");
        data["padding"] = "x".repeat(bytes).into();
        let stream = StreamName::of(PracticeEvent::CATEGORY, practice(number));
        self.append_raw(stream, event.kind(), data.to_string().into_bytes()).await
    }
}

pub fn practice(number: usize) -> OrganisationCode {
    format!("A{number:05}").parse().expect("a code")
}

pub fn opened(number: usize) -> PracticeOpened {
    PracticeOpened {
        practice: practice(number),
        name: format!("Surgery {number}").parse().expect("a line"),
        address: "1 Elm Road".parse().expect("a line"),
        settings: PracticeSettings::default(),
    }
}

/// Views that follow the log until they are stopped.
pub struct Running {
    pub views: Views,
    stop: CancellationToken,
    task: JoinHandle<Result<(), ViewsError>>,
}

impl Running {
    pub async fn start(folder: &Path, log: &Log, models: Vec<Model>) -> Running {
        Running::of(open_views(folder, log, models).await)
    }

    pub fn of(views: Views) -> Running {
        let stop = CancellationToken::new();
        let task = tokio::spawn({
            let (views, stop) = (views.clone(), stop.clone());
            async move { views.run(stop).await }
        });
        Running { views, stop, task }
    }

    pub async fn stop(self) -> Result<(), ViewsError> {
        self.stop.cancel();
        self.ended().await
    }

    /// Ends like a killed process: nothing is given back.
    #[allow(dead_code, reason = "only views that are shared outlive their process")]
    pub fn kill(self) {
        self.task.abort();
    }

    /// Waits until following has ended by itself.
    pub async fn ended(self) -> Result<(), ViewsError> {
        let ended = tokio::time::timeout(DEADLINE, self.task).await;
        ended.expect("it ends in time").expect("it does not panic")
    }

    pub async fn caught_up(&self, position: u64) {
        let caught_up = tokio::time::timeout(DEADLINE, self.views.caught_up(position));
        caught_up.await.expect("the views come to the end in time");
    }
}

pub async fn open_views(folder: &Path, log: &Log, models: Vec<Model>) -> Views {
    Views::open(&crate::world::views_url(folder).await, log.clone(), vocabulary::SERVICES, models)
        .await
        .expect("the views open")
}

/// Every read model of the workspace.
pub fn all_models() -> Vec<Model> {
    models(views::every_read_model)
}

/// The expected content of the view at `until`: the log's events, folded one by one. Rows as JSON.
pub async fn folded<P: Projection>(log: &Log, until: u64) -> BTreeMap<Key, String> {
    let mut rows: BTreeMap<Key, P::Row> = BTreeMap::new();
    let mut after = 0;
    while after < until {
        for raw in log.read(after, 5_000).await.expect("reads") {
            after = raw.position;
            let event = P::Event::read(&raw.kind, &raw.data).expect("it decodes");
            let Some(event) = event.filter(|_| after <= until) else { continue };
            let fact = raw.map(|_| event);
            for key in P::keys(&fact) {
                let row = rows.remove(&key);
                if let Some(row) = P::evolve(&key, row, &fact) {
                    rows.insert(key, row);
                }
            }
        }
    }
    rows.into_iter().map(|(key, row)| (key, serde_json::to_string(&row).expect("writes"))).collect()
}

/// Asserts that the view has exactly the rows of `expected`, partition by partition. Returns its checkpoint.
pub async fn holds_exactly<P: Projection>(views: &Views, expected: &BTreeMap<Key, String>) -> u64 {
    let reader = views.reader::<P>();
    let mut partitions: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    for (key, row) in expected {
        partitions.entry(&key.partition).or_default().push((key.sort.clone(), row.clone()));
    }
    for (partition, rows) in partitions {
        assert_eq!(whole(&reader, partition).await, rows, "{} of {partition}", P::NAME);
    }
    reader.row(&Key::new("nobody", "nothing")).await.expect("reads").position
}

/// All rows of a partition, read page by page.
pub async fn whole<P: Projection>(reader: &Reader<P>, partition: &str) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = Vec::new();
    loop {
        let from = rows.last().map_or(Bound::Unbounded, |(sort, _)| Bound::Excluded(sort.clone()));
        let scan = Scan { partition: partition.to_owned(), from, until: Bound::Unbounded, limit: 7, backwards: false };
        let page = reader.page(scan).await.expect("reads").value;
        if page.is_empty() {
            return rows;
        }
        rows.extend(page.into_iter().map(|(sort, row)| (sort, serde_json::to_string(&row).expect("writes"))));
    }
}

pub async fn reaches<P: Projection>(views: &Views, position: u64) {
    assert_eq!(views.reader::<P>().wait_for(position, DEADLINE).await, Waited::Reached, "{}", P::NAME);
}

/// The position and reason at which the read model has stopped, or `None` if it has not.
pub fn stopped(views: &Views, name: &str) -> Option<(u64, String)> {
    let status = views.status().into_iter().find(|status| status.name == name).expect("it is listed");
    match status.state {
        ModelState::Stopped { stopped_at, why } => Some((stopped_at, why)),
        ModelState::Following | ModelState::CatchingUp | ModelState::Retrying { .. } | ModelState::Rebuilding => None,
    }
}
