//! The load itself: every visit begins at its drawn moment, whatever became of the visits before it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::{
    activities::ACTIVITIES,
    arrivals::{Arrivals, MergedArrivals},
    context::RunContext,
    mix::VisitRates,
    visit::UserVisit,
};

/// The visits that are under way at the same time. More would need more memory than a system that keeps up ever needs: a
/// visit that does not begin is counted, and the run is not valid.
pub const VISITS_MAX: usize = 100_000;
/// The time that visits have to end after the last one has begun.
const REST_TIME_MAX: Duration = Duration::from_secs(240);
/// A visit is started this much ahead of its moment, for which it waits itself.
const LEAD: Duration = Duration::from_millis(20);

/// A period of load.
pub struct LoadPeriod<'a> {
    pub rates: &'a VisitRates,
    pub starts_at: Instant,
    pub lasts: Duration,
    pub seed: u64,
}

/// The visits that are under way.
#[derive(Clone, Default)]
pub struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    pub fn now(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts a visit until it is dropped.
struct Counted(UnderWay);

impl Counted {
    fn new(under_way: &UnderWay) -> Counted {
        under_way.0.fetch_add(1, Ordering::Relaxed);
        Counted(under_way.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The numbers of visits so far, by activity. They go on over the periods of a run, so that each patient
/// comes once before any comes twice.
pub struct VisitNumbers([AtomicU64; ACTIVITIES.len()]);

impl VisitNumbers {
    /// Numbers that begin here: those of another run begin with other patients, which have used up less.
    pub fn from(first: u64) -> VisitNumbers {
        VisitNumbers(std::array::from_fn(|_| AtomicU64::new(first)))
    }

    /// The number of the next visit of an activity.
    pub fn coming(&self, activity: usize) -> u64 {
        self.0[activity].load(Ordering::Relaxed)
    }

    fn next(&self, activity: usize) -> u64 {
        self.0[activity].fetch_add(1, Ordering::Relaxed)
    }
}

/// Lets users come for a period, and waits until they are gone. The number of visits that did not end in time is returned.
pub async fn let_users_come(
    run: &RunContext,
    period: &LoadPeriod<'_>,
    numbers: &VisitNumbers,
    under_way: &UnderWay,
) -> usize {
    let of = |(at, rate): (usize, &f64)| {
        Arrivals::new(period.seed.wrapping_add(at as u64), *rate, period.rates.profile, period.lasts)
    };
    let arrivals = MergedArrivals::of(period.rates.per_second.iter().enumerate().map(of).collect());
    for (activity, offset) in arrivals {
        let due = period.starts_at + offset;
        sleep_until(due.checked_sub(LEAD).unwrap_or(due)).await;
        let begins = under_way.now() < VISITS_MAX;
        run.measures.visit(begins);
        if begins {
            begin(run.clone(), activity, numbers.next(activity), period.seed, due, under_way);
        }
    }
    sleep_until(period.starts_at + period.lasts).await;
    let all_gone = async {
        while under_way.now() > 0 {
            sleep(LEAD).await;
        }
    };
    // Visits that are left are those without an answer; they end by their own limits.
    drop(timeout(REST_TIME_MAX, all_gone).await);
    under_way.now()
}

fn begin(run: RunContext, activity: usize, n: u64, seed: u64, due: Instant, under_way: &UnderWay) {
    let counted = Counted::new(under_way);
    tokio::spawn(async move {
        let _counted = counted;
        let kind = ACTIVITIES[activity];
        let patient = run.town.visitor(activity, n);
        let seed = seed ^ (n << 8 | activity as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut visit = UserVisit::new(run, kind.name(), patient, seed, due);
        // A step without an answer ended it, and was counted.
        drop(kind.visit(&mut visit).await);
    });
}
