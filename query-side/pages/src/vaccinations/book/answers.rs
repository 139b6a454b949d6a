//! The answers to the questions of a programme, as they were typed and as they are declared.

use std::collections::BTreeMap;

use event_core::LocalDate;
use page_engine::{PageError, Pages, PostedForm, Visitor};
use queries::vaccinations::{DeclarableContraindication, OfferedProgramme};
use serde::{Deserialize, Serialize};
use vocabulary::vaccinations::{DeclaredFact, DeclaredFacts, ProgrammeId};

use crate::{concerned::Concerned, errors::FieldFaults};

/// The years of the days that a person names. Others are mistyped.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2100;

/// The fields of all questions, as they were filled in. They are personal, so they are kept as a draft.
#[derive(Default, Serialize, Deserialize)]
pub struct TypedAnswers {
    /// By the id of the question.
    answers: BTreeMap<String, TypedDeclaration>,
    /// The ids of the groups that were ticked.
    cohorts: Vec<String>,
}

/// The fields of one question.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct TypedDeclaration {
    /// `yes`, `no`, or empty.
    pub answer: String,
    pub day: String,
    pub month: String,
    pub year: String,
}

impl TypedDeclaration {
    fn posted(form: &PostedForm, question: &str) -> TypedDeclaration {
        let text = |part: &str| form.text(&format!("{question}-{part}")).to_owned();
        TypedDeclaration { answer: text("answer"), day: text("day"), month: text("month"), year: text("year") }
    }

    fn date(&self) -> Option<LocalDate> {
        let (year, month, day) =
            (self.year.parse().ok()?, self.month.parse::<u8>().ok()?, self.day.parse::<u8>().ok()?);
        let is_year = YEARS.contains(&year);
        is_year.then(|| format!("{year:04}-{month:02}-{day:02}").parse().ok()).flatten()
    }

    /// The contraindication, if the question was answered with yes. `None` where a field is missing, with its fault.
    fn read(&self, asked: &DeclarableContraindication, faults: &mut FieldFaults) -> Option<Option<DeclaredFact>> {
        match self.answer.as_str() {
            "no" => Some(None),
            "yes" => {
                let id = asked.id.parse().ok()?;
                if asked.defers_days.is_none() {
                    return Some(Some(DeclaredFact { id, on: None }));
                }
                let on = self.date().ok_or("Enter the day, like 27 3 2026");
                let on = faults.read(format!("{}-day", asked.id), on)?;
                Some(Some(DeclaredFact { id, on: Some(on) }))
            }
            _ => {
                faults.add(format!("{}-answer", asked.id), format!("Answer yes or no: {}", asked.question));
                None
            }
        }
    }
}

impl TypedAnswers {
    pub fn posted(form: &PostedForm, programme: &OfferedProgramme) -> TypedAnswers {
        let asked = programme.contraindications.iter();
        TypedAnswers {
            answers: asked.map(|asked| (asked.id.clone(), TypedDeclaration::posted(form, &asked.id))).collect(),
            cohorts: form.all("cohort").into_iter().map(str::to_owned).collect(),
        }
    }

    pub fn of(&self, question: &str) -> TypedDeclaration {
        self.answers.get(question).cloned().unwrap_or_default()
    }

    pub fn is_in(&self, cohort: &str) -> bool {
        self.cohorts.iter().any(|ticked| ticked == cohort)
    }

    /// The facts that the person declares, if every question of this edition is answered.
    pub fn read(&self, programme: &OfferedProgramme, faults: &mut FieldFaults) -> Option<DeclaredFacts> {
        let asked = programme.contraindications.iter();
        // Each is read before the first fault ends it, so that all faults are shown.
        let read: Vec<_> = asked.map(|asked| self.of(&asked.id).read(asked, faults)).collect();
        let contraindications: Option<Vec<Option<DeclaredFact>>> = read.into_iter().collect();
        let cohorts = programme.cohorts.iter().filter(|cohort| self.is_in(&cohort.id));
        Some(DeclaredFacts {
            cohorts: cohorts.filter_map(|cohort| cohort.id.parse().ok()).collect(),
            contraindications: contraindications?.into_iter().flatten().collect(),
        })
    }

    /// The draft for a person and a programme; empty if there is none.
    ///
    /// # Errors
    /// If it cannot be read now.
    pub async fn kept(
        pages: &Pages,
        visitor: &Visitor,
        concerned: &Concerned,
        programme: &ProgrammeId,
    ) -> Result<TypedAnswers, PageError> {
        Ok(pages.kept(visitor, &draft(concerned, programme)).await?.unwrap_or_default())
    }

    /// # Errors
    /// If it cannot be kept.
    pub async fn keep(
        &self,
        pages: &Pages,
        visitor: &Visitor,
        concerned: &Concerned,
        programme: &ProgrammeId,
    ) -> Result<(), PageError> {
        pages.keep(visitor, &draft(concerned, programme), self).await
    }
}

/// The name of the draft: a desk has one for each patient.
fn draft(concerned: &Concerned, programme: &ProgrammeId) -> String {
    format!("vaccination {programme} of {}", concerned.subject)
}

#[cfg(test)]
mod tests {
    use programmes::CATALOGUE;

    use super::*;

    fn offered() -> OfferedProgramme {
        OfferedProgramme::of(CATALOGUE.newest("pneumococcal").expect("a programme")).expect("well formed")
    }

    fn answered(answer: &str) -> TypedDeclaration {
        TypedDeclaration { answer: answer.to_owned(), ..TypedDeclaration::default() }
    }

    fn with(question: &str, declaration: TypedDeclaration) -> TypedAnswers {
        let mut answers = offered().contraindications.iter().map(|asked| (asked.id.clone(), answered("no"))).collect();
        BTreeMap::insert(&mut answers, question.to_owned(), declaration);
        TypedAnswers { answers, cohorts: vec!["unknown".to_owned()] }
    }

    #[test]
    fn questions_that_are_answered_with_yes_are_declared_with_their_day() {
        let day = TypedDeclaration { day: "7".into(), month: "3".into(), year: "2026".into(), ..answered("yes") };
        let declared = with("fever", day).read(&offered(), &mut FieldFaults::none()).expect("declared");
        let fever =
            DeclaredFact { id: "fever".parse().expect("an id"), on: Some("2026-03-07".parse().expect("a day")) };
        assert!(declared.cohorts.is_empty() && declared.contraindications == [fever]);
        let declared = with("allergic-reaction", answered("yes")).read(&offered(), &mut FieldFaults::none());
        assert!(declared.is_some_and(|declared| declared.contraindications[0].on.is_none()));
    }

    #[test]
    fn every_question_needs_an_answer_and_a_deferral_its_day() {
        let mut faults = FieldFaults::none();
        assert!(TypedAnswers::default().read(&offered(), &mut faults).is_none());
        assert_eq!(faults.list().len(), offered().contraindications.len());
        assert!(faults.of("fever-answer").is_some_and(|text| text.starts_with("Answer yes or no")));
        for (day, month, year) in [("", "", ""), ("31", "2", "2026"), ("1", "1", "26")] {
            let [day, month, year] = [day, month, year].map(str::to_owned);
            let typed = TypedDeclaration { day, month, year, ..answered("yes") };
            let mut faults = FieldFaults::none();
            assert!(with("fever", typed).read(&offered(), &mut faults).is_none());
            assert_eq!(faults.of("fever-day"), Some("Enter the day, like 27 3 2026"));
        }
    }
}
