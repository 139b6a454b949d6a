//! Keeps the outcomes of the most recent tickets. The window is larger than the queue and a few batches, so it covers
//! every ticket that a caller can still depend on. An older ticket counts as not stored; at worst a decision is made
//! once more.
//!
//! The trap that this avoids: a decision on a proposal that failed is stored because its revision happens to match.

use std::collections::VecDeque;

/// The outcomes of the most recent requests, by ticket: true if a request was stored as proposed.
pub(crate) struct TicketOutcomes {
    /// The ticket of the oldest outcome that is kept.
    floor: u64,
    founded: VecDeque<bool>,
    kept_max: usize,
}

impl TicketOutcomes {
    /// For tickets from `first` on.
    pub(crate) fn new(first: u64, kept_max: usize) -> TicketOutcomes {
        TicketOutcomes { floor: first, founded: VecDeque::with_capacity(kept_max), kept_max }
    }

    /// Adds the outcome of the next ticket.
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

    /// The ticket of the next outcome.
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
