//! Detects that the log has lost events that this process has seen. A database that is restored to an earlier point, or
//! a standby that takes over without the last transactions, gives their positions to other events. Only a new
//! connection can lead to such a database, so each new connection is checked for the last event seen before it is used.
//!
//! A log in SQLite has one history while it is open, because its process locks the file.

use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

/// The last event that was seen of one log, and the number of times that the log was found to have lost events.
#[derive(Debug, Default)]
pub struct SeenHistory(Mutex<LastSeen>);

/// The last event that was seen, and the history that it belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LastSeen {
    /// The number of the history.
    pub number: u64,
    /// The last event that was seen in it: its position and its id.
    pub last: Option<(u64, Uuid)>,
}

impl SeenHistory {
    /// The number of the history: 0 when the log is opened, and one more each time that seen events are found to be
    /// lost.
    pub fn number(&self) -> u64 {
        self.seen().number
    }

    pub(crate) fn seen(&self) -> LastSeen {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an event that was read or stored by a request from the time when the history had this number.
    pub(crate) fn saw(&self, number: u64, position: u64, id: Uuid) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.number == number && seen.last.is_none_or(|(last, _)| position > last) {
            seen.last = Some((position, id));
        }
    }

    /// Notes that the log does not hold the last event of `compared`. A loss counts once, however many connections find
    /// it.
    pub(crate) fn lost(&self, compared: LastSeen) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.number == compared.number {
            *seen = LastSeen { number: compared.number + 1, last: None };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_loss_says_nothing_about_the_history_after_it() {
        let history = SeenHistory::default();
        let id = Uuid::from_u128;
        history.saw(0, 7, id(7));
        history.saw(0, 3, id(3));
        let compared = history.seen();
        assert_eq!(compared, LastSeen { number: 0, last: Some((7, id(7))) });
        history.lost(compared);
        history.lost(compared);
        assert_eq!(history.number(), 1);
        history.saw(0, 9, id(9));
        assert_eq!(history.seen(), LastSeen { number: 1, last: None });
        history.saw(1, 2, id(2));
        assert_eq!(history.seen(), LastSeen { number: 1, last: Some((2, id(2))) });
    }
}
