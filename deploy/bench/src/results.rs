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
    /// A figure with a minimum: its ratio to the baseline has to be at least `bar`.
    pub fn against(name: &'static str, value: f64, unit: &'static str, baseline: f64, bar: f64) -> Measured {
        let ratio = value / baseline;
        Measured {
            name,
            value,
            unit,
            baseline: Some(baseline),
            ratio: Some(ratio),
            bar: Some(bar),
            met: Some(ratio >= bar),
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
