//! `frontdoor check`: proves a stopped server's files. It reads and folds with code of its own, from plain SQL and plain
//! JSON, so that a fault of the engines is not repeated here. It changes nothing.

mod agreement;
mod chain;
mod event;
mod files;
mod findings;
mod folds;
mod told;
mod views;

use std::process::ExitCode;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::Check;
use agreement::Agreement;
use chain::Chain;
use event::Event;
use files::Files;
use findings::Findings;
use told::Told;
use views::Views;

const EXIT_CLEAN: u8 = 0;
const EXIT_FOUND: u8 = 1;
const EXIT_COULD_NOT: u8 = 2;

/// `frontdoor check`: prints what it finds, each with its position.
pub fn check(options: &Check) -> ExitCode {
    let work = async || {
        let mut findings = Findings::default();
        let events = prove(options, &mut findings).await?;
        anyhow::Ok((findings, events))
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no thread");
    match runtime.and_then(|runtime| runtime.block_on(work())) {
        Ok((findings, events)) => {
            print!("{findings}");
            println!("{events} events checked, {} findings", findings.count());
            ExitCode::from(if findings.count() == 0 { EXIT_CLEAN } else { EXIT_FOUND })
        }
        Err(error) => {
            eprintln!("frontdoor: could not check: {error:#}");
            ExitCode::from(EXIT_COULD_NOT)
        }
    }
}

async fn prove(options: &Check, findings: &mut Findings) -> anyhow::Result<u64> {
    let mut told = options.told.as_deref().map(Told::read).transpose()?.unwrap_or_default();
    let mut files = Files::open(&options.data).await?;
    files.integrity(findings).await;
    let mut views = Views::read(files.views.as_mut(), findings).await;
    let bar = progress(files.events().await);
    let mut agreement = Agreement::default();
    let mut events = 0;
    for (log, connection) in files.logs() {
        let mut chain = Chain::new(log);
        let read = event::each(connection, |event: &Event| {
            bar.inc(1);
            events += 1;
            chain.event(event, findings);
            if log == "care" {
                agreement.event(event, findings);
                views.event(event, findings);
                told.event(event, findings);
            }
        });
        if let Err(error) = read.await {
            findings.add(log, chain.next(), format!("cannot be read from here on: {error}"));
        }
    }
    bar.finish_and_clear();
    agreement.end(findings);
    views.end(findings);
    told.end(findings);
    Ok(events)
}

fn progress(events: u64) -> ProgressBar {
    let bar = ProgressBar::new(events);
    if let Ok(style) = ProgressStyle::with_template("checking [{bar:40}] {pos}/{len} events, {eta} left") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
