//! The key by which a repeat of a command is recognised: a keyed hash of its caller (issuer and `sub`), its name and
//! its Idempotency-Key.
//!
//! Earlier versions left the issuer out. A client that lost its answer while such a version ran sends the command again
//! to this one. In a log that such a version began, the key in the earlier form is therefore looked up, too. The log
//! does so in the transaction that stores the batch, so it also works while processes of both versions run. It costs
//! one more look-up in the index of keys for each command, and nothing in a log that this version began.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use event_core::{Actor, Caller, envelope::Hash};
use event_log::Log;

/// The keys of commands in one log. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CommandKeys {
    log: Log,
    beginning: Arc<Beginning>,
}

/// The version that began the log, as far as it is known.
#[derive(Default)]
struct Beginning {
    /// True if it was an earlier version. Unset while the log is empty or cannot be read.
    by_earlier: OnceLock<bool>,
    /// True while the log's first event is being read.
    is_being_read: AtomicBool,
}

impl CommandKeys {
    pub(crate) fn new(log: Log) -> CommandKeys {
        CommandKeys { log, beginning: Arc::default() }
    }

    /// The key of a command and, if the log may hold keys of an earlier version, the key that such a version gave it.
    pub(crate) fn of(&self, caller: &Caller, command: &str, key: &str) -> (Hash, Option<Hash>) {
        let [issuer, id] = [caller.issuer.as_str(), &caller.id].map(str::as_bytes);
        let [command, key] = [command, key].map(str::as_bytes);
        let earlier = self.may_be_begun_by_earlier().then(|| self.log.keyed_hash(&[id, command, key]));
        (self.log.keyed_hash(&[issuer, id, command, key]), earlier)
    }

    /// False only if the actor of the log's first event is known to have an issuer. No command waits until that event
    /// is read, because a log that does not answer would then delay one command after another.
    fn may_be_begun_by_earlier(&self) -> bool {
        if let Some(known) = self.beginning.by_earlier.get() {
            return *known;
        }
        if self.log.end() > 0 && !self.beginning.is_being_read.swap(true, Ordering::AcqRel) {
            tokio::spawn(read_beginning(self.log.clone(), Arc::clone(&self.beginning)));
        }
        true
    }
}

async fn read_beginning(log: Log, beginning: Arc<Beginning>) {
    // If the log cannot be read, a later command tries again.
    if let Ok(first) = log.read(0, 1).await
        && let Some(first) = first.first()
    {
        let actor = serde_json::from_str::<Actor>(&first.actor);
        let _ = beginning.by_earlier.set(!actor.is_ok_and(|actor| actor.issuer.is_some()));
    }
    beginning.is_being_read.store(false, Ordering::Release);
}
