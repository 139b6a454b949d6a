//! Makes folders and files with personal data readable by the server's own user only, independent of the umask.

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
};

/// The prefixes of an installation's files: databases and their SQLite side files, locks, keys.
const FILES: [&str; 4] = ["care.", "access.", "views.", "demo-"];

/// Creates a folder and its missing parents with mode 0700. An existing folder keeps its mode, because it may be shared
/// with something else.
///
/// # Errors
/// If it cannot be created.
pub fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Sets the mode of an installation's files in this folder to 0600, including files that an earlier version created.
/// `views` is the name of the views' file, which is configurable.
///
/// # Errors
/// If the folder cannot be read, or a file belongs to another user.
pub fn files(folder: &Path, views: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours = FILES.iter().any(|file| name.starts_with(file)) || name.starts_with(views);
        if ours && entry.file_type()?.is_file() {
            match fs::set_permissions(entry.path(), Permissions::from_mode(0o600)) {
                // SQLite deletes some of its files when a connection closes.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                set => set?,
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("is there").permissions().mode() & 0o777
    }

    #[test]
    fn folders_and_files_are_private_and_foreign_ones_stay_as_they_are() {
        let outer = tempfile::tempdir().expect("a folder");
        fs::set_permissions(outer.path(), Permissions::from_mode(0o755)).expect("set");
        let inner = outer.path().join("some").join("data");
        folder(&inner).expect("made");
        folder(&inner).expect("is there already");
        for name in ["care.db", "care.db-wal", "rows-shm", "notes.txt"] {
            fs::write(inner.join(name), "x").expect("written");
            fs::set_permissions(inner.join(name), Permissions::from_mode(0o644)).expect("set");
        }
        files(&inner, "rows").expect("set");
        assert_eq!(mode(&inner), 0o700);
        for name in ["care.db", "care.db-wal", "rows-shm"] {
            assert_eq!(mode(&inner.join(name)), 0o600, "{name}");
        }
        assert_eq!((mode(outer.path()), mode(&inner.join("notes.txt"))), (0o755, 0o644));
    }
}
