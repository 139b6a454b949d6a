//! What was found: each finding is a line that names its place.

use std::fmt;

/// Findings that are told one by one; more are counted.
const TOLD_MAX: usize = 1_000;

#[derive(Default)]
pub struct Findings {
    lines: Vec<String>,
    count: usize,
}

impl Findings {
    /// Something is wrong at this position of this log.
    pub fn add(&mut self, log: &str, position: u64, what: impl fmt::Display) {
        self.line(format!("{log}:{position}: {what}"));
    }

    /// Something is wrong that has no position of its own: a file, a row of a view.
    pub fn line(&mut self, line: String) {
        self.count += 1;
        if self.lines.len() < TOLD_MAX {
            self.lines.push(line);
        }
    }

    pub fn count(&self) -> usize {
        self.count
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        if self.count > self.lines.len() {
            writeln!(f, "and {} more", self.count - self.lines.len())?;
        }
        Ok(())
    }
}
