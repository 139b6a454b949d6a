//! Reading files of the configuration again while the process runs.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The interval at which files are checked for changes.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The files of a folder that are checked.
const FILES_MAX: usize = 1_000;

/// Calls `again` when one of these files, or a file in one of these folders, has changed, and on SIGHUP. If it fails, that is logged:
/// what was read before is kept.
///
/// # Errors
/// If no signal handler can be installed.
pub async fn whenever_changed(
    places: Vec<PathBuf>,
    what: &'static str,
    again: impl Fn() -> anyhow::Result<()>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let state = || places.iter().flat_map(|place| changes_of(place)).collect::<Vec<_>>();
    let mut known = state();
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = hangup.recv() => true,
            () = tokio::time::sleep(LOOK_EVERY) => false,
        };
        let now = state();
        if !asked && now == known {
            continue;
        }
        known = now;
        match again() {
            Ok(()) => tracing::info!("{what} were read again"),
            Err(error) => tracing::warn!(%error, "{what} cannot be used; those before stay"),
        }
    }
}

/// The times at which a file, or the files of a folder, were changed.
fn changes_of(place: &Path) -> Vec<(PathBuf, Option<SystemTime>)> {
    let changed = |file: PathBuf| {
        let at = fs::metadata(&file).and_then(|file| file.modified()).ok();
        (file, at)
    };
    let within = fs::read_dir(place).into_iter().flatten().take(FILES_MAX).flatten().map(|entry| entry.path());
    let mut all: Vec<_> = std::iter::once(place.to_owned()).chain(within).map(changed).collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_comes_into_a_folder_and_one_that_goes_are_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let before = changes_of(folder.path());
        fs::write(folder.path().join("a"), "a").expect("written");
        let with = changes_of(folder.path());
        assert_eq!((before.len(), with.len()), (1, 2));
        assert_eq!(changes_of(&folder.path().join("a")).len(), 1);
        fs::remove_file(folder.path().join("a")).expect("removed");
        assert_eq!(changes_of(folder.path()).len(), 1);
        assert_eq!(changes_of(&folder.path().join("gone"))[0].1, None);
    }
}
