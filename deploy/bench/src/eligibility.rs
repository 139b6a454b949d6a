//! Eligibility for each demonstration programme: people that are eligible, that are not yet, and that are not.

use std::{hint::black_box, time::Instant};

use anyhow::Context;
use event_core::LocalDate;
use programmes::{EDITIONS, Eligibility, GivenDose, PersonFacts, Programme, eligibility};

use crate::results::Measured;

/// Evaluations that are timed, of each programme and answer.
const EVALUATIONS: u32 = 30_000;
/// Bookings in a second that the vaccination services aim at on all processes together; each evaluates once.
const EVALUATIONS_PER_SECOND_MIN: f64 = 420.0;

/// # Errors
/// If an edition of the demonstration is not in order, or has too few kinds of answers.
pub fn eligibilities() -> anyhow::Result<Vec<Measured>> {
    let (mut slowest, mut notes) = (f64::INFINITY, Vec::new());
    for (name, text) in EDITIONS {
        let programme = Programme::parse(text)?;
        let mut rates = Vec::new();
        for kind in ["eligible", "not yet", "not"] {
            let (facts, on) = person(&programme, kind).with_context(|| format!("{name} has nobody that is {kind}"))?;
            let rate = rate(&programme, &facts, on);
            slowest = slowest.min(rate);
            rates.push(format!("{:.0}k {kind}", rate / 1_000.0));
        }
        notes.push(format!("{name} {}", rates.join(", ")));
    }
    let row = Measured::against("eligibility", slowest, "1/s", EVALUATIONS_PER_SECOND_MIN, 1.0);
    Ok(vec![row.note(format!(
        "one core, the slowest of all; the baseline is the goal of bookings, not a measurement; {}",
        notes.join("; ")
    ))])
}

/// The first person, by age in years, that has this kind of answer on a day of the campaigns.
fn person(programme: &Programme, kind: &str) -> Option<(PersonFacts, LocalDate)> {
    let on: LocalDate = "2026-11-27".parse().ok()?;
    let vaccine = programme.document().vaccines.first()?.id.clone();
    let before = GivenDose { programme: programme.id().to_owned(), number: 1, vaccine, on: on.plus_days(-10) };
    let people = (0..100).flat_map(|years| [(years, vec![]), (years, vec![before.clone()])]);
    let mut people = people.map(|(years, doses)| PersonFacts {
        born: on.plus_days(-366 * years),
        cohorts: Vec::new(),
        contraindications: Vec::new(),
        doses,
    });
    let facts = people.find(|facts| kind_of(&eligibility(programme, facts, on, None)) == kind)?;
    Some((facts, on))
}

fn kind_of(answer: &Eligibility) -> &'static str {
    match answer {
        Eligibility::Eligible { .. } => "eligible",
        Eligibility::NotYet { .. } => "not yet",
        Eligibility::Not { .. } => "not",
    }
}

/// Evaluations in a second.
fn rate(programme: &Programme, facts: &PersonFacts, on: LocalDate) -> f64 {
    let began = Instant::now();
    for _ in 0..EVALUATIONS {
        black_box(eligibility(black_box(programme), black_box(facts), on, None));
    }
    f64::from(EVALUATIONS) / began.elapsed().as_secs_f64()
}
