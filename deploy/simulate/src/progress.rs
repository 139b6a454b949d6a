//! Progress in the terminal: a bar and live lines there, plain lines now and then elsewhere.

use std::{
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

/// The time between plain lines, if the output is not a terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(5);
const REDRAWS_A_SECOND: u64 = 10;

/// Where progress and results are printed.
pub struct LiveOutput {
    print: fn(&str),
    is_terminal: bool,
    bar: Mutex<Option<(ProgressBar, Instant)>>,
}

impl LiveOutput {
    /// Prints lines with `print`, and progress to standard error.
    pub fn new(print: fn(&str)) -> LiveOutput {
        LiveOutput { print, is_terminal: std::io::stderr().is_terminal(), bar: Mutex::default() }
    }

    /// Prints a line that stays.
    pub fn line(&self, text: &str) {
        let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        match &*bar {
            Some((bar, _)) => bar.suspend(|| (self.print)(text)),
            None => (self.print)(text),
        }
    }

    /// Begins a phase with this number of steps. The bar shows the time that is left.
    pub fn begin(&self, what: &str, steps: u64) {
        let template = format!("{what} [{{bar:40}}] {{pos}}/{{len}}, {{eta}} left{{msg}}");
        let target = indicatif::ProgressDrawTarget::stderr_with_hz(REDRAWS_A_SECOND as u8);
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("=> "));
        }
        if !self.is_terminal {
            (self.print)(&format!("{what}: {steps}"));
        }
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some((bar, Instant::now()));
    }

    pub fn step(&self) {
        if let Some((bar, _)) = &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            bar.inc(1);
        }
    }

    /// Shows live lines below the bar, of which the first is also printed now and then if there is no terminal.
    pub fn show(&self, position: u64, lines: &[String]) {
        let mut shown = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((bar, last)) = &mut *shown else { return };
        bar.set_position(position);
        bar.set_message(lines.iter().map(|line| format!("\n  {line}")).collect::<String>());
        if !self.is_terminal && last.elapsed() >= PLAIN_EVERY {
            *last = Instant::now();
            (self.print)(&lines.join("; "));
        }
    }

    /// Ends the phase; its bar disappears.
    pub fn end(&self) {
        if let Some((bar, _)) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}
