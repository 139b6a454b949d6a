//! The periods of a run: a time on a Monday, eight o'clock, or the steps of a search.

use std::{fs, sync::Arc, time::Duration};

use anyhow::{Context, bail, ensure};
use event_core::Timestamp;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    activity::VisitLoad,
    bars::{RunLimits, exceeded},
    context::RunContext,
    find_rate::RateSearch,
    lags::{LagBoard, LagSeries, look},
    load::{LoadPeriod, UnderWay, VisitNumbers, let_users_come},
    measures::{Measures, RunMeasured},
    mix::{LoadMix, VisitRates},
    options::Simulate,
    pool::ConnectionPool,
    progress::LiveOutput,
    rush::{Rush, RushSize},
    supply,
    watch::{Watch, Watched},
};

/// The rate with which a search begins, in visits a second.
const FIRST_RATE: f64 = 20.0;
/// The time that views have to reach the end of the log, before and after a load.
const SETTLED_WITHIN: Duration = Duration::from_secs(300);
const SETTLED_LOOK_EVERY: Duration = Duration::from_millis(200);
/// A pause before users come, so that the last command of the preparation does not count.
const BREATH: Duration = Duration::from_millis(500);

/// A call of `frontdoor simulate` in progress.
pub struct SimulationCall<'a> {
    pub options: &'a Simulate,
    pub run: RunContext,
    pub admins: Arc<Vec<ConnectionPool>>,
    pub output: Arc<LiveOutput>,
    pub numbers: VisitNumbers,
    /// The number of the run's next session.
    pub sessions: u64,
}

/// The measurements of one period.
pub struct PeriodResults {
    pub measured: RunMeasured,
    pub lags: LagSeries,
    /// Visits that did not end in time.
    pub unended: usize,
}

impl SimulationCall<'_> {
    fn mix(&self) -> anyhow::Result<LoadMix> {
        let mix = match &self.options.mix {
            Some(file) => {
                let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
                LoadMix::parse(&text).with_context(|| file.display().to_string())?
            }
            None => LoadMix::monday()?,
        };
        mix.only(&self.options.only)
    }

    /// The limits of this run.
    pub fn limits(&self) -> RunLimits {
        let rush = self.options.rush.is_some();
        RunLimits {
            p99_ms: self.options.p99_max_ms.unwrap_or(if rush { 2_000 } else { 1_000 }),
            longest_ms: self.options.longest_max_ms.or(rush.then_some(5_000)),
            lag_ms: self.options.lag_max_ms,
        }
    }

    /// A time on a Monday from eight o'clock.
    ///
    /// # Errors
    /// If the preparation is refused.
    pub async fn monday(&mut self) -> anyhow::Result<PeriodResults> {
        let mix = self.mix()?;
        let rates = match self.options.rate {
            Some(rate) => mix.at_rate(rate)?,
            None => mix.for_patients(self.options.patients, self.options.speed),
        };
        let lasts = Duration::from_secs_f64(self.options.minutes * 60.0);
        let released_at = self.release_time();
        self.provide(&rates, lasts, Some(released_at)).await?;
        self.settled().await?;
        let eight = self.run.clock.moment_of(released_at).max(Instant::now() + BREATH);
        sleep_until(eight).await;
        self.period(&rates, eight, lasts).await
    }

    fn release_time(&self) -> Timestamp {
        self.run.clock.time_of(Instant::now() + Duration::from_secs(u64::from(self.options.release_in)))
    }

    async fn provide(&mut self, rates: &VisitRates, lasts: Duration, at: Option<Timestamp>) -> anyhow::Result<()> {
        supply::provide(&self.run, &self.output, rates, lasts, &self.numbers, &mut self.sessions, at).await
    }

    /// A period of load, with its own measurements.
    async fn period(
        &mut self,
        rates: &VisitRates,
        starts_at: Instant,
        lasts: Duration,
    ) -> anyhow::Result<PeriodResults> {
        let (watch, watched) = self.watched(starts_at)?;
        let VisitLoad { queries, commands } = rates.requests();
        self.output.line(&format!(
            "{:.1} visits/s for {} s: about {queries:.0} queries/s and {commands:.1} commands/s",
            rates.total(),
            lasts.as_secs()
        ));
        self.output.begin("second", lasts.as_secs());
        let period = LoadPeriod { rates, starts_at, lasts, seed: self.options.seed };
        let unended = let_users_come(&self.run, &period, &self.numbers, &watched.under_way).await;
        self.output.end();
        drop(watch);
        watched.measures.end_second();
        Ok(PeriodResults { measured: watched.measures.so_far(), lags: watched.lags.series(), unended })
    }

    /// Begins new measurements.
    fn watched(&mut self, started: Instant) -> anyhow::Result<(Watch, Watched)> {
        self.run.measures = Arc::new(Measures::new()?);
        let watched = Watched {
            admins: Arc::clone(&self.admins),
            measures: Arc::clone(&self.run.measures),
            lags: Arc::new(LagBoard::default()),
            under_way: UnderWay::default(),
            output: Arc::clone(&self.output),
            started,
        };
        Ok((Watch::start(watched.clone()), watched))
    }

    /// Eight o'clock. The sessions are those of its clinics.
    ///
    /// # Errors
    /// If the preparation is refused, or is late.
    pub async fn rush(&mut self, people: u32) -> anyhow::Result<(PeriodResults, Vec<String>)> {
        let (clinics, slots) = self.options.clinics.zip(self.options.slots).context("--clinics and --slots")?;
        let rush = Rush::plan(&self.run, RushSize { people, clinics, slots })?;
        rush.sign_in(&self.run, &self.output).await?;
        let released_at = self.release_time();
        rush.publish(&self.run, &self.output, released_at).await?;
        self.settled().await?;
        let eight = self.run.clock.moment_of(released_at);
        ensure!(Instant::now() + BREATH < eight, "the views were late: a longer --release-in is needed");
        let (watch, watched) = self.watched(eight)?;
        self.output.begin("eight o'clock, second", u64::from(self.options.release_in));
        rush.run(&self.run, eight, self.options.seed).await;
        // The views follow, and their lag is a part of the result.
        self.settled().await?;
        self.output.end();
        drop(watch);
        watched.measures.end_second();
        let results = PeriodResults { measured: watched.measures.so_far(), lags: watched.lags.series(), unended: 0 };
        Ok((results, rush.sessions.into_iter().map(|(_, session)| session).collect()))
    }

    /// Steps of growing and then bisected rates. The results are those of the best step.
    ///
    /// # Errors
    /// If the preparation is refused, or the views do not recover after a step.
    pub async fn find_rate(&mut self) -> anyhow::Result<(PeriodResults, RateSearch)> {
        let mix = self.mix()?;
        let limits = self.limits();
        let lasts = Duration::from_secs(u64::from(self.options.step_seconds));
        let mut search = RateSearch::from(self.options.rate.unwrap_or(FIRST_RATE));
        let mut best: Option<PeriodResults> = None;
        while let Some(rate) = search.next() {
            let rates = mix.at_rate(rate)?;
            self.provide(&rates, lasts, None).await?;
            self.settled().await?;
            let results = self.period(&rates, Instant::now() + BREATH, lasts).await?;
            let exceeded = exceeded(&limits.bars(&results.measured, &results.lags, results.unended));
            let result = if exceeded.is_empty() { "kept up".to_owned() } else { exceeded.join(", ") };
            self.output.line(&format!("{rate:.1} visits/s: {result}"));
            let is_best = exceeded.is_empty() && search.best().is_none_or(|best| rate > best);
            if is_best || best.is_none() {
                best = Some(results);
            }
            search.tried(rate, exceeded);
        }
        Ok((best.context("no rate was tried")?, search))
    }

    /// Waits until every view is at the end of the log.
    ///
    /// # Errors
    /// If they do not reach it in time.
    pub async fn settled(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + SETTLED_WITHIN;
        loop {
            let seen = look(&self.admins).await;
            let behind: Vec<_> = seen.positions.iter().filter(|(_, position)| **position < seen.end).collect();
            if behind.is_empty() && !seen.positions.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("the views do not reach the end of the log, {}: {behind:?}", seen.end);
            }
            sleep(SETTLED_LOOK_EVERY).await;
        }
    }
}
