//! The report of a run: a page with charts, and a table for the terminal.

mod chart;
mod page;
mod summary;

use crate::{find_rate::TriedRate, lags::LagSeries, measures::RunMeasured, verify::ToldVerdict};

pub use page::page;
pub use summary::summary;

/// A limit of the run, and whether it was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptBar {
    pub what: String,
    pub value: String,
    pub kept: bool,
}

/// The results of a run.
pub struct RunReport {
    pub title: String,
    /// Names and values: the settings of the run.
    pub settings: Vec<(String, String)>,
    pub bars: Vec<KeptBar>,
    pub measured: RunMeasured,
    pub lags: LagSeries,
    pub tried: Vec<TriedRate>,
    pub verdict: ToldVerdict,
    /// The requests that waited because all connections were in use.
    pub waited_for_connection: u64,
    /// Visits that did not end in time.
    pub unended: usize,
}

impl RunReport {
    /// True if every bar was kept and no answer was untrue.
    pub fn is_good(&self) -> bool {
        self.verdict.is_good() && self.bars.iter().all(|bar| bar.kept)
    }
}
