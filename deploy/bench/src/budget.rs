//! The time limit of each benchmark on a machine with two cores, and the time that it took.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// The time limit for all of them, except `growth`.
const TOTAL_MAX: Duration = Duration::from_secs(30 * 60);
/// The time limit for one of them.
const EACH_MAX: Duration = Duration::from_secs(4 * 60);

/// Each benchmark, and its time limit in seconds, including its preparation.
pub const ALL: [(&str, u64); 23] = [
    ("append", 75),
    ("hot", 45),
    ("append-postgres", 75),
    ("command", 80),
    ("old-snapshot", 90),
    ("two-nodes", 60),
    ("book", 80),
    ("race", 15),
    ("read", 60),
    ("pages", 55),
    ("rebuild", 60),
    ("rebuild-postgres", 75),
    ("relay", 120),
    ("visible", 75),
    ("memory", 75),
    ("policies", 120),
    ("timers", 120),
    ("pathway", 5),
    ("eligibility", 5),
    ("pass", 5),
    ("peers-append", 75),
    ("peers-command", 200),
    ("peers-replay", 175),
];

const _: () = {
    let (mut sum, mut at) = (0, 0);
    while at < ALL.len() {
        assert!(ALL[at].1 <= EACH_MAX.as_secs());
        sum += ALL[at].1;
        at += 1;
    }
    assert!(sum <= TOTAL_MAX.as_secs());
};

fn limit(name: &str) -> Option<Duration> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, seconds)| Duration::from_secs(*seconds))
}

/// The benchmarks of a run: the remaining ones, and the time of the completed ones.
pub struct Budget<'a> {
    left: VecDeque<&'a str>,
    count: usize,
    running: Option<(&'a str, Instant)>,
    done: Vec<(&'a str, Duration)>,
}

impl<'a> Budget<'a> {
    pub fn of(names: Vec<&'a str>) -> Budget<'a> {
        Budget { count: names.len(), left: names.into(), running: None, done: Vec::new() }
    }

    /// The next benchmark, after the previous one has ended. Prints the progress of the run.
    pub fn next(&mut self) -> Option<&'a str> {
        self.done.extend(self.running.take().map(|(name, began)| (name, began.elapsed())));
        let most: Duration = self.left.iter().filter_map(|name| limit(name)).sum();
        let name = self.left.pop_front()?;
        let own = limit(name).map_or("without a limit".to_owned(), |limit| format!("{} s at most", limit.as_secs()));
        eprintln!(
            "[{} of {}] {name}: {own}; {} min {} s left at most",
            self.done.len() + 1,
            self.count,
            most.as_secs() / 60,
            most.as_secs() % 60
        );
        self.running = Some((name, Instant::now()));
        Some(name)
    }

    /// A line for each benchmark, and the sum.
    pub fn spent(&self) -> String {
        let line = |(name, took): &(&str, Duration)| {
            let limit = limit(name);
            let limit_seconds = limit.map_or("-".to_owned(), |limit| limit.as_secs().to_string());
            let over = if limit.is_some_and(|limit| *took > limit) { "  OVER" } else { "" };
            format!("{name:<20} {:>6.0} s of {limit_seconds:>4}{over}\n", took.as_secs_f64())
        };
        let sum: Duration = self.done.iter().map(|(_, took)| *took).sum();
        let lines: String = self.done.iter().map(line).collect();
        format!("{lines}{:<20} {:>6.0} s of {:>4}", "in all", sum.as_secs_f64(), TOTAL_MAX.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_each_benchmark_once_and_tells_which_one_took_too_long() {
        let mut budget = Budget::of(vec!["hot", "race"]);
        assert_eq!((budget.next(), budget.next(), budget.next()), (Some("hot"), Some("race"), None));
        assert_eq!(budget.done.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["hot", "race"]);
        budget.done = vec![("hot", Duration::from_secs(46)), ("race", Duration::from_secs(15))];
        let spent = budget.spent();
        let over: Vec<bool> = spent.lines().map(|line| line.ends_with("OVER")).collect();
        assert_eq!(over, [true, false, false], "{spent}");
        assert!(spent.ends_with("61 s of 1800"), "{spent}");
    }
}
