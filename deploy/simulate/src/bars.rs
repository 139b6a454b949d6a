//! The limits of a run.

use crate::{
    find_rate::TriedRate,
    lags::LagSeries,
    measures::{RunMeasured, in_ms, quantile_us},
    report::KeptBar,
};

/// The limits, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// 99 % of the commands, and 99 % of the queries, are answered within this time.
    pub p99_ms: u64,
    /// Every request is answered within this time.
    pub longest_ms: Option<u64>,
    /// Every view lags by this time at most.
    pub lag_ms: u64,
}

impl RunLimits {
    /// The limits, with what was measured. `unended` is the number of visits that did not end in time.
    pub fn bars(self, measured: &RunMeasured, lags: &LagSeries, unended: usize) -> Vec<KeptBar> {
        let mut bars = Vec::new();
        for (commands, what) in [(true, "commands"), (false, "queries")] {
            let times = measured.times_of(commands);
            if times.is_empty() {
                continue;
            }
            let p99 = in_ms(quantile_us(&times, 0.99));
            bars.push(within(format!("p99 of {what}"), p99, self.p99_ms));
            if let Some(longest_ms) = self.longest_ms {
                bars.push(within(format!("longest time of {what}"), in_ms(quantile_us(&times, 1.0)), longest_ms));
            }
        }
        bars.push(within("longest lag of a view".to_owned(), lags.longest_ms(0) as f64, self.lag_ms));
        let failed = measured.failures + measured.visits_dropped + unended as u64;
        bars.push(KeptBar {
            what: "every request is answered and every visit made".to_owned(),
            value: format!("{failed} are not"),
            kept: failed == 0,
        });
        bars
    }
}

fn within(what: String, ms: f64, most_ms: u64) -> KeptBar {
    KeptBar { what, value: format!("{ms:.1} ms of {most_ms} ms"), kept: ms <= most_ms as f64 }
}

/// The bar of a search.
pub fn highest_rate(best: Option<&TriedRate>) -> KeptBar {
    let value = best.map_or("none".to_owned(), |best| format!("{:.1} visits/s", best.rate));
    KeptBar { what: "highest rate that keeps the limits".to_owned(), value, kept: best.is_some() }
}

/// The limits that were not kept, in words.
pub fn exceeded(bars: &[KeptBar]) -> Vec<String> {
    bars.iter().filter(|bar| !bar.kept).map(|bar| format!("{}: {}", bar.what, bar.value)).collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use super::*;
    use crate::measures::{AnswerTime, Measures};

    #[test]
    fn a_slow_command_is_not_hidden_by_many_fast_queries() {
        let measures = Measures::new().expect("measures");
        let answer = |asked, is_command, ms| AnswerTime {
            asked,
            is_command,
            took: Duration::from_millis(ms),
            refusal: None,
            failed: false,
        };
        (0..1_000).for_each(|_| measures.answered(answer("free-slots", false, 5)));
        measures.answered(answer("book-appointment", true, 1_500));
        let limits = RunLimits { p99_ms: 1_000, longest_ms: Some(5_000), lag_ms: 5_000 };
        let points = BTreeMap::from([("free_slots".to_owned(), vec![(0, 4_000), (500, 6_000)])]);
        let lags = LagSeries { points, silent: 0 };
        let bars = limits.bars(&measures.so_far(), &lags, 1);
        let kept: Vec<bool> = bars.iter().map(|bar| bar.kept).collect();
        assert_eq!(kept, [false, true, true, true, false, false], "{bars:?}");
        assert!(exceeded(&bars)[1].contains("6000.0 ms of 5000 ms"), "{bars:?}");
    }
}
