//! `log copy`: shows the progress of `event_log::copy`.

use std::path::Path;

use anyhow::Context;
use event_core::LogName;
use event_log::copy::{Copied, CopyStep, LogCopier, Progress};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    Misconfigured,
    cli::LogCopy,
    operator::ask,
    output,
    url::{self, Url},
};

/// `log copy FROM TO`: both logs, one after the other.
///
/// # Errors
/// If one of the two cannot be copied (nothing is written then), if a copy is interrupted (the next start resumes it),
/// or if the copy differs from the original.
pub fn copy(options: &LogCopy) -> anyhow::Result<()> {
    let to = url::given(("TO", "--to-file"), options.to.as_ref(), options.to_file.as_deref())?;
    let (Some(from), Some(to)) = (options.from.sqlite(), to.filter(Url::is_postgres)) else {
        let why = "a log is copied from sqlite:FOLDER to postgres://OWNER@HOST/DATABASE, and in no other direction";
        return Err(Misconfigured(why.to_owned()).into());
    };
    to.checked("TO")?;
    ask(async {
        let mut copies = Vec::new();
        for log in LogName::ALL {
            let opened = LogCopier::open(Path::new(from), to.exposed(), log).await;
            copies.push((log, opened.with_context(|| format!("the log {log} cannot be copied"))?));
        }
        for (log, copy) in copies {
            let bar = bar();
            let copied = copy.run(|progress| show(&bar, log, progress)).await;
            bar.finish_and_clear();
            output::line(format_args!(
                "{}",
                told(log, &copied.with_context(|| format!("the log {log} is not copied"))?)
            ));
        }
        output::line(format_args!("both logs are whole: servers can open them"));
        Ok(())
    })
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len} events, {eta} left");
    let bar = ProgressBar::new(0);
    match style {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

fn show(bar: &ProgressBar, log: LogName, progress: Progress) {
    let message = match progress.step {
        CopyStep::Comparing => format!("{log}: comparing what is there"),
        CopyStep::Copying => format!("{log}: copying"),
        CopyStep::Verifying => format!("{log}: verifying"),
    };
    if bar.message() != message {
        // The remaining time of one step does not apply to the next one.
        bar.reset();
        bar.set_length(progress.of);
        bar.set_message(message);
    }
    bar.set_position(progress.done);
}

fn told(log: LogName, copied: &Copied) -> String {
    let sha256: String = copied.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let (events, remembered, lineage) = (copied.events, copied.remembered, copied.lineage);
    format!(
        "{log}: {events} events, the same on both sides, SHA-256 {sha256}, lineage {lineage}; {remembered} remembered decisions"
    )
}
