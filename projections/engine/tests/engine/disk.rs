//! A disk that is full for some time.

use std::{path::Path, process::Command};

use projection_engine::{ModelState, Views, model};
use tempfile::TempDir;
use views::{PracticeDay, Practices};

use crate::harness::{DEADLINE, Running, Written, practice, reaches};

/// A file system of one megabyte that is unmounted when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` if this machine does not permit a mount, which is reported; a panic if CI is set.
    fn mount() -> Option<SmallDisk> {
        let folder = TempDir::new().expect("a folder");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder.path()).output();
        let why = match mounted {
            Ok(output) if output.status.success() => return Some(SmallDisk(folder)),
            Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        assert!(
            std::env::var_os("CI").is_none(),
            "a full disk must be tested in CI, and no tmpfs can be mounted: {why}"
        );
        eprintln!("NOT TESTED: the full disk. A tmpfs cannot be mounted here: {why}");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes to a file until no space is left.
    fn fill(&self) {
        let mut ballast = std::fs::File::create(self.path().join("ballast")).expect("it is made");
        while std::io::Write::write_all(&mut ballast, &[0; 512]).is_ok() {}
    }

    fn empty(&self) {
        std::fs::remove_file(self.path().join("ballast")).expect("it is removed");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, because a failing test may still have files open.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Waits until the state of every read model satisfies `is_so`.
async fn all_are(views: &Views, is_so: impl Fn(&ModelState) -> bool) {
    let asking = async {
        while !views.status().iter().all(|status| is_so(&status.state)) {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(DEADLINE, asking).await;
    assert!(in_time.is_ok(), "{:?}", views.status());
}

/// The bug: SQLite rolled back by itself, the connection was reused, and every later batch of every view failed until
/// the process was restarted, while its status said that it was following.
#[tokio::test]
async fn views_on_a_disk_that_was_full_go_on_when_there_is_room_and_say_so_meanwhile() {
    let Some(disk) = SmallDisk::mount() else { return };
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let url = format!("sqlite:{}", disk.path().join("views.db").display());
    let models = vec![model::<Practices>(), model::<PracticeDay>()];
    let running = Running::of(
        Views::open(&url, written.log.clone(), vocabulary::SERVICES, models).await.expect("the views open"),
    );
    let end = written.open_practice(1).await;
    running.caught_up(end).await;
    for number in [2, 3] {
        disk.fill();
        let end = written.open_practice(number).await;
        all_are(&running.views, |state| matches!(state, ModelState::Retrying { why, .. } if why.contains("full")))
            .await;
        let read = running.views.reader::<Practices>().row(&Practices::key(&practice(number - 1))).await;
        assert!(read.expect("it goes on serving").value.is_some());
        disk.empty();
        reaches::<Practices>(&running.views, end).await;
        reaches::<PracticeDay>(&running.views, end).await;
        all_are(&running.views, |state| *state == ModelState::Following).await;
    }
    running.stop().await.expect("it ends well");
}
