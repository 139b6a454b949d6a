//! How far the views are behind the log, as the system's operator sees it: the time since the log was at the position that a
//! view has reached. It is an upper bound that is at most one look too high.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;

use crate::{pool::ConnectionPool, request};

/// The time between two looks.
pub const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The looks that are remembered: ten minutes. A view that is further behind is reported as ten minutes behind.
const LOOKS_MAX: usize = 1_200;

/// Ends of the log, by the time at which they were seen.
#[derive(Default)]
pub struct LagWatch {
    ends: VecDeque<(Duration, u64)>,
}

impl LagWatch {
    /// The log ended here at this time (since the start of the run).
    pub fn log_ends(&mut self, at: Duration, end: u64) {
        // Another process may answer, which has not heard of the newest event yet.
        let end = self.ends.back().map_or(end, |(_, last)| end.max(*last));
        if self.ends.len() >= LOOKS_MAX {
            self.ends.pop_front();
        }
        self.ends.push_back((at, end));
    }

    /// How long ago the log had no event after this position.
    pub fn lag_of(&self, position: u64) -> Duration {
        let Some((now, end)) = self.ends.back() else { return Duration::ZERO };
        if position >= *end {
            return Duration::ZERO;
        }
        let contained = self.ends.iter().rev().find(|(_, end)| position >= *end).or(self.ends.front());
        contained.map_or(Duration::ZERO, |(at, _)| now.saturating_sub(*at))
    }
}

/// One look: the end of the log, and the position of each view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SystemLook {
    pub end: u64,
    pub positions: BTreeMap<String, u64>,
    /// The number of processes that did not answer.
    pub silent: usize,
}

/// Asks all processes. The highest position that any of them knows is the position of a view.
pub async fn look(admins: &[ConnectionPool]) -> SystemLook {
    let mut seen = SystemLook::default();
    for admin in admins {
        match admin.exchange(&request::query(admin.host(), "", "/projections")).await {
            Ok(answer) if answer.status == 200 => {
                seen.add(&serde_json::from_slice(&answer.body).unwrap_or_default());
            }
            Ok(_) | Err(_) => seen.silent += 1,
        }
    }
    seen
}

impl SystemLook {
    fn add(&mut self, answer: &Value) {
        self.end = self.end.max(answer["end"].as_u64().unwrap_or_default());
        for model in answer["items"].as_array().into_iter().flatten() {
            let (Some(name), Some(position)) = (model["name"].as_str(), model["position"].as_u64()) else { continue };
            let known = self.positions.entry(name.to_owned()).or_default();
            *known = (*known).max(position);
        }
    }
}

/// The lags of a run.
#[derive(Clone, Default)]
pub struct LagSeries {
    /// By view: the time since the start of the run, and the lag, both in milliseconds.
    pub points: BTreeMap<String, Vec<(u64, u64)>>,
    /// The number of looks to which a process did not answer.
    pub silent: u64,
}

impl LagSeries {
    /// The longest lag of any view since this time, in milliseconds.
    pub fn longest_ms(&self, since_ms: u64) -> u64 {
        let late =
            |points: &Vec<(u64, u64)>| points.iter().filter(|(at, _)| *at >= since_ms).map(|(_, lag)| *lag).max();
        self.points.values().filter_map(late).max().unwrap_or_default()
    }
}

/// The lags so far, which one task adds to and another shows.
#[derive(Default)]
pub struct LagBoard(Mutex<(LagWatch, LagSeries, BTreeMap<String, Duration>)>);

impl LagBoard {
    fn lock(&self) -> MutexGuard<'_, (LagWatch, LagSeries, BTreeMap<String, Duration>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a look at this time since the start of the run.
    pub fn add(&self, at: Duration, seen: &SystemLook) {
        let mut board = self.lock();
        let (watch, series, last) = &mut *board;
        series.silent += seen.silent as u64;
        if seen.positions.is_empty() {
            return;
        }
        watch.log_ends(at, seen.end);
        for (name, position) in &seen.positions {
            let lag = watch.lag_of(*position);
            let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            series.points.entry(name.clone()).or_default().push((ms(at), ms(lag)));
            last.insert(name.clone(), lag);
        }
    }

    /// The lag of each view at the last look.
    pub fn last(&self) -> BTreeMap<String, Duration> {
        self.lock().2.clone()
    }

    pub fn series(&self) -> LagSeries {
        self.lock().1.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_view_lags_since_the_log_was_where_the_view_is() {
        let mut watch = LagWatch::default();
        assert_eq!(watch.lag_of(0), s(0));
        for (at, end) in [(0, 100), (1, 200), (2, 300), (3, 300)] {
            watch.log_ends(s(at), end);
        }
        for (position, lag) in [(300, 0), (299, 2), (200, 2), (150, 3), (50, 3), (400, 0)] {
            assert_eq!(watch.lag_of(position), s(lag), "{position}");
        }
        // A process that knows less does not take back what another has said.
        watch.log_ends(s(4), 250);
        assert_eq!(watch.lag_of(300), s(0));
    }

    #[test]
    fn after_a_pause_of_the_log_one_new_event_is_not_a_long_lag() {
        let mut watch = LagWatch::default();
        (0..60).for_each(|at| watch.log_ends(s(at), 10));
        watch.log_ends(s(60), 11);
        assert_eq!(watch.lag_of(10), s(1));
    }

    #[test]
    fn the_answers_of_several_processes_are_merged() {
        let mut seen = SystemLook::default();
        seen.add(&json!({"end": 7, "items": [{"name": "a", "position": 5}, {"name": "b", "position": 7}]}));
        seen.add(&json!({"end": 8, "items": [{"name": "a", "position": 6}]}));
        let board = LagBoard::default();
        board.add(s(1), &SystemLook { end: 6, ..seen.clone() });
        board.add(s(2), &seen);
        assert_eq!(board.last(), BTreeMap::from([("a".to_owned(), s(1)), ("b".to_owned(), s(1))]));
        assert_eq!((board.series().longest_ms(0), board.series().longest_ms(2_001)), (1_000, 0));
    }
}
