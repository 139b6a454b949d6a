//! Views that belong to a single process.

use projection_engine::{ViewsError, model};
use tempfile::TempDir;
use views::Practices;

use crate::harness::{DEADLINE, Running, Written, open_views, practice, reaches};

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
