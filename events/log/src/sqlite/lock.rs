//! One process for each log file. The lock is the operating system's, so it ends with the process, however that ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::Path,
};

use event_core::LogName;

use crate::port::LogError;

/// Exclusive access to the log's files while this lives. Processes that read the files offline take it, too.
pub struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes `DIR/<log>.lock`.
    ///
    /// # Errors
    /// When another process (or another opening in this one) has it; the message contains its process id.
    pub fn take(folder: &Path, name: LogName) -> Result<FileLock, LogError> {
        let path = folder.join(format!("{name}.lock"));
        let unusable = |error| LogError::Unusable(format!("{} cannot be locked: {error}", path.display()));
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(taken(folder, name, &mut file)),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        // The process id is only information, so a full disk does not prevent opening.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
        Ok(FileLock { _file: file })
    }
}

fn taken(folder: &Path, name: LogName, file: &mut File) -> LogError {
    let mut owner = String::new();
    let read = std::io::Read::by_ref(file).take(20).read_to_string(&mut owner);
    let owner = if read.is_ok() && !owner.is_empty() { format!(" (process {owner})") } else { String::new() };
    LogError::Unusable(format!("the log {name} in {} is open in another process{owner}", folder.display()))
}
