//! The summary in the terminal.

use std::fmt::Write;

use super::RunReport;
use crate::{
    measures::{in_ms, quantile_us},
    verify::thousands,
};

/// The late tenth of a percent of all sends may be this late before the summary warns, in milliseconds.
const LATE_MS_MAX: f64 = 100.0;

/// The table of requests, the refusals, and the bars.
pub fn summary(report: &RunReport) -> String {
    let measured = &report.measured;
    let mut text = format!(
        "{:<24} {:>9} {:>10} {:>10} {:>10} {:>10}\n",
        "request", "answers", "p50 ms", "p99 ms", "p99.9 ms", "longest ms"
    );
    let row = |name: &str, times: &hdrhistogram::Histogram<u64>| {
        let at = |share| in_ms(quantile_us(times, share));
        let (p50, p99, p999, longest) = (at(0.5), at(0.99), at(0.999), at(1.0));
        format!("{name:<24} {:>9} {p50:>10.1} {p99:>10.1} {p999:>10.1} {longest:>10.1}\n", thousands(times.len()))
    };
    let (commands, queries): (Vec<_>, Vec<_>) = measured.kinds.iter().partition(|(_, kind)| kind.is_command);
    for (name, kind) in commands.into_iter().chain(queries) {
        text.push_str(&row(name, &kind.times));
    }
    text.push_str(&row("all", &measured.all));
    for ((asked, code), count) in &measured.refusals {
        let _ = writeln!(text, "refused: {asked}: {code}: {}", thousands(*count));
    }
    if measured.busy > 0 {
        let _ = writeln!(text, "asked to come again, or not answered: {}", thousands(measured.busy));
    }
    if measured.failures > 0 {
        let _ = writeln!(text, "failed in the end: {}", thousands(measured.failures));
    }
    let late = in_ms(quantile_us(&measured.late, 0.999));
    if late > LATE_MS_MAX {
        let _ = writeln!(
            text,
            "The generator itself was late: 0.1 % of the requests by {late:.0} ms or more. They count as slow."
        );
    }
    for tried in &report.tried {
        let result = if tried.exceeded.is_empty() { "kept up".to_owned() } else { tried.exceeded.join(", ") };
        let _ = writeln!(text, "tried {:.1} visits/s: {result}", tried.rate);
    }
    for bar in &report.bars {
        let _ = writeln!(text, "{}: {} - {}", bar.what, bar.value, if bar.kept { "kept" } else { "NOT KEPT" });
    }
    text
}
