//! The number of times that something happened on one day (in London), for daily limits on repeatable actions.

use event_core::{LocalDate, Timestamp};
use vocabulary::time::LONDON;

/// A count for the most recent day. Counts of earlier days are discarded.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Daily(Option<(LocalDate, u32)>);

impl Daily {
    /// Adds one to the count of this day.
    pub fn count(&mut self, day: LocalDate) {
        self.0 = Some((day, self.on(day).saturating_add(1)));
    }

    /// Like `count`. Events that were recorded before the limit existed have no decision time, and are not counted.
    pub fn count_at(&mut self, decided_at: Option<Timestamp>) {
        if let Some(at) = decided_at {
            self.count(LONDON.day(at));
        }
    }

    pub fn on(&self, day: LocalDate) -> u32 {
        self.0.filter(|(last, _)| *last == day).map_or(0, |(_, count)| count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::at;

    #[test]
    fn each_day_of_london_begins_at_none() {
        let mut daily = Daily::default();
        let (evening, night) = (at("2026-07-01T22:59:59Z"), at("2026-07-01T23:00:00Z"));
        for instant in [Some(evening), Some(evening), None, Some(night)] {
            assert_eq!(daily.on(LONDON.day(night)), 0);
            daily.count_at(instant);
        }
        assert_eq!((daily.on(LONDON.day(evening)), daily.on(LONDON.day(night))), (0, 1));
    }
}
