//! What became of earlier requests, for those that rest on them. Bounded, and exact where it matters: a request names
//! only requests whose outcome its caller did not know, and between two such lie fewer than the queue and a few
//! batches hold. What lies further back counts as not stored; the worst of that is a decision made once more.
//!
//! The trap that is closed here: a decision on a proposal that failed, stored because its revision happens to fit.

use std::collections::VecDeque;

/// Whether each of the last requests was stored as it was proposed, by ticket.
pub(crate) struct TicketOutcomes {
    /// The ticket of the first one that is remembered.
    floor: u64,
    founded: VecDeque<bool>,
    kept_max: usize,
}

impl TicketOutcomes {
    /// For tickets from `first` on.
    pub(crate) fn new(first: u64, kept_max: usize) -> TicketOutcomes {
        TicketOutcomes { floor: first, founded: VecDeque::with_capacity(kept_max), kept_max }
    }

    /// The fate of the next ticket.
    pub(crate) fn push(&mut self, founded: bool) {
        if self.founded.len() == self.kept_max {
            self.founded.pop_front();
            self.floor += 1;
        }
        self.founded.push_back(founded);
    }

    pub(crate) fn founded(&self, ticket: u64) -> bool {
        let at = ticket.checked_sub(self.floor).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.founded.get(at)).copied().unwrap_or(false)
    }

    /// The ticket whose fate comes next.
    pub(crate) fn next(&self) -> u64 {
        self.floor + self.founded.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_stored_and_what_is_forgotten_carries_nothing() {
        let mut ticket_outcomes = TicketOutcomes::new(0, 2);
        for fate in [true, false, true] {
            ticket_outcomes.push(fate);
        }
        assert_eq!([0, 1, 2, 3].map(|ticket| ticket_outcomes.founded(ticket)), [false, false, true, false]);
        assert_eq!(ticket_outcomes.next(), 3);
    }
}
