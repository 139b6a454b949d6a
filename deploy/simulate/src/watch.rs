//! Looks at the system while users come: the lag of each view, and the live lines of the terminal.

use std::{fmt::Write, sync::Arc, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval_at},
};

use crate::{
    lags::{LOOK_EVERY, LagBoard, look},
    load::UnderWay,
    measures::{Measures, SecondPoint, in_ms, quantile_us},
    pool::ConnectionPool,
    progress::LiveOutput,
};

/// The number of views that are shown by name: those with the longest lags.
const VIEWS_SHOWN: usize = 6;
/// The refusals that are shown.
const REFUSALS_SHOWN: usize = 5;

/// The looks, until they are dropped.
pub struct Watch(JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The things to look at and to show.
#[derive(Clone)]
pub struct Watched {
    pub admins: Arc<Vec<ConnectionPool>>,
    pub measures: Arc<Measures>,
    pub lags: Arc<LagBoard>,
    pub under_way: UnderWay,
    pub output: Arc<LiveOutput>,
    pub started: Instant,
}

impl Watch {
    /// Looks from the start of the load on, until it is dropped.
    pub fn start(watched: Watched) -> Watch {
        Watch(tokio::spawn(watched.watch()))
    }
}

impl Watched {
    async fn watch(self) {
        let mut ticks = interval_at(self.started, LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seconds = 0;
        loop {
            ticks.tick().await;
            let seen = look(&self.admins).await;
            let at = self.started.elapsed();
            self.lags.add(at, &seen);
            // A late look ends the seconds that have passed meanwhile.
            while seconds < at.as_secs() {
                seconds += 1;
                let point = self.measures.end_second();
                self.output.show(seconds, &self.lines(at, point));
            }
        }
    }

    fn lines(&self, at: Duration, point: SecondPoint) -> Vec<String> {
        let SecondPoint { commands, queries, busy, failures, .. } = point;
        let rate = format!(
            "{} s: {commands} commands/s, {queries} queries/s, p50 {:.1} ms, p99 {:.1} ms, {} visits under way",
            at.as_secs(),
            in_ms(point.p50_us),
            in_ms(point.p99_us),
            self.under_way.now()
        );
        vec![rate, self.refusals(busy, failures), self.lags_of_views()]
    }

    fn refusals(&self, busy: u32, failures: u32) -> String {
        self.measures.read(|measured| {
            let mut refusals: Vec<_> = measured.refusals.iter().collect();
            refusals.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            let mut text = "refused so far:".to_owned();
            for ((_, code), count) in refusals.iter().take(REFUSALS_SHOWN) {
                let _ = write!(text, " {code} {count},");
            }
            let p99 = in_ms(quantile_us(&measured.all, 0.99));
            let _ = write!(text, " come again {busy}/s, failed {failures}/s; p99 so far {p99:.1} ms");
            text
        })
    }

    fn lags_of_views(&self) -> String {
        let mut lags: Vec<_> = self.lags.last().into_iter().collect();
        lags.sort_by_key(|(_, lag)| std::cmp::Reverse(*lag));
        let shown: Vec<String> =
            lags.iter().take(VIEWS_SHOWN).map(|(name, lag)| format!("{name} {} ms", lag.as_millis())).collect();
        let others = lags.len().saturating_sub(VIEWS_SHOWN);
        format!("lag: {}; {others} others not more", shown.join(", "))
    }
}
