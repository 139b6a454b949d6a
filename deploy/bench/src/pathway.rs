//! The next question of a symptom check, for the answers so far: of each demonstration pathway the last question and the outcome.

use std::{hint::black_box, time::Instant};

use anyhow::Context;
use pathways::{
    AnswerType, AnswerValue, Demographics, Party, PathwayAnswer, Question, RELEASES, Release, Sex, Step, next,
};

use crate::results::Measured;

/// Steps that are timed, of each release and kind.
const STEPS: u32 = 200_000;
/// Steps in a second on one core that the issue of the symptom check asks for.
const STEPS_PER_SECOND_MIN: f64 = 100_000.0;

/// # Errors
/// If a release of the demonstration cannot be walked.
pub fn pathway() -> anyhow::Result<Vec<Measured>> {
    let (mut slowest, mut notes) = (f64::INFINITY, Vec::new());
    for (name, text) in RELEASES {
        let release = Release::parse(text)?;
        let (demographics, answers) = walk(&release)?;
        let last_question = &answers[..answers.len().saturating_sub(1)];
        let (asked, disposed) = (rate(&release, &demographics, last_question), rate(&release, &demographics, &answers));
        slowest = slowest.min(asked).min(disposed);
        notes.push(format!("{name} {:.0}k and {:.0}k", asked / 1_000.0, disposed / 1_000.0));
    }
    let row = Measured::against("pathway-next", slowest, "1/s", STEPS_PER_SECOND_MIN, 1.0);
    Ok(vec![row.note(format!(
        "one core, the slowest of all; the baseline is the bar, not a measurement; last question and outcome: {}",
        notes.join(", ")
    ))])
}

/// A person for whom the release is, and their answers, which avoid the emergencies and so lead through many questions.
fn walk(release: &Release) -> anyhow::Result<(Demographics, Vec<PathwayAnswer>)> {
    let (age_years, today) = (release.document().ages.min, "2026-11-27".parse().context("a day")?);
    let demographics = Demographics { age_years, sex: Sex::Female, party: Party::Third, today };
    let mut answers = Vec::new();
    while let Step::Ask(question) = next(release, &demographics, &answers).context("an answer that is offered")? {
        answers.push(harmless(question, &demographics)?);
    }
    Ok((demographics, answers))
}

fn harmless(question: &Question, demographics: &Demographics) -> anyhow::Result<PathwayAnswer> {
    let value = match &question.answer {
        AnswerType::Choice { options } => {
            let option = options.iter().find(|option| option.value == "no").or(options.last());
            AnswerValue::Choice(option.context("an option")?.value.clone())
        }
        AnswerType::Number { min, .. } => AnswerValue::Number(*min),
        AnswerType::Date { days_ago_min, .. } => {
            AnswerValue::Date(demographics.today.plus_days(-i64::from(days_ago_min + 3)))
        }
        AnswerType::Text { .. } => AnswerValue::Text("Since a week ago.".into()),
    };
    Ok(PathwayAnswer { question: question.id.clone(), value })
}

/// Steps in a second.
fn rate(release: &Release, demographics: &Demographics, answers: &[PathwayAnswer]) -> f64 {
    let began = Instant::now();
    for _ in 0..STEPS {
        black_box(next(black_box(release), demographics, black_box(answers)).is_ok());
    }
    f64::from(STEPS) / began.elapsed().as_secs_f64()
}
