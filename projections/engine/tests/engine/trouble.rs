//! Faults: in an event, in the log, and in another process.

use std::path::Path;

use crate::harness::{
    DEADLINE, Running, Written, all_models, folded, holds_exactly, open_views, practice, reaches, stopped,
};
use event_core::{Key, Keys, LogName, Projection, Recorded, StreamName};
use event_log::{Log, LogOptions, store::Opened};
use projection_engine::{Model, Waited, model};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use views::{DonorDecision, FreeSlots, MyAppointments, PracticeDay, PracticeRow, Practices};
use vocabulary::practices::PracticeEvent;

/// The list of practices, with code that panics at the thirteenth.
struct Fragile;

impl Projection for Fragile {
    const NAME: &'static str = "fragile";
    const VERSION: u32 = 1;
    type Row = PracticeRow;
    type Event = PracticeEvent;

    fn keys(fact: &Recorded<PracticeEvent>) -> Keys {
        Practices::keys(fact)
    }

    fn evolve(key: &Key, row: Option<PracticeRow>, fact: &Recorded<PracticeEvent>) -> Option<PracticeRow> {
        assert!(*key != Practices::key(&practice(13)), "thirteen is too much");
        Practices::evolve(key, row, fact)
    }
}

fn both() -> Vec<Model> {
    vec![model::<Practices>(), model::<Fragile>()]
}

async fn row_exists<P: Projection>(running: &Running, number: usize) -> bool {
    let row = running.views.reader::<P>().row(&Practices::key(&practice(number))).await.expect("it goes on serving");
    assert_eq!(row.stopped, stopped(&running.views, P::NAME).is_some());
    row.value.is_some()
}

/// Waits until the read model has stopped. A wait for a position that is not reached ends immediately.
async fn stops<P: Projection>(running: &Running) -> (u64, String) {
    assert_eq!(running.views.reader::<P>().wait_for(u64::MAX, DEADLINE).await, Waited::Late);
    stopped(&running.views, P::NAME).expect("it has stopped")
}

/// The trap: a poison event that is skipped, or that blocks all read models.
#[tokio::test]
async fn poison_is_neither_skipped_nor_does_it_block_all() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    for number in 1..=20 {
        written.open_practice(number).await;
    }
    let running = Running::start(folder.path(), &written.log, both()).await;
    reaches::<Practices>(&running.views, 20).await;
    reaches::<Fragile>(&running.views, 12).await;
    let (at, why) = stops::<Fragile>(&running).await;
    assert_eq!((at, why.as_str()), (13, "it panicked"), "the panic's own text may quote data");
    assert!(row_exists::<Fragile>(&running, 12).await, "what lies before the poison is there");
    assert!(!row_exists::<Fragile>(&running, 14).await, "nothing after the poison is");
    assert!(row_exists::<Practices>(&running, 20).await, "the others go on");
    running.stop().await.expect("it ends well");
}

#[tokio::test]
async fn a_kind_that_this_binary_does_not_know_stops_those_who_follow_its_service() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    written.open_practice(1).await;
    let stream = StreamName::of("practice", practice(1));
    written.append_raw(stream, "practice.merged.v1", b"{}".to_vec()).await;
    written.open_practice(2).await;
    let running = Running::start(folder.path(), &written.log, all_models()).await;
    let (at, why) = stops::<Practices>(&running).await;
    assert_eq!((at, why.contains("practice.merged.v1")), (2, true), "{why}");
    assert!(row_exists::<Practices>(&running, 1).await && !row_exists::<Practices>(&running, 2).await);
    reaches::<FreeSlots>(&running.views, 3).await;
    reaches::<MyAppointments>(&running.views, 3).await;
    reaches::<PracticeDay>(&running.views, 3).await;
    reaches::<DonorDecision>(&running.views, 3).await;
    running.stop().await.expect("it ends well");
}

#[tokio::test]
async fn data_that_does_not_decode_stops_and_is_told_again_after_a_restart() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let stream = StreamName::of("practice", practice(1));
    written.append_raw(stream, "practice.opened.v1", b"{\"practice\":7}".to_vec()).await;
    for _ in 0..2 {
        let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
        assert_eq!(stops::<Practices>(&running).await.0, 1);
        running.stop().await.expect("it ends well");
    }
}

/// The trap: reported as running although stuck. A stopped read model is listed as such, with its position and the
/// reason, and its lag grows.
#[tokio::test]
async fn a_read_model_is_not_reported_running_though_stuck() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    written.open_practice(13).await;
    let running = Running::start(folder.path(), &written.log, both()).await;
    stops::<Fragile>(&running).await;
    let end = written.open_practice(14).await;
    reaches::<Practices>(&running.views, end).await;
    let lags: Vec<_> = running.views.status().iter().map(|status| (status.name, status.lag_events)).collect();
    assert_eq!(lags, [("fragile", 2), ("practices", 0)]);
    running.stop().await.expect("it ends well");
}

#[tokio::test]
async fn views_of_another_lineage_are_not_continued() {
    let (folder, other) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let mut written = Written::open(folder.path()).await;
    let end = written.open_practice(1).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    reaches::<Practices>(&running.views, end).await;
    running.stop().await.expect("it ends well");

    let mut written = Written::open(other.path()).await;
    written.open_practice(2).await;
    written.open_practice(3).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let (at, why) = stops::<Practices>(&running).await;
    assert_eq!((at, why.contains("lineage")), (1, true), "{why}");
    assert!(row_exists::<Practices>(&running, 1).await && !row_exists::<Practices>(&running, 3).await);
    running.stop().await.expect("it ends well");
}

/// The trap: a log that was restored to an older point. The views are ahead of it, and later have processed another
/// event at their checkpoint.
#[tokio::test]
async fn a_log_restored_to_an_older_point_stops_the_views_until_they_are_rebuilt() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    written.open_practice(1).await;
    written.log.close().await;
    let backup = folder.path().join("backup");
    std::fs::copy(folder.path().join("care.db"), &backup).expect("it is copied");

    let mut written = Written::open(folder.path()).await;
    let end = written.open_practice(2).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    reaches::<Practices>(&running.views, end).await;
    running.stop().await.expect("it ends well");
    written.log.close().await;
    restore(folder.path(), &backup);

    let mut written = Written::open(folder.path()).await;
    let views = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let (at, why) = stopped(&views, "practices").expect("it is ahead of the log");
    assert_eq!((at, why.contains("the log ends at 1")), (2, true), "{why}");

    written.open_practice(3).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let (at, why) = stops::<Practices>(&running).await;
    assert_eq!((at, why.contains("another event")), (2, true), "{why}");
    running.views.rebuild("practices", |_| {}).await.expect("it is rebuilt");
    assert_eq!(stopped(&running.views, "practices"), None);
    assert!(!row_exists::<Practices>(&running, 2).await && row_exists::<Practices>(&running, 3).await);
    let end = written.open_practice(4).await;
    reaches::<Practices>(&running.views, end).await;
    running.stop().await.expect("it ends well");
}

/// The bug: a checkpoint that had just been read was compared with an end of the log that had been read earlier.
#[tokio::test]
async fn a_log_whose_end_is_known_late_is_not_taken_for_a_restored_one() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    for number in 1..=5 {
        written.open_practice(number).await;
    }
    reaches::<Practices>(&running.views, 5).await;
    running.stop().await.expect("it ends well");
    written.log.close().await;

    let options = LogOptions::default();
    let opened = event_log::sqlite::open(folder.path(), LogName::Care, &options).await.expect("it opens");
    let log = Log::start(Opened { end: 2, ..opened }, &options);
    let views = open_views(folder.path(), &log, vec![model::<Practices>()]).await;
    assert_eq!((stopped(&views, "practices"), log.end()), (None, 2));
    let report = views.rebuild("practices", |_| {}).await.expect("it is rebuilt");
    assert_eq!(report.events, 5, "the log's database tells where it ends");
    holds_exactly::<Practices>(&views, &folded::<Practices>(&log, 5).await).await;
    log.close().await;
}

fn restore(folder: &Path, backup: &Path) {
    for file in ["care.db-wal", "care.db-shm"] {
        // Closing the log may have removed the file already.
        let _ = std::fs::remove_file(folder.join(file));
    }
    std::fs::copy(backup, folder.join("care.db")).expect("it is restored");
}

/// Changes a file while it is open elsewhere.
async fn tamper(file: &Path, sql: &'static str) {
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await.expect("opens");
    sqlx::query(sql).execute(&mut connection).await.expect("runs");
    connection.close().await.expect("closes");
}

#[tokio::test]
async fn what_is_missing_or_damaged_in_the_log_stops_and_is_not_stepped_over() {
    for (harm, why_expected) in [
        ("DELETE FROM event WHERE position = 3", "hole"),
        ("DELETE FROM event WHERE position >= 3", "hole"),
        ("UPDATE event SET meta = x'00' WHERE position = 3", "damaged"),
    ] {
        let folder = TempDir::new().expect("a folder");
        let mut written = Written::open(folder.path()).await;
        for number in 1..=5 {
            written.open_practice(number).await;
        }
        tamper(&folder.path().join("care.db"), harm).await;
        let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
        let (at, why) = stops::<Practices>(&running).await;
        assert_eq!((at, why.contains(why_expected)), (3, true), "{harm}: {why}");
        assert!(row_exists::<Practices>(&running, 2).await && !row_exists::<Practices>(&running, 4).await, "{harm}");
        running.stop().await.expect("it ends well");
    }
}

#[tokio::test]
async fn a_stored_row_that_does_not_decode_stops_and_a_rebuild_mends_it() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let end = written.open_practice(1).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    reaches::<Practices>(&running.views, end).await;
    crate::world::damage_practices(folder.path()).await;
    let end = written.open_practice(1).await;
    let (at, why) = stops::<Practices>(&running).await;
    assert_eq!((at, why.contains("does not decode")), (end, true), "{why}");
    running.views.rebuild("practices", |_| {}).await.expect("it is rebuilt");
    reaches::<Practices>(&running.views, end).await;
    assert!(row_exists::<Practices>(&running, 1).await);
    running.stop().await.expect("it ends well");
}
