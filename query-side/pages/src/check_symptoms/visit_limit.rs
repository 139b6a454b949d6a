//! The limit of visits without an account. Each is a row among the sign-ins and, with a check, a stream: without a limit, one program
//! could fill both. It is one limit for all visitors; a limit for each network address is the concern of the proxy in front.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use http_edge::{Problem, problem_catalogue::OVERLOADED};

/// The visits without an account that begin with one process in `WINDOW`.
const VISITS_MAX: u32 = 1_000;
const WINDOW: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct VisitLimit(Mutex<Option<VisitWindow>>);

struct VisitWindow {
    began: Instant,
    visits: u32,
}

impl VisitLimit {
    /// Counts one visit.
    ///
    /// # Errors
    /// `overloaded`, with the time until more may begin.
    pub fn take(&self, now: Instant) -> Result<(), Problem> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *window {
            Some(VisitWindow { began, visits }) if now.duration_since(*began) < WINDOW => {
                if *visits >= VISITS_MAX {
                    let left = WINDOW.saturating_sub(now.duration_since(*began));
                    let seconds = u32::try_from(left.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
                    return Err(Problem::of(&OVERLOADED).retry_after(seconds));
                }
                *visits += 1;
            }
            Some(_) | None => *window = Some(VisitWindow { began: now, visits: 1 }),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_visits_begin_in_a_minute() {
        let (limit, now) = (VisitLimit::default(), Instant::now());
        for _ in 0..VISITS_MAX {
            limit.take(now).expect("there is room");
        }
        let refused = limit.take(now + Duration::from_secs(59)).expect_err("the limit is reached");
        assert_eq!(refused.code(), OVERLOADED.code);
        limit.take(now + WINDOW).expect("the next minute");
    }
}
