//! The measurements of a run: times in histograms of a fixed size, counts, and a point for each second.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context;
use hdrhistogram::Histogram;

/// Times are recorded in microseconds, up to this one; longer ones count as this long.
const TIME_MAX: Duration = Duration::from_secs(600);
/// A quantile is exact to one part in a thousand.
const DIGITS: u8 = 3;

/// The answer to one request, all its attempts included.
#[derive(Debug, Clone, Copy)]
pub struct AnswerTime<'a> {
    /// The name of the command or query.
    pub asked: &'a str,
    pub is_command: bool,
    /// From the moment at which the user meant to ask to the answer that ended the matter.
    pub took: Duration,
    /// The code of a refusal, or the reason of a failure.
    pub refusal: Option<&'a str>,
    /// True if there was no answer in the end, or a wrong one.
    pub failed: bool,
}

/// The times of one kind of request.
#[derive(Clone)]
pub struct TimesOfKind {
    pub is_command: bool,
    /// In microseconds.
    pub times: Histogram<u64>,
}

/// One second of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SecondPoint {
    pub commands: u32,
    pub queries: u32,
    pub refusals: u32,
    /// Answers that asked the client to come again.
    pub busy: u32,
    pub failures: u32,
    /// Of the answers of this second, in microseconds; 0 without answers.
    pub p50_us: u64,
    pub p99_us: u64,
}

/// The measurements so far.
#[derive(Clone)]
pub struct RunMeasured {
    pub kinds: BTreeMap<String, TimesOfKind>,
    /// The times of all requests, in microseconds.
    pub all: Histogram<u64>,
    /// By how much the generator itself was late in sending, in microseconds.
    pub late: Histogram<u64>,
    /// By name of the command or query, and code.
    pub refusals: BTreeMap<(String, String), u64>,
    pub busy: u64,
    pub failures: u64,
    pub visits: u64,
    /// Visits that did not begin because too many others were under way.
    pub visits_dropped: u64,
    pub seconds: Vec<SecondPoint>,
    second: SecondPoint,
    second_times: Histogram<u64>,
}

/// Measurements that many users add to.
pub struct Measures(Mutex<RunMeasured>);

impl Measures {
    /// # Errors
    /// Never: the bounds are valid.
    pub fn new() -> anyhow::Result<Measures> {
        let longest = u64::try_from(TIME_MAX.as_micros())?;
        let none: Histogram<u64> = Histogram::new_with_bounds(1, longest, DIGITS).context("a histogram")?;
        Ok(Measures(Mutex::new(RunMeasured {
            kinds: BTreeMap::new(),
            all: none.clone(),
            late: none.clone(),
            refusals: BTreeMap::new(),
            busy: 0,
            failures: 0,
            visits: 0,
            visits_dropped: 0,
            seconds: Vec::new(),
            second: SecondPoint::default(),
            second_times: none,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, RunMeasured> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn answered(&self, answer: AnswerTime<'_>) {
        let mut measured = self.lock();
        let measured = &mut *measured;
        let took_us = micros(answer.took);
        measured.all.saturating_record(took_us);
        measured.second_times.saturating_record(took_us);
        if !measured.kinds.contains_key(answer.asked) {
            let mut times = Histogram::new_from(&measured.all);
            times.reset();
            measured.kinds.insert(answer.asked.to_owned(), TimesOfKind { is_command: answer.is_command, times });
        }
        if let Some(kind) = measured.kinds.get_mut(answer.asked) {
            kind.times.saturating_record(took_us);
        }
        let counted = if answer.is_command { &mut measured.second.commands } else { &mut measured.second.queries };
        *counted += 1;
        if let Some(code) = answer.refusal {
            *measured.refusals.entry((answer.asked.to_owned(), code.to_owned())).or_default() += 1;
        }
        if answer.failed {
            (measured.failures, measured.second.failures) = (measured.failures + 1, measured.second.failures + 1);
        } else if answer.refusal.is_some() {
            measured.second.refusals += 1;
        }
    }

    /// A request was sent this much later than it was meant to be, without waiting for a connection.
    pub fn sent_late(&self, late: Duration) {
        self.lock().late.saturating_record(micros(late));
    }

    pub fn busy(&self) {
        let mut measured = self.lock();
        (measured.busy, measured.second.busy) = (measured.busy + 1, measured.second.busy + 1);
    }

    pub fn visit(&self, begins: bool) {
        let mut measured = self.lock();
        let counted = if begins { &mut measured.visits } else { &mut measured.visits_dropped };
        *counted += 1;
    }

    /// Ends a second, and returns its point.
    pub fn end_second(&self) -> SecondPoint {
        let mut measured = self.lock();
        let mut point = std::mem::take(&mut measured.second);
        (point.p50_us, point.p99_us) =
            (quantile_us(&measured.second_times, 0.5), quantile_us(&measured.second_times, 0.99));
        measured.second_times.reset();
        measured.seconds.push(point);
        point
    }

    /// Reads without a copy.
    pub fn read<T>(&self, read: impl FnOnce(&RunMeasured) -> T) -> T {
        read(&self.lock())
    }

    pub fn so_far(&self) -> RunMeasured {
        self.lock().clone()
    }
}

impl RunMeasured {
    /// The times of all commands, or of all queries.
    pub fn times_of(&self, commands: bool) -> Histogram<u64> {
        let mut all = Histogram::new_from(&self.all);
        all.reset();
        for kind in self.kinds.values().filter(|kind| kind.is_command == commands) {
            // Both have the same bounds, so it cannot fail.
            let _added = all.add(&kind.times);
        }
        all
    }
}

/// At least 1: a histogram of times has no 0.
fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1)
}

/// The value that this share of the values does not exceed; 0 without values.
pub fn quantile_us(times: &Histogram<u64>, share: f64) -> u64 {
    if times.is_empty() { 0 } else { times.value_at_quantile(share) }
}

pub fn in_ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer<'a>(asked: &'a str, ms: u64, refusal: Option<&'static str>) -> AnswerTime<'a> {
        let took = Duration::from_millis(ms);
        AnswerTime { asked, is_command: asked.starts_with("book"), took, refusal, failed: refusal == Some("internal") }
    }

    #[test]
    fn answers_are_counted_by_kind_and_by_second() {
        let measures = Measures::new().expect("measures");
        for ms in 1..=100 {
            measures.answered(answer("book-appointment", ms, (ms > 90).then_some("slot-taken")));
        }
        measures.busy();
        let first = measures.end_second();
        measures.answered(answer("free-slots", 7, Some("internal")));
        let second = measures.end_second();
        assert_eq!((first.commands, first.queries, first.refusals, first.busy, first.failures), (100, 0, 10, 1, 0));
        assert_eq!((second.commands, second.queries, second.refusals, second.failures), (0, 1, 0, 1));
        assert!((49_950..=50_100).contains(&first.p50_us) && (98_900..=99_200).contains(&first.p99_us), "{first:?}");
        let measured = measures.so_far();
        assert_eq!(measured.refusals[&("book-appointment".to_owned(), "slot-taken".to_owned())], 10);
        assert_eq!((measured.kinds.len(), measured.all.len(), measured.failures, measured.busy), (2, 101, 1, 1));
        assert_eq!(measures.end_second(), SecondPoint::default());
    }
}
