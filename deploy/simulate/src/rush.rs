//! Eight o'clock: many people, few slots, released at the same second. Each person tries once to book a slot of the
//! own practice, and each slot is wanted by about the same number of people.

use std::time::Duration;

use anyhow::{Context, ensure};
use event_core::{Timestamp, time::LocalTime};
use fastrand::Rng;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};
use vocabulary::time::LONDON;

use crate::{
    activities::{GP_CLINIC, book},
    context::RunContext,
    prepare,
    progress::LiveOutput,
    told::ToldSlot,
    visit::UserVisit,
};

/// All people come within this time after the slots are released.
const COME_WITHIN: Duration = Duration::from_secs(1);
/// The longest day of a clinic, in minutes from 09:00.
const CLINIC_MINUTES_MAX: u32 = 14 * 60;

/// The size of a rush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RushSize {
    pub people: u32,
    pub clinics: u32,
    /// Slots of all clinics together.
    pub slots: u32,
}

/// A prepared rush.
pub struct Rush {
    size: RushSize,
    /// Practice and id of each clinic.
    pub sessions: Vec<(String, String)>,
    starts: Vec<Timestamp>,
}

impl Rush {
    /// # Errors
    /// If the clinics cannot have so many slots, or there are fewer people or practices than needed.
    pub fn plan(run: &RunContext, size: RushSize) -> anyhow::Result<Rush> {
        let RushSize { people, clinics, slots } = size;
        ensure!(clinics > 0 && slots > 0 && slots % clinics == 0, "--slots is a multiple of --clinics");
        let (each, practices) = (slots / clinics, run.town.practices);
        ensure!(
            each * u32::from(GP_CLINIC.slot_minutes) <= CLINIC_MINUTES_MAX,
            "a clinic has {} slots at most",
            CLINIC_MINUTES_MAX / u32::from(GP_CLINIC.slot_minutes)
        );
        ensure!(clinics % practices == 0, "--clinics is a multiple of --practices, so that each practice has as many");
        ensure!(people <= run.town.patients, "--rush is at most --patients");
        ensure!(people >= slots, "--rush is at least --slots: otherwise they are not filled");
        let sessions = (0..clinics).map(|n| {
            let practice = run.town.practice(n);
            let session = format!("{practice}.{}", run.id.id(u64::from(n)));
            (practice, session)
        });
        let day = run.today.plus_days(1);
        let nine: LocalTime = "09:00".parse()?;
        let nine = LONDON.instant_of(day, nine).context("09:00 exists on every day")?;
        let minutes = i64::from(GP_CLINIC.slot_minutes);
        let starts = (0..i64::from(each)).map(|n| nine.plus_minutes(n * minutes)).collect();
        Ok(Rush { size, sessions: sessions.collect(), starts })
    }

    /// The people open the app before the hour.
    ///
    /// # Errors
    /// If a query is not answered.
    pub async fn sign_in(&self, run: &RunContext, output: &LiveOutput) -> anyhow::Result<()> {
        prepare::sign_in(run, output, self.size.people).await
    }

    /// Publishes the clinics.
    ///
    /// # Errors
    /// If something is refused, or it takes until the slots are released.
    pub async fn publish(&self, run: &RunContext, output: &LiveOutput, released_at: Timestamp) -> anyhow::Result<()> {
        let minutes = self.starts.len() as u32 * u32::from(GP_CLINIC.slot_minutes);
        let until = format!("{:02}:{:02}", 9 + minutes / 60, minutes % 60);
        prepare::rush_clinics(run, output, &GP_CLINIC, &self.sessions, &until, released_at).await?;
        ensure!(
            run.clock.moment_of(released_at) > Instant::now(),
            "publishing took until after the slots were released: a longer --release-in is needed"
        );
        Ok(())
    }

    /// The slot that person `n` wants: of the person's own practice, and each slot by as many people as any other.
    fn wanted(&self, practices: u32, n: u32) -> ToldSlot {
        let of_practice = self.size.clinics / practices;
        let (practice, at) = (n % practices, n / practices);
        let clinic = (at % of_practice) * practices + practice;
        let slot = at / of_practice % self.starts.len() as u32;
        ToldSlot { session: self.sessions[clinic as usize].1.clone(), starts_at: self.starts[slot as usize] }
    }

    /// Lets all people come, and waits for their answers.
    pub async fn run(&self, run: &RunContext, starts_at: Instant, seed: u64) {
        let mut rng = Rng::with_seed(seed);
        let mut people = JoinSet::new();
        for n in 0..self.size.people {
            let patient = run.town.patient(u64::from(n));
            let due = starts_at + COME_WITHIN.mul_f64(rng.f64());
            let slot = self.wanted(run.town.practices, n);
            let run = run.clone();
            // Tokens are signed before the people come.
            let Ok(caller) = run.callers.patient(&patient.subject) else { continue };
            people.spawn(async move {
                sleep_until(due).await;
                run.measures.visit(true);
                let command = book(&patient.subject, &slot);
                let mut visit = UserVisit::new(run, "rush", patient, seed ^ u64::from(n), due);
                // A visit without an answer was counted.
                drop(visit.give(&caller, command).await);
            });
        }
        while people.join_next().await.is_some() {}
    }
}
