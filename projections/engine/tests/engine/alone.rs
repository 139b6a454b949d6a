//! Views that belong to a single process.

use projection_engine::{ViewsError, model};
use tempfile::TempDir;
use views::Practices;

use crate::{
    harness::{DEADLINE, Running, Written, open_views, practice, reaches},
    world::run,
};

/// The trap: a zombie writer after a pause. It resumes after another process took over, and its writes are rejected.
#[tokio::test]
async fn a_zombie_writer_after_a_pause_writes_nothing() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let paused = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let first = written.open_practice(1).await;
    reaches::<Practices>(&running.views, first).await;
    running.stop().await.expect("it ends well");

    written.open_practice(2).await;
    let woken = tokio::time::timeout(DEADLINE, paused.run(Default::default())).await.expect("it ends");
    assert!(matches!(woken, Err(ViewsError::Superseded("practices"))), "{woken:?}");
    let reader = paused.reader::<Practices>();
    let row = reader.row(&Practices::key(&practice(2))).await.expect("reads");
    assert_eq!((row.value, row.position), (None, first), "neither row nor checkpoint was written");
}

/// The trap: a rebuild that has claimed the live build fails, and the follower, under its old epoch, ends the server.
#[tokio::test]
async fn after_a_rebuild_that_failed_at_its_end_the_views_go_on() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let first = written.open_practice(1).await;
    reaches::<Practices>(&running.views, first).await;
    let refuse = "CREATE TRIGGER refuse BEFORE UPDATE OF live ON projection BEGIN SELECT RAISE(ABORT, 'refused'); END";
    run(folder.path(), refuse).await;
    let failed = running.views.rebuild("practices", |_| {}).await;
    assert!(matches!(failed, Err(ViewsError::Store(_))), "{failed:?}");
    run(folder.path(), "DROP TRIGGER refuse").await;
    let second = written.open_practice(2).await;
    reaches::<Practices>(&running.views, second).await;
    running.stop().await.expect("it ends well");
}
