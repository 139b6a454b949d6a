//! The findings of the check: each is a line that names its place.

use std::fmt;

/// The number of findings that are listed; further ones are only counted.
const TOLD_MAX: usize = 1_000;

#[derive(Default)]
pub struct Findings {
    lines: Vec<String>,
    count: usize,
}

impl Findings {
    /// Adds a finding at this position of this log.
    pub fn add(&mut self, log: &str, position: u64, what: impl fmt::Display) {
        self.line(format!("{log}:{position}: {what}"));
    }

    /// Adds a finding without a position, such as a file or a row of a view.
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
