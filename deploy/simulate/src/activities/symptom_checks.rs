//! People check their symptoms with one of the demonstration pathways. No query shows the next question yet, so the user
//! follows the pathway with the same function as the server.

use std::str::FromStr;

use async_trait::async_trait;
use fastrand::Rng;
use pathways::{
    AnswerType, AnswerValue, CATALOGUE, Decimal, Demographics, Party, PathwayAnswer, Question, Release, Sex, Step, next,
};
use serde_json::{Value, json};

use crate::{
    activity::{Activity, VisitLoad},
    visit::{CommandAsked, UserVisit, VisitEnded},
};

/// Pathways have at most as many questions.
const ANSWERS_MAX: usize = 100;

pub struct SymptomChecks;

#[async_trait]
impl Activity for SymptomChecks {
    fn name(&self) -> &'static str {
        "symptom-checks"
    }

    fn load(&self) -> VisitLoad {
        VisitLoad { queries: 0.0, commands: 6.0 }
    }

    async fn visit(&self, visit: &mut UserVisit) -> Result<(), VisitEnded> {
        let caller = visit.caller()?;
        let (today, subject) = (visit.run.today, visit.patient.subject.clone());
        let person = |sex, age_years, party| Demographics { age_years, sex, party, today };
        let people = [
            person(Sex::Female, 34, Party::First),
            person(Sex::Male, 41, Party::First),
            person(Sex::Male, 3, Party::Third),
        ];
        let fits = |person: Demographics| CATALOGUE.all().filter(move |r| r.is_for(&person)).map(move |r| (r, person));
        let offered: Vec<(&Release, Demographics)> = people.into_iter().flat_map(fits).collect();
        let Some((release, person)) = visit.rng.choice(offered) else { return Ok(()) };
        let check = format!("{}.{}.{}", release.pathway(), release.number(), visit.new_id());
        let body = json!({
            "subject": subject, "check": check, "consentsToStorage": true, "consentsToSharing": false,
            "person": {"ageYears": person.age_years, "sex": person.sex, "party": person.party},
        });
        if !visit.give(&caller, CommandAsked::new("start-symptom-check", body)).await?.is_granted() {
            return Ok(());
        }
        let mut answers: Vec<PathwayAnswer> = Vec::new();
        for _ in 0..ANSWERS_MAX {
            let Some((question, value)) = next_answer(release, &person, &answers, &mut visit.rng) else { break };
            visit.think(4.0);
            let body = json!({"subject": subject, "check": check, "question": question, "answer": on_the_wire(&value)});
            if !visit.give(&caller, CommandAsked::new("answer-question", body)).await?.is_granted() {
                break;
            }
            answers.push(PathwayAnswer { question, value });
        }
        Ok(())
    }
}

/// The next question and an answer to it; `None` at the end.
fn next_answer(
    release: &Release,
    person: &Demographics,
    answers: &[PathwayAnswer],
    rng: &mut Rng,
) -> Option<(String, AnswerValue)> {
    match next(release, person, answers).ok()? {
        Step::Ask(question) => Some((question.id.clone(), answer_to(question, person, rng)?)),
        Step::Dispose { .. } => None,
    }
}

fn answer_to(question: &Question, person: &Demographics, rng: &mut Rng) -> Option<AnswerValue> {
    match &question.answer {
        AnswerType::Choice { options } => {
            let no = options.iter().find(|option| option.value == "no");
            // Most people with a question about an emergency do not have one.
            let chosen = match no {
                Some(no) if rng.f64() < 0.8 => no,
                _ => options.get(rng.usize(..options.len().max(1)))?,
            };
            Some(AnswerValue::Choice(chosen.value.clone()))
        }
        AnswerType::Number { min, max, .. } => {
            let whole = (min.thousandths() + max.thousandths()) / 2_000;
            Decimal::from_str(&whole.to_string()).ok().map(AnswerValue::Number)
        }
        AnswerType::Date { days_ago_min, days_ago_max } => {
            let days = rng.i32(*days_ago_min..=(*days_ago_max).min(days_ago_min.saturating_add(10)));
            Some(AnswerValue::Date(person.today.plus_days(-i64::from(days))))
        }
        AnswerType::Text { .. } => Some(AnswerValue::Text("since yesterday".to_owned())),
    }
}

/// The answer as the command has it.
fn on_the_wire(value: &AnswerValue) -> Value {
    match value {
        AnswerValue::Choice(choice) => json!({"kind": "choice", "choice": choice}),
        AnswerValue::Number(number) => json!({"kind": "number", "number": number}),
        AnswerValue::Date(date) => json!({"kind": "date", "date": date}),
        AnswerValue::Text(text) => json!({"kind": "text", "text": text}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pathway_is_followed_to_its_end() {
        let mut rng = Rng::with_seed(1);
        let today = "2026-11-30".parse().expect("a date");
        for release in CATALOGUE.all() {
            let ages = release.document().ages;
            let (sex, party) = (release.document().sexes[0], release.document().parties[0]);
            let person = Demographics { age_years: ages.min, sex, party, today };
            for _ in 0..20 {
                let mut answers = Vec::new();
                while let Some((question, value)) = next_answer(release, &person, &answers, &mut rng) {
                    answers.push(PathwayAnswer { question, value });
                    assert!(answers.len() <= ANSWERS_MAX);
                }
                let ended = next(release, &person, &answers).expect("every answer is offered");
                assert!(matches!(ended, Step::Dispose { .. }), "{}", release.pathway());
            }
        }
    }
}
