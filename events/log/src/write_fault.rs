//! The last write fault of the log, as its batches showed. Health is read from this: a log that can be read but not
//! written (a full disk) is of no use to commands.

use std::time::Instant;

use tokio::sync::watch;

use crate::port::{Granted, Refused};

/// The log's last write failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteFault {
    /// The time of the first of the consecutive failures.
    pub since: Instant,
    /// The time of the last failure.
    pub last: Instant,
    pub why: String,
}

/// Updates the fault from the answers of a batch. Answers that needed no write have no effect.
pub(crate) fn learn(fault: &watch::Sender<Option<WriteFault>>, answers: &[Result<Granted, Refused>]) {
    if answers.iter().any(|answer| matches!(answer, Ok(Granted::Stored(_)))) {
        fault.send_if_modified(|fault| fault.take().is_some());
        return;
    }
    let unavailable = answers.iter().find_map(|answer| match answer {
        Err(Refused::Unavailable(why)) => Some(why.clone()),
        Ok(_) | Err(_) => None,
    });
    let Some(why) = unavailable else { return };
    let last = Instant::now();
    fault.send_modify(|fault| {
        let since = fault.as_ref().map_or(last, |fault| fault.since);
        *fault = Some(WriteFault { since, last, why });
    });
}
