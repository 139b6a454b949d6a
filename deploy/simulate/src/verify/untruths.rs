//! The answers that were found to be untrue.

use std::fmt::Display;

/// The untruths that are kept with their text; all are counted.
const TEXTS_MAX: usize = 20;

/// Untrue answers, in the order in which they were found.
#[derive(Debug, Default)]
pub struct Untruths {
    pub count: u64,
    pub texts: Vec<String>,
}

impl Untruths {
    /// The answer in this line of the file was untrue.
    pub fn add(&mut self, line: u64, what: impl Display) {
        self.count += 1;
        if self.texts.len() < TEXTS_MAX {
            self.texts.push(format!("line {line}: {what}"));
        }
    }

    /// The system is in a state that makes some answer untrue.
    pub fn add_state(&mut self, what: impl Display) {
        self.count += 1;
        if self.texts.len() < TEXTS_MAX {
            self.texts.push(what.to_string());
        }
    }
}
