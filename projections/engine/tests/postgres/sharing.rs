//! Several processes on the same views: each follows a share of the read models, and every process can read all of
//! them.

use std::{collections::BTreeSet, path::Path};

use event_core::Projection;
use projection_engine::{ModelState, Views, Waited, model};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use views::Practices;

use crate::{
    harness::{DEADLINE, Running, Written, all_models, open_views, practice, reaches},
    world::connect,
};

/// Waits until the condition is true. There are no notifications about owners, so this polls until the deadline of the
/// test.
pub async fn until(what: impl AsyncFn() -> bool) {
    let asking = async {
        while !what().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.expect("in time");
}

/// The current owners of the read models; `None` if one of them has no owner.
async fn owners(folder: &Path) -> Option<BTreeSet<String>> {
    let query = "SELECT owner FROM views.projection LEFT JOIN views.lease \
                 ON role = 'view ' || name || ' v' || version AND until > clock_timestamp() WHERE live";
    let owners: Vec<Option<String>> =
        sqlx::query_scalar(query).fetch_all(&mut connect(folder).await).await.expect("answers");
    owners.into_iter().collect()
}

async fn has<P: Projection>(views: &Views, number: usize) -> bool {
    let row = views.reader::<P>().row(&Practices::key(&practice(number))).await.expect("reads");
    row.value.is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_the_read_models_and_one_takes_over_what_the_other_left() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let one = Running::start(folder.path(), &written.log, all_models()).await;
    one.caught_up(written.open_practice(1).await).await;
    let other = Running::start(folder.path(), &written.log, all_models()).await;
    until(async || owners(folder.path()).await.is_some_and(|owners| owners.len() == 2)).await;
    let end = written.open_practice(2).await;
    for running in [&one, &other] {
        running.caught_up(end).await;
        assert!(has::<Practices>(&running.views, 2).await, "every process reads every view");
    }
    // Killed: nothing is given back.
    one.kill();
    until(async || owners(folder.path()).await.is_some_and(|owners| owners.len() == 1)).await;
    let end = written.open_practice(3).await;
    other.caught_up(end).await;
    other.stop().await.expect("it ends well");
}

/// The trap: a zombie writer after a pause. It resumes after another process took over, and its writes are rejected.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_zombie_writes_is_refused_and_it_looks_where_the_view_is_now() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    running.caught_up(written.open_practice(1).await).await;
    // While it is paused, another process owns the read model and advances it.
    let last = written.log.read(0, 1).await.expect("readable")[0].id;
    let usurp = "UPDATE views.lease SET epoch = epoch + 1, owner = 'another', until = clock_timestamp() + interval '8s'; \
         UPDATE views.projection SET epoch = epoch + 1";
    sqlx::raw_sql(usurp).execute(&mut connect(folder.path()).await).await.expect("runs");
    let end = written.open_practice(2).await;
    until(async || owners(folder.path()).await == Some(BTreeSet::from(["another".to_owned()]))).await;
    // It shows the new owner, though nothing has notified it.
    until(async || running.views.status()[0].owner.as_deref() == Some("another")).await;
    let query = "SELECT position, event_id FROM views.projection";
    let stands: (i64, Option<uuid::Uuid>) =
        sqlx::query_as(query).fetch_one(&mut connect(folder.path()).await).await.expect("answers");
    assert_eq!(stands, (1, Some(last)), "the zombie moved nothing");
    // When the other process is gone, it continues from the current checkpoint of the view.
    running.caught_up(end).await;
    assert!(has::<Practices>(&running.views, 2).await);
    running.stop().await.expect("it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_only_reads_is_woken_and_misses_nothing_when_its_connection_is_lost() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let reading = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let stop = CancellationToken::new();
    let looking = tokio::spawn({
        let (reading, stop) = (reading.clone(), stop.clone());
        async move { reading.look(stop).await }
    });
    for number in 1..=30 {
        if number % 10 == 0 {
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE datname = current_database() AND application_name = 'frontdoor-views'";
            sqlx::raw_sql(cut).execute(&mut connect(folder.path()).await).await.expect("runs");
        }
        let end = written.open_practice(number).await;
        assert_eq!(reading.reader::<Practices>().wait_for(end, DEADLINE).await, Waited::Reached);
        assert!(has::<Practices>(&reading, number).await, "practice {number}");
    }
    stop.cancel();
    looking.await.expect("it does not panic");
    running.stop().await.expect("it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_read_model_is_seen_as_such_by_every_process() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    running.caught_up(written.open_practice(1).await).await;
    let reading = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let stop = CancellationToken::new();
    let looking = tokio::spawn({
        let (reading, stop) = (reading.clone(), stop.clone());
        async move { reading.look(stop).await }
    });
    let stream = event_core::StreamName::of("practice", practice(1));
    let end = written.append_raw(stream, "practice.merged.v1", b"{}".to_vec()).await;
    assert_eq!(reading.reader::<Practices>().wait_for(end, DEADLINE).await, Waited::Late);
    let status = reading.status().remove(0);
    assert!(matches!(&status.state, ModelState::Stopped { stopped_at, .. } if *stopped_at == end), "{status:?}");
    assert!(status.owner.is_some(), "{status:?}");
    stop.cancel();
    looking.await.expect("it does not panic");
    running.stop().await.expect("it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_does_not_own_a_read_model_can_rebuild_it() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    running.caught_up(written.open_practice(1).await).await;
    let other = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let report = other.rebuild("practices", |_| {}).await.expect("it is rebuilt");
    assert_eq!((report.build, report.events), (2, 1));
    let end = written.open_practice(2).await;
    reaches::<Practices>(&running.views, end).await;
    until(async || running.views.status()[0].build == 2).await;
    assert!(has::<Practices>(&running.views, 1).await && has::<Practices>(&running.views, 2).await);
    running.stop().await.expect("it ends well");
}

/// The trap: a cancelled request (sqlx #4393). Readers that disconnect half-way leave no connection unusable.
#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_aborted_poison_no_connection() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    running.caught_up(written.open_practice(1).await).await;
    for _ in 0..500 {
        let reader = running.views.reader::<Practices>();
        let asked = tokio::spawn(async move { reader.row(&Practices::key(&practice(1))).await.map(drop) });
        tokio::task::yield_now().await;
        asked.abort();
        // The task has ended in either case.
        let _ = asked.await;
    }
    let end = written.open_practice(2).await;
    running.caught_up(end).await;
    assert!(has::<Practices>(&running.views, 2).await);
    running.stop().await.expect("it ends well");
}
