//! `frontdoor check`: verifies a stopped server's files, or the tables and topics of a running system. It reads and
//! folds with separate code, from plain SQL and plain JSON, so that a fault of the engines is not repeated here. It
//! changes nothing.

mod acknowledgements;
mod agreement;
mod appointments;
mod carers;
mod chain;
mod clinic_sessions;
mod contacts;
mod event;
mod files;
mod findings;
mod folds;
mod kinds;
mod messages;
mod organ_donation;
mod owners;
mod postgres;
mod practices;
mod prescriptions;
mod registrations;
mod remembered;
mod repeat_agreement;
mod second_fold;
mod symptom_checks;
mod topic;
mod vaccinations;
mod views;
mod waiting;

use std::{fmt, path::Path, process::ExitCode};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

use event_kafka::Address;
use host::{
    output,
    url::{self, Url},
};

use crate::cli::Check;
use acknowledgements::ClientAcknowledgements;
use agreement::Agreement;
use chain::Chain;
use event::{CheckedEvent, Source};
use files::Files;
use findings::Findings;
use postgres::PgLog;
use repeat_agreement::RepeatAgreement;
use topic::CheckedTopic;
use views::{CheckedViews, ViewsSource};

const EXIT_CLEAN: u8 = 0;
const EXIT_FOUND: u8 = 1;
const EXIT_COULD_NOT: u8 = 2;

/// `frontdoor check`: prints its findings, each with its position.
pub fn check(options: &Check) -> ExitCode {
    let work = async || {
        let mut findings = Findings::default();
        let checked = prove(options, &mut findings).await?;
        anyhow::Ok((findings, checked))
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no thread");
    match runtime.and_then(|runtime| runtime.block_on(work())) {
        Ok((findings, checked)) => {
            output::text(format_args!("{findings}"));
            output::line(format_args!("{checked} checked, {} findings", findings.count()));
            ExitCode::from(if findings.count() == 0 { EXIT_CLEAN } else { EXIT_FOUND })
        }
        Err(error) => {
            output::error_line(format_args!("frontdoor: could not check: {}", url::masked(&format!("{error:#}"))));
            ExitCode::from(EXIT_COULD_NOT)
        }
    }
}

/// The number of items that were checked.
#[derive(Default)]
struct Coverage {
    events: u64,
    /// Decisions without events.
    remembered: u64,
    read_models: usize,
    topics: usize,
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Coverage { events, remembered, read_models, topics } = self;
        write!(f, "{events} events, {remembered} remembered decisions, {read_models} read models, {topics} topics")
    }
}

async fn prove(options: &Check, findings: &mut Findings) -> anyhow::Result<Coverage> {
    let told = options.told.as_deref().map(ClientAcknowledgements::read).transpose()?.unwrap_or_default();
    let places = CheckPlaces::of(options)?;
    match &places.log {
        Some(log) => prove_tables(&places, log, told, findings).await,
        None => prove_files(&options.data, told, findings).await,
    }
}

/// The databases and brokers to check instead of a data folder.
struct CheckPlaces {
    log: Option<Url>,
    views: Option<Url>,
    feed: Option<Address>,
}

impl CheckPlaces {
    fn of(options: &Check) -> anyhow::Result<CheckPlaces> {
        let log = url::given(url::LOG, options.log.as_ref(), options.log_file.as_deref())?;
        let views = url::given(url::VIEWS, options.views.as_ref(), options.views_file.as_deref())?;
        let feed = url::given(url::FEED, options.feed.as_ref(), options.feed_file.as_deref())?;
        match &log {
            Some(log) if log.is_postgres() => log.checked("--log")?,
            None if views.is_none() && feed.is_none() => {}
            Some(_) | None => {
                anyhow::bail!("--feed and --views are looked at beside --log postgres://…; files are named by --data")
            }
        }
        match &views {
            Some(views) if views.is_postgres() => views.checked("--views")?,
            Some(views) if views.sqlite().is_none() => anyhow::bail!("--views is postgres://… or sqlite:FILE"),
            Some(_) | None => {}
        }
        let feed = feed.map(|feed| feed.exposed().parse::<Address>()).transpose()?;
        Ok(CheckPlaces { log, views, feed })
    }
}

/// Checks the files of a stopped server.
async fn prove_files(data: &Path, told: ClientAcknowledgements, findings: &mut Findings) -> anyhow::Result<Coverage> {
    let mut files = Files::open(data).await?;
    files.known_versions().await?;
    files.integrity(findings).await;
    let stored = files.views.as_mut().map_or(ViewsSource::Nowhere, ViewsSource::File);
    let views = CheckedViews::read(stored, findings).await;
    if let Some(lineage) = files.lineage().await {
        views.belong_to(lineage, findings);
    }
    if files.access.is_none() {
        findings.line("access.db is missing".to_owned());
    }
    let mut proof = InstallationProof { told, ..InstallationProof::of(views, files.events().await) };
    for (log, connection) in files.logs() {
        proof.log(log, Source::File(connection), None, findings).await?;
    }
    Ok(proof.end(findings))
}

/// Checks the tables and topics of a system, which may be running.
async fn prove_tables(
    places: &CheckPlaces,
    log: &Url,
    told: ClientAcknowledgements,
    findings: &mut Findings,
) -> anyhow::Result<Coverage> {
    // The views are read before the log, so that the log reaches at least as far as the views.
    let mut file = match places.views.as_ref().and_then(Url::sqlite) {
        Some(file) => Some(files::snapshot(Path::new(file)).await?),
        None => None,
    };
    let stored = match (&mut file, &places.views) {
        (Some(file), _) => ViewsSource::File(file),
        (None, Some(url)) => ViewsSource::Tables(postgres::views(url.exposed()).await?),
        (None, None) => ViewsSource::Nowhere,
    };
    let views = CheckedViews::read(stored, findings).await;
    let (mut logs, mut events) = (Vec::new(), 0);
    for name in ["care", "access"] {
        let log = PgLog::open(log.exposed(), name).await?;
        events += u64::try_from(log.end).unwrap_or(0);
        if name == "care" {
            views.belong_to(log.lineage, findings);
        }
        logs.push(log);
    }
    let mut proof = InstallationProof { told, ..InstallationProof::of(views, events) };
    for mut log in logs {
        let name = log.log;
        let topic = places.feed.as_ref().map(|feed| CheckedTopic::open(feed, name, log.lineage)).transpose()?;
        proof.log(name, Source::Table(&mut log), topic, findings).await?;
    }
    Ok(proof.end(findings))
}

/// A check in progress.
struct InstallationProof {
    bar: ProgressBar,
    checked: Coverage,
    views: CheckedViews,
    told: ClientAcknowledgements,
    agreement: Agreement,
    repeats: RepeatAgreement,
}

impl InstallationProof {
    fn of(views: CheckedViews, events: u64) -> InstallationProof {
        InstallationProof {
            bar: progress(events),
            checked: Coverage { read_models: views.count(), ..Coverage::default() },
            views,
            told: ClientAcknowledgements::default(),
            agreement: Agreement::default(),
            repeats: RepeatAgreement::default(),
        }
    }

    async fn log(
        &mut self,
        log: &'static str,
        mut source: Source<'_>,
        mut topic: Option<CheckedTopic>,
        findings: &mut Findings,
    ) -> anyhow::Result<()> {
        let (mut chain, mut unread) = (Chain::new(log), None);
        let read = event::each(&mut source, |event: &CheckedEvent| {
            self.bar.inc(1);
            self.checked.events += 1;
            chain.event(event, findings);
            if log == "care" {
                owners::prove(event, findings);
                self.agreement.event(event, findings);
                self.repeats.event(event, findings);
                self.views.event(event, findings);
                self.told.event(event, findings);
            }
            if unread.is_none()
                && let Some(topic) = &mut topic
            {
                unread = topic.event(event, findings).err();
            }
        });
        if let Err(error) = read.await {
            findings.add(log, chain.next(), format!("cannot be read from here on: {error}"));
        }
        match remembered::prove(log, &mut source, chain.command_keys(), findings).await {
            Ok(count) => self.checked.remembered += count,
            Err(error) => findings.line(format!("{log}: remembered decisions cannot be read: {error}")),
        }
        match (unread, topic) {
            (Some(error), _) => Err(error),
            (None, Some(topic)) => {
                self.checked.topics += 1;
                topic.end(source.end_now().await?, findings)
            }
            (None, None) => Ok(()),
        }
    }

    fn end(self, findings: &mut Findings) -> Coverage {
        self.bar.finish_and_clear();
        self.agreement.end(findings);
        self.repeats.end(findings);
        self.views.end(findings);
        self.told.end(findings);
        self.checked
    }
}

fn progress(events: u64) -> ProgressBar {
    let bar = ProgressBar::new(events);
    if let Ok(style) = ProgressStyle::with_template("checking [{bar:40}] {pos}/{len} events, {eta} left") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
