//! The part of a run that all its visits share.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use event_core::{LocalDate, Timestamp};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{callers::CallerBook, measures::Measures, pool::ConnectionPool, told::ToldWriter, town::Town};

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Distinguishes the runs against one system: what a run makes has its id in keys and ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunId(u32);

impl RunId {
    /// Runs that begin in different seconds of 34 years have different ids.
    pub fn at(now: Timestamp) -> RunId {
        RunId((now.micros() / 1_000_000 % (1 << 30)) as u32)
    }

    /// A number that is far from those of the runs before.
    pub fn scattered(self) -> u64 {
        u64::from(self.0).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32
    }

    /// Six characters of Crockford base32.
    pub fn text(self) -> String {
        crockford(u64::from(self.0), 6)
    }

    /// A new id of 12 characters of Crockford base32: the run, and a number of at most 30 bits.
    pub fn id(self, n: u64) -> String {
        format!("{}{}", self.text(), crockford(n, 6))
    }

    /// The id that a command and its events carry.
    pub fn correlation(self, visit: u64, step: u32) -> Uuid {
        let bits = u128::from(self.0) << 96 | u128::from(visit << 16 | u64::from(step & 0xFFFF));
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }
}

fn crockford(n: u64, digits: u32) -> String {
    (0..digits).rev().map(|at| char::from(CROCKFORD[(n >> (at * 5) & 31) as usize])).collect()
}

/// The clock of a run: the time that is measured, and the time that the system under load has.
#[derive(Debug, Clone, Copy)]
pub struct RunClock {
    started: Instant,
    at: Timestamp,
}

impl RunClock {
    pub fn now() -> RunClock {
        RunClock { started: Instant::now(), at: Timestamp::from_jiff(jiff::Timestamp::now()) }
    }

    pub fn time_of(self, instant: Instant) -> Timestamp {
        let micros = match instant.checked_duration_since(self.started) {
            Some(later) => i64::try_from(later.as_micros()).unwrap_or(i64::MAX),
            None => -i64::try_from(self.started.duration_since(instant).as_micros()).unwrap_or(i64::MAX),
        };
        Timestamp::from_micros(self.at.micros().saturating_add(micros))
    }

    /// The moment at which it will be this time; now, if it is past.
    pub fn moment_of(self, time: Timestamp) -> Instant {
        let micros = u64::try_from(time.micros() - self.at.micros()).unwrap_or_default();
        self.started + std::time::Duration::from_micros(micros)
    }
}

/// The run, for its visits.
#[derive(Clone)]
pub struct RunContext {
    pub commands: Arc<ConnectionPool>,
    pub queries: Arc<ConnectionPool>,
    pub callers: Arc<CallerBook>,
    pub told: ToldWriter,
    pub measures: Arc<Measures>,
    pub clock: RunClock,
    pub town: Town,
    pub id: RunId,
    /// How many times as fast as people the simulated users think.
    pub speed: f64,
    /// In London.
    pub today: LocalDate,
    pub visits: Arc<AtomicU64>,
}

impl RunContext {
    pub fn next_visit(&self) -> u64 {
        self.visits.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn ids_of_runs_and_visits_are_different() {
        let run = |seconds: i64| RunId::at(Timestamp::from_micros(seconds * 1_000_000));
        assert_ne!(run(1).text(), run(2).text());
        assert_eq!(run(33).id(32), "000011000010");
        let ids =
            [run(1).correlation(1, 1), run(1).correlation(1, 2), run(1).correlation(2, 1), run(2).correlation(1, 1)];
        assert!((1..ids.len()).all(|at| !ids[..at].contains(&ids[at])), "{ids:?}");
    }

    #[test]
    fn a_moment_has_a_time_and_a_time_has_a_moment() {
        let clock = RunClock::now();
        let later = clock.started + Duration::from_millis(1_500);
        assert_eq!(clock.time_of(later).since(clock.at).as_millis(), 1_500);
        assert_eq!(clock.moment_of(clock.time_of(later)), later);
        assert_eq!(clock.moment_of(clock.at.plus_minutes(-1)), clock.started);
    }
}
