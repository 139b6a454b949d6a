//! The results of a benchmark: a row of the table, and a line of `target/bench/results.jsonl`.

use std::{fs::OpenOptions, io::Write, path::Path};

use serde::Serialize;

/// One figure and its baseline, both from the same run on the same machine.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    pub name: &'static str,
    pub value: f64,
    pub unit: &'static str,
    pub baseline: Option<f64>,
    pub ratio: Option<f64>,
    /// The minimum ratio to pass; for a time, the maximum.
    pub bar: Option<f64>,
    pub met: Option<bool>,
    /// Further observations: latencies, stalls, sizes.
    pub note: String,
}

impl Measured {
    /// A figure with a minimum: its ratio to the baseline has to be at least `bar`. A baseline of 0 was not measured, and
    /// meets no bar.
    pub fn against(name: &'static str, value: f64, unit: &'static str, baseline: f64, bar: f64) -> Measured {
        let ratio = value / baseline;
        Measured {
            name,
            value,
            unit,
            baseline: Some(baseline),
            ratio: Some(ratio),
            bar: Some(bar),
            met: Some(ratio.is_finite() && ratio >= bar),
            note: String::new(),
        }
    }

    /// A figure with a maximum (`most`), and the time of its environment alone as a baseline.
    pub fn within(name: &'static str, value: f64, unit: &'static str, baseline: f64, most: f64) -> Measured {
        let ratio = Some(value / baseline);
        Measured {
            baseline: Some(baseline),
            ratio,
            bar: Some(most),
            met: Some(value <= most),
            ..Measured::stated(name, value, unit)
        }
    }

    /// A figure without a bar.
    pub fn stated(name: &'static str, value: f64, unit: &'static str) -> Measured {
        Measured { name, value, unit, baseline: None, ratio: None, bar: None, met: None, note: String::new() }
    }

    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Measured {
        self.note = note.into();
        self
    }
}

/// Appends the rows to the results file.
///
/// # Errors
/// If the file cannot be written.
pub fn keep(rows: &[Measured], folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut file = OpenOptions::new().create(true).append(true).open(folder.join("results.jsonl"))?;
    for row in rows {
        writeln!(file, "{}", serde_json::to_string(row)?)?;
    }
    Ok(())
}

/// The results as a readable table.
pub fn table(rows: &[Measured]) -> String {
    let mut text = format!(
        "{:<44} {:>12} {:<9} {:>12} {:>7} {:>6}  met\n",
        "benchmark", "value", "unit", "baseline", "ratio", "bar"
    );
    for row in rows {
        let number = |n: Option<f64>, digits: usize| n.map_or("-".to_owned(), |n| format!("{n:.digits$}"));
        let met = row.met.map_or("-", |met| if met { "yes" } else { "NO" });
        text += &format!(
            "{:<44} {:>12.0} {:<9} {:>12} {:>7} {:>6}  {met}\n",
            row.name,
            row.value,
            row.unit,
            number(row.baseline, 0),
            number(row.ratio, 2),
            number(row.bar, 2),
        );
        if !row.note.is_empty() {
            text += &format!("    {}\n", row.note);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_meets_its_bar_from_the_bar_on_and_never_without_a_baseline() {
        for (value, baseline, met) in [(60.0, 100.0, true), (59.0, 100.0, false), (1.0, 0.0, false), (0.0, 0.0, false)]
        {
            assert_eq!(Measured::against("a", value, "1/s", baseline, 0.6).met, Some(met), "{value} / {baseline}");
        }
    }

    #[test]
    fn a_time_meets_its_bar_up_to_the_bar() {
        for (value, met) in [(1.0, true), (1.1, false)] {
            assert_eq!(Measured::within("a", value, "s", 0.5, 1.0).met, Some(met), "{value}");
        }
        assert_eq!(Measured::stated("a", 1.0, "s").met, None);
    }

    #[test]
    fn the_table_has_a_line_for_each_figure_and_says_no_where_a_bar_is_missed() {
        let rows =
            [Measured::against("slow", 1.0, "1/s", 2.0, 0.6).note("p99 3 ms"), Measured::stated("size", 5.0, "MiB")];
        let table = table(&rows);
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["slow", "1", "1/s", "2", "0.50", "0.60", "NO"]);
        assert_eq!(lines[2], ["p99", "3", "ms"]);
        assert_eq!(lines[3], ["size", "5", "MiB", "-", "-", "-", "-"]);
    }
}
