//! Places and repeat plans for a period: the activities use them up, so they are prepared before it begins.

use std::time::Duration;

use event_core::Timestamp;

use crate::{
    activities::ACTIVITIES, activity::Supply, context::RunContext, load::VisitNumbers, mix::VisitRates, prepare,
    progress::LiveOutput,
};

/// More than is expected is prepared, because arrivals scatter and users choose from what is left.
const SPARE: f64 = 1.3;
/// And some more, for a period with few visits.
const SPARE_VISITS: f64 = 20.0;

/// Prepares places and repeat plans for a period. `sessions` is the number of the run's next session, and counts on.
///
/// # Errors
/// If a command is not granted.
pub async fn provide(
    run: &RunContext,
    output: &LiveOutput,
    rates: &VisitRates,
    lasts: Duration,
    numbers: &VisitNumbers,
    sessions: &mut u64,
    released_at: Option<Timestamp>,
) -> anyhow::Result<()> {
    for (at, activity) in ACTIVITIES.iter().enumerate().filter(|(at, _)| rates.per_second[*at] > 0.0) {
        let visits = (rates.expected(at, lasts) * SPARE + SPARE_VISITS).ceil();
        match activity.supply() {
            Supply::Nothing => {}
            Supply::Places(kind) => {
                let released_at = released_at.filter(|_| kind.released_at_start);
                *sessions = prepare::clinics(run, output, kind, visits as u32, *sessions, released_at).await?;
            }
            Supply::RepeatPlans => {
                let first = numbers.coming(at);
                let comers = (visits as u64).min(u64::from(run.town.patients));
                let patients: Vec<_> = (first..first + comers).map(|n| run.town.visitor(at, n)).collect();
                prepare::plans(run, output, &patients).await?;
            }
        }
    }
    Ok(())
}
