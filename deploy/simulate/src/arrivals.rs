//! The moments at which users arrive. They are drawn from a seed before anything is asked, so that a slow answer cannot
//! delay, and so hide, the users that come after it.

use std::time::Duration;

use fastrand::Rng;

/// How the rate changes during a run: a burst at its beginning, and the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadProfile {
    /// The length of the burst.
    pub burst: Duration,
    /// The rate during the burst, as a multiple of the rate afterwards.
    pub factor: f64,
}

impl LoadProfile {
    /// The same rate all the time.
    pub const FLAT: LoadProfile = LoadProfile { burst: Duration::ZERO, factor: 1.0 };

    /// The moment at which a flat process of rate 1 that has reached `expected` arrivals is reached at this rate.
    fn moment_of(self, expected: f64, per_second: f64) -> f64 {
        let in_burst = self.burst.as_secs_f64() * per_second * self.factor;
        if expected < in_burst {
            expected / (per_second * self.factor)
        } else {
            self.burst.as_secs_f64() + (expected - in_burst) / per_second
        }
    }

    /// The number of arrivals to expect within a time.
    pub fn expected(self, per_second: f64, within: Duration) -> f64 {
        let (burst, all) = (self.burst.min(within).as_secs_f64(), within.as_secs_f64());
        per_second * (self.factor * burst + all - burst)
    }
}

/// A Poisson process: arrivals that know nothing of each other, as offsets from the start of the run.
pub struct Arrivals {
    rng: Rng,
    profile: LoadProfile,
    per_second: f64,
    until: Duration,
    /// The arrivals that a process of rate 1 would have expected so far.
    expected: f64,
}

impl Arrivals {
    /// Arrivals at this rate (after the burst), for this time. The same seed gives the same arrivals.
    pub fn new(seed: u64, per_second: f64, profile: LoadProfile, until: Duration) -> Arrivals {
        Arrivals { rng: Rng::with_seed(seed), profile, per_second, until, expected: 0.0 }
    }
}

impl Iterator for Arrivals {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        if self.per_second <= 0.0 {
            return None;
        }
        // `1 - f64()` is never 0: the logarithm of 0 is infinite.
        self.expected -= (1.0 - self.rng.f64()).ln();
        let moment = Duration::try_from_secs_f64(self.profile.moment_of(self.expected, self.per_second)).ok()?;
        (moment < self.until).then_some(moment)
    }
}

/// The arrivals of several kinds, merged in the order of time. The item says which kind arrives.
pub struct MergedArrivals {
    kinds: Vec<std::iter::Peekable<Arrivals>>,
}

impl MergedArrivals {
    pub fn of(kinds: Vec<Arrivals>) -> MergedArrivals {
        MergedArrivals { kinds: kinds.into_iter().map(Iterator::peekable).collect() }
    }
}

impl Iterator for MergedArrivals {
    type Item = (usize, Duration);

    fn next(&mut self) -> Option<(usize, Duration)> {
        let first = self.kinds.iter_mut().enumerate().filter_map(|(at, kind)| Some((*kind.peek()?, at))).min()?;
        self.kinds[first.1].next();
        Some((first.1, first.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn arrivals_have_the_rate_and_the_scatter_of_a_poisson_process() {
        let all: Vec<Duration> = Arrivals::new(7, 10.0, LoadProfile::FLAT, HOUR).collect();
        // 36,000 are expected, with a standard deviation of 190.
        assert!((35_200..36_800).contains(&all.len()), "{}", all.len());
        assert!(all.is_sorted());
        let mut by_second = vec![0_f64; 3_600];
        all.iter().for_each(|at| by_second[at.as_secs() as usize] += 1.0);
        let mean = by_second.iter().sum::<f64>() / 3_600.0;
        let variance = by_second.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / 3_600.0;
        // A clock's ticks would have no variance, a Poisson process has as much as its mean.
        assert!((0.9..1.1).contains(&(variance / mean)), "{variance} / {mean}");
    }

    #[test]
    fn the_burst_has_its_multiple_of_the_rate() {
        let profile = LoadProfile { burst: Duration::from_secs(300), factor: 3.0 };
        let all: Vec<Duration> = Arrivals::new(1, 20.0, profile, HOUR).collect();
        let (burst, rest): (Vec<Duration>, Vec<Duration>) = all.iter().partition(|at| **at < profile.burst);
        assert!((17_400..18_600).contains(&burst.len()), "{}", burst.len());
        assert!((65_000..67_000).contains(&rest.len()), "{}", rest.len());
        assert_eq!(profile.expected(20.0, HOUR), 18_000.0 + 66_000.0);
        assert_eq!(profile.expected(20.0, Duration::from_secs(100)), 6_000.0);
    }

    #[test]
    fn the_same_seed_gives_the_same_arrivals() {
        let drawn = |seed| Arrivals::new(seed, 50.0, LoadProfile::FLAT, Duration::from_secs(10)).collect::<Vec<_>>();
        assert_eq!(drawn(3), drawn(3));
        assert_ne!(drawn(3), drawn(4));
        assert_eq!(Arrivals::new(3, 0.0, LoadProfile::FLAT, HOUR).next(), None);
    }

    #[test]
    fn kinds_are_merged_in_the_order_of_time() {
        let kind = |seed, rate| Arrivals::new(seed, rate, LoadProfile::FLAT, HOUR);
        let merged: Vec<_> = MergedArrivals::of(vec![kind(1, 1.0), kind(2, 0.0), kind(3, 4.0)]).collect();
        assert!(merged.is_sorted_by_key(|(_, at)| *at));
        let of = |n| merged.iter().filter(|(kind, _)| *kind == n).map(|(_, at)| *at).collect::<Vec<_>>();
        assert_eq!(of(0), kind(1, 1.0).collect::<Vec<_>>());
        assert_eq!((of(1).len(), of(2)), (0, kind(3, 4.0).collect::<Vec<_>>()));
    }
}
