//! By what a repeat of a command is recognised: a keyed hash of who gives it (issuer and `sub`), its name and its
//! Idempotency-Key.
//!
//! Earlier versions left the issuer out. A client whose answer was lost while such a version ran sends the command again
//! to this one, so in a log that such a version began the key of that form is looked for, too. The log does so in the
//! transaction that stores the batch, hence also where processes of both versions run at the same time. It costs one
//! more look-up in the index of keys a command, and nothing in a log that this version began.

use std::sync::Arc;

use domain::Caller;
use event_log::Log;
use tokio::sync::OnceCell;
use vocabulary::{Actor, envelope::Hash};

/// The keys of commands in one log. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CommandKeys {
    log: Log,
    /// True where an earlier version began the log; unset as long as the log is empty or cannot be read.
    earlier: Arc<OnceCell<bool>>,
}

impl CommandKeys {
    pub(crate) fn new(log: Log) -> CommandKeys {
        CommandKeys { log, earlier: Arc::default() }
    }

    /// The key of a command, and the one that an earlier version gave it where the log may hold such.
    pub(crate) async fn of(&self, caller: &Caller, command: &str, key: &str) -> (Hash, Option<Hash>) {
        let [issuer, id] = [caller.issuer.as_str(), &caller.id].map(str::as_bytes);
        let [command, key] = [command, key].map(str::as_bytes);
        let earlier = self.begun_by_earlier().await.then(|| self.log.keyed_hash(&[id, command, key]));
        (self.log.keyed_hash(&[issuer, id, command, key]), earlier)
    }

    /// True where the actor of the log's first event has no issuer: then an earlier version began the log. While that is
    /// unknown, the keys of such a version are looked for.
    async fn begun_by_earlier(&self) -> bool {
        if !self.earlier.initialized() && self.log.end() == 0 {
            return true;
        }
        let read = || async {
            let first = self.log.read(0, 1).await.map_err(drop)?;
            let actor = first.first().map(|event| serde_json::from_str::<Actor>(&event.actor)).ok_or(())?;
            Ok::<_, ()>(!actor.is_ok_and(|actor| actor.issuer.is_some()))
        };
        self.earlier.get_or_try_init(read).await.copied().unwrap_or(true)
    }
}
