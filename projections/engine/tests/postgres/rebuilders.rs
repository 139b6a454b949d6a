//! Rebuilds by several processes, and the remains of one that ended.

use std::{
    path::Path,
    sync::{Condvar, Mutex, PoisonError},
};

use event_core::{Key, Keys, Projection, Recorded};
use projection_engine::{Views, ViewsError, model};
use sqlx::{AssertSqlSafe, Connection, Row};
use tempfile::TempDir;
use views::{PracticeRow, Practices};
use vocabulary::practices::PracticeEvent;

use crate::{
    harness::{Running, Written, folded, holds_exactly, open_views, practice, reaches},
    sharing::until,
    world::connect,
};

const PRACTICES: usize = 20;

/// A log with some practices, and views that follow it.
async fn followed(folder: &Path) -> (Written, Running) {
    let mut written = Written::open(folder).await;
    let running = Running::start(folder, &written.log, vec![model::<Practices>()]).await;
    let mut end = 0;
    for number in 1..=PRACTICES {
        end = written.open_practice(number).await;
    }
    running.caught_up(end).await;
    (written, running)
}

/// Asserts that each of these processes reads all practices, and that the views continue to follow.
async fn all_is_well(written: &mut Written, following: &Running, others: &[&Views]) {
    let number = usize::try_from(written.log.end()).expect("a number") + 1;
    let end = written.open_practice(number).await;
    reaches::<Practices>(&following.views, end).await;
    let expected = folded::<Practices>(&written.log, end).await;
    assert_eq!(expected.len(), number);
    for views in others.iter().copied().chain([&following.views]) {
        assert_eq!(holds_exactly::<Practices>(views, &expected).await, end);
    }
}

/// `(build, live)` of every build, in the order of their numbers.
async fn builds(folder: &Path) -> Vec<(i64, bool)> {
    let query = "SELECT build, live FROM views.projection ORDER BY build";
    sqlx::query_as(query).fetch_all(&mut connect(folder).await).await.expect("answers")
}

async fn run(folder: &Path, statement: &str) {
    let statement = AssertSqlSafe(statement.to_owned());
    sqlx::raw_sql(statement).execute(&mut connect(folder).await).await.expect("runs");
}

async fn is_true(folder: &Path, condition: &str) -> bool {
    let query = AssertSqlSafe(format!("SELECT coalesce(({condition}), false)"));
    sqlx::query(query).fetch_one(&mut connect(folder).await).await.expect("answers").get(0)
}

/// The bug: the number of a new build came from the memory of one process, and an existing build with that number was
/// dropped first, even if it was live.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_rebuild_in_turn() {
    let folder = TempDir::new().expect("a folder");
    let (mut written, running) = followed(folder.path()).await;
    let one = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let other = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let mut numbers = Vec::new();
    for views in [&one, &other, &running.views, &one] {
        numbers.push(views.rebuild("practices", |_| {}).await.expect("it is rebuilt").build);
        all_is_well(&mut written, &running, &[&one, &other]).await;
    }
    assert_eq!(numbers, [2, 3, 4, 5], "no number is given twice");
    running.stop().await.expect("it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_that_rebuild_at_once_one_is_told_so_and_nothing_is_destroyed() {
    let folder = TempDir::new().expect("a folder");
    let (mut written, running) = followed(folder.path()).await;
    let one = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let other = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    for _ in 0..5 {
        let outcomes = tokio::join!(one.rebuild("practices", |_| {}), other.rebuild("practices", |_| {}));
        let outcomes = [outcomes.0, outcomes.1];
        assert!(outcomes.iter().any(Result::is_ok), "{outcomes:?}");
        for error in outcomes.into_iter().filter_map(Result::err) {
            assert!(error.to_string().contains("is being rebuilt already"), "{error}");
        }
        all_is_well(&mut written, &running, &[&one, &other]).await;
    }
    running.stop().await.expect("it ends well");
}

/// The practices, folded only while a gate is open.
struct Gated<const GATE: usize>;

static GATES: [Gate; 2] = [const { Gate { is_open: Mutex::new(false), moved: Condvar::new() } }; 2];

struct Gate {
    is_open: Mutex<bool>,
    moved: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.is_open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.moved.notify_all();
    }

    fn pass(&self) {
        let is_open = self.is_open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.moved.wait_while(is_open, |is_open| !*is_open));
    }
}

impl<const GATE: usize> Projection for Gated<GATE> {
    const NAME: &'static str = "gated";
    const VERSION: u32 = 1;
    type Row = PracticeRow;
    type Event = PracticeEvent;

    fn keys(fact: &Recorded<PracticeEvent>) -> Keys {
        GATES[GATE].pass();
        Practices::keys(fact)
    }

    fn evolve(key: &Key, row: Option<PracticeRow>, fact: &Recorded<PracticeEvent>) -> Option<PracticeRow> {
        Practices::evolve(key, row, fact)
    }
}

/// A rebuild that waits at its gate, and its views.
async fn at_the_gate<const GATE: usize>(folder: &Path, written: &mut Written) -> (Views, Rebuilding) {
    for number in 1..=PRACTICES {
        written.open_practice(number).await;
    }
    let views = open_views(folder, &written.log, vec![model::<Gated<GATE>>()]).await;
    let rebuilding = tokio::spawn({
        let views = views.clone();
        async move { views.rebuild("gated", |_| {}).await }
    });
    until(async || builds(folder).await == [(1, true), (2, false)]).await;
    (views, rebuilding)
}

type Rebuilding = tokio::task::JoinHandle<Result<projection_engine::RebuildReport, ViewsError>>;

/// The bug: a busy rebuild did not renew its lease, and any process that opened the views dropped its build.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_takes_longer_than_its_lease_keeps_its_build() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    run(folder.path(), "CREATE TABLE began AS SELECT clock_timestamp() AS at").await;
    let (views, rebuilding) = at_the_gate::<0>(folder.path(), &mut written).await;
    until(async || is_true(folder.path(), "SELECT clock_timestamp() > at + interval '7s' FROM began").await).await;
    let following = Running::start(folder.path(), &written.log, vec![model::<Gated<0>>()]).await;
    let owned = "SELECT EXISTS (SELECT FROM views.lease WHERE role = 'view gated v1' AND until > clock_timestamp())";
    until(async || is_true(folder.path(), owned).await).await;
    assert_eq!(builds(folder.path()).await, [(1, true), (2, false)]);
    GATES[0].open();
    let report = rebuilding.await.expect("it does not panic").expect("it is rebuilt");
    assert_eq!((report.build, report.events), (2, PRACTICES as u64));
    let end = written.open_practice(PRACTICES + 1).await;
    reaches::<Gated<0>>(&following.views, end).await;
    let expected = folded::<Gated<0>>(&written.log, end).await;
    assert_eq!(holds_exactly::<Gated<0>>(&views, &expected).await, end);
    following.stop().await.expect("it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_lost_its_build_ends_with_an_error_and_destroys_nothing() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let (views, rebuilding) = at_the_gate::<1>(folder.path(), &mut written).await;
    // Simulates another process that finds the lease expired and has started its own build.
    run(
        folder.path(),
        "UPDATE views.projection SET build = 3, epoch = nextval('views.epoch') WHERE build = 2; \
         UPDATE views.lease SET epoch = epoch + 1, owner = 'another', until = clock_timestamp() + interval '1 hour' \
         WHERE role = 'rebuild gated v1'",
    )
    .await;
    let lost = rebuilding.await.expect("it does not panic");
    assert!(matches!(lost, Err(ViewsError::Superseded("gated"))), "{lost:?}");
    GATES[1].open();
    assert_eq!(builds(folder.path()).await, [(1, true), (3, false)]);
    let refused = views.rebuild("gated", |_| {}).await;
    assert!(matches!(&refused, Err(ViewsError::BeingRebuilt { by, .. }) if by == "another"), "{refused:?}");
    let following = Running::start(folder.path(), &written.log, vec![model::<Gated<1>>()]).await;
    reaches::<Gated<1>>(&following.views, PRACTICES as u64).await;
    following.stop().await.expect("it ends well");
}

/// The trap: a rebuild that slept between its lease and its build, and drops the build of the next rebuild.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_lost_its_lease_before_it_began_drops_no_other_build() {
    let folder = TempDir::new().expect("a folder");
    let (written, running) = followed(folder.path()).await;
    running.stop().await.expect("it ends well");
    let views = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let mut sleeping = connect(folder.path()).await;
    let mut transaction = sleeping.begin().await.expect("begins");
    sqlx::raw_sql("SELECT FROM views.model FOR UPDATE").execute(&mut *transaction).await.expect("locked");
    let rebuilding = tokio::spawn(async move { views.rebuild("practices", |_| {}).await });
    let held =
        "SELECT EXISTS (SELECT FROM views.lease WHERE role = 'rebuild practices v1' AND until > clock_timestamp())";
    until(async || is_true(folder.path(), held).await).await;
    run(
        folder.path(),
        "UPDATE views.lease SET epoch = epoch + 1, owner = 'another', until = clock_timestamp() + interval '1 hour' \
         WHERE role = 'rebuild practices v1'; \
         INSERT INTO views.projection (name, version, build, live, position, lineage, epoch) \
         SELECT name, version, 7, false, 0, lineage, 1 FROM views.projection WHERE live",
    )
    .await;
    transaction.commit().await.expect("it goes on");
    let lost = rebuilding.await.expect("it does not panic");
    assert!(matches!(lost, Err(ViewsError::Superseded("practices"))), "{lost:?}");
    assert_eq!(builds(folder.path()).await, [(1, true), (7, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_drops_nothing_and_following_drops_what_no_rebuild_is_filling() {
    let folder = TempDir::new().expect("a folder");
    let (written, running) = followed(folder.path()).await;
    running.stop().await.expect("it ends well");
    run(
        folder.path(),
        "INSERT INTO views.projection (name, version, build, live, position, lineage, epoch) \
         SELECT name, version, 7, false, 0, lineage, 1 FROM views.projection; \
         INSERT INTO views.lease (role, owner, epoch, until) \
         VALUES ('rebuild practices v1', 'busy', 1, clock_timestamp() + interval '1 hour'); \
         CREATE TABLE views.view_practices_v1_b7 (partition text)",
    )
    .await;
    let _reading = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    assert_eq!(builds(folder.path()).await, [(1, true), (7, false)]);
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    // A process cleans up before it follows.
    until(async || running.views.status()[0].owner.is_some()).await;
    assert_eq!(builds(folder.path()).await, [(1, true), (7, false)]);
    let gone = "SELECT to_regclass('views.view_practices_v1_b7') IS NULL";
    assert!(!is_true(folder.path(), gone).await);
    running.stop().await.expect("it ends well");
    run(folder.path(), "UPDATE views.lease SET until = '-infinity' WHERE owner = 'busy'").await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    until(async || builds(folder.path()).await == [(1, true)]).await;
    until(async || is_true(folder.path(), gone).await).await;
    running.stop().await.expect("it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_model_without_a_live_build_gets_one_again_by_itself() {
    let folder = TempDir::new().expect("a folder");
    let (mut written, running) = followed(folder.path()).await;
    let reading = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    run(folder.path(), "DELETE FROM views.projection; DROP TABLE views.view_practices_v1_b1").await;
    let refused = reading.reader::<Practices>().row(&Practices::key(&practice(1))).await;
    assert!(
        refused.is_err() || refused.is_ok_and(|read| read.value.is_some()),
        "it is never said that there is no row"
    );
    until(async || builds(folder.path()).await == [(2, true)]).await;
    all_is_well(&mut written, &running, &[&reading]).await;
    running.stop().await.expect("it ends well");
}

/// An owner that has nothing to write detects the rebuild when it renews its lease, or by a notification.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_is_idle_learns_of_another_processs_rebuild() {
    let folder = TempDir::new().expect("a folder");
    let (written, running) = followed(folder.path()).await;
    let other = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    other.rebuild("practices", |_| {}).await.expect("it is rebuilt");
    let stands = |views: &Views| {
        let status = views.status().remove(0);
        (status.build, status.live_build, status.position, status.owner.is_some())
    };
    until(async || stands(&running.views) == (2, true, PRACTICES as u64, true)).await;
    let is_dated = "SELECT recorded_at > 0 FROM views.projection WHERE live";
    assert!(is_true(folder.path(), is_dated).await, "others count its lag from the last event in its rows");
    running.stop().await.expect("it ends well");
}
