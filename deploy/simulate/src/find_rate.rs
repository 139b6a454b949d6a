//! The search for the highest rate that a system keeps up with: doubled until it fails, then bisected.

/// A rate that was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct TriedRate {
    /// Visits a second.
    pub rate: f64,
    /// The limits that were exceeded; none if the system kept up.
    pub exceeded: Vec<String>,
}

/// The bisection ends when the highest rate that holds and the lowest that fails are this close.
const PRECISION: f64 = 0.08;
/// The lowest rate that is tried, in visits a second.
const RATE_MIN: f64 = 0.5;
/// The most steps of a search.
pub const STEPS_MAX: usize = 24;

/// A search in progress.
#[derive(Debug, Default)]
pub struct RateSearch {
    first: f64,
    pub tried: Vec<TriedRate>,
}

impl RateSearch {
    /// A search that begins with this rate.
    pub fn from(first: f64) -> RateSearch {
        RateSearch { first: first.max(RATE_MIN), tried: Vec::new() }
    }

    /// The highest rate that held.
    pub fn best(&self) -> Option<f64> {
        self.rates(true).max_by(f64::total_cmp)
    }

    /// The lowest rate that failed.
    pub fn lowest_failed(&self) -> Option<f64> {
        self.rates(false).min_by(f64::total_cmp)
    }

    fn rates(&self, held: bool) -> impl Iterator<Item = f64> {
        self.tried.iter().filter(move |tried| tried.exceeded.is_empty() == held).map(|tried| tried.rate)
    }

    /// The next rate to try; `None` at the end.
    pub fn next(&self) -> Option<f64> {
        if self.tried.len() >= STEPS_MAX {
            return None;
        }
        match (self.best(), self.lowest_failed()) {
            (None, None) => Some(self.first),
            (Some(best), None) => Some(best * 2.0),
            (None, Some(failed)) => (failed > RATE_MIN).then(|| (failed / 2.0).max(RATE_MIN)),
            (Some(best), Some(failed)) => (failed / best > 1.0 + PRECISION).then(|| f64::midpoint(best, failed)),
        }
    }

    pub fn tried(&mut self, rate: f64, exceeded: Vec<String>) {
        self.tried.push(TriedRate { rate, exceeded });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(first: f64, holds: impl Fn(f64) -> bool) -> RateSearch {
        let mut search = RateSearch::from(first);
        while let Some(rate) = search.next() {
            search.tried(rate, if holds(rate) { vec![] } else { vec!["p99".to_owned()] });
        }
        search
    }

    #[test]
    fn the_highest_rate_that_holds_is_found_from_below_and_from_above() {
        for first in [1.0, 100.0, 5_000.0] {
            let found = search(first, |rate| rate <= 137.0);
            let best = found.best().expect("a rate");
            assert!((126.0..=137.0).contains(&best), "{first}: {best}");
            assert!(found.tried.len() < STEPS_MAX, "{first}: {} steps", found.tried.len());
        }
    }

    #[test]
    fn a_search_ends_if_nothing_holds_or_everything_does() {
        assert_eq!(search(100.0, |_| false).best(), None);
        assert_eq!(search(1.0, |_| true).tried.len(), STEPS_MAX);
    }
}
