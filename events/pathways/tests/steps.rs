//! The next question: which answers are accepted, and why an outcome is reached.

use pathways::{
    AnswerFault, AnswerValue, Demographic, Demographics, NextError, Party, PathwayAnswer, RELEASES, Release, Sex, Step,
    next,
};

fn release(pathway: &str) -> Release {
    let (_, text) = RELEASES.into_iter().find(|(name, _)| name.starts_with(pathway)).expect("a release");
    Release::parse(text).expect("in order")
}

fn person(age_years: u8, sex: Sex) -> Demographics {
    Demographics { age_years, sex, party: Party::First, today: "2026-03-01".parse().expect("a day") }
}

fn answer(question: &str, value: AnswerValue) -> PathwayAnswer {
    PathwayAnswer { question: question.into(), value }
}

fn choice(question: &str, option: &str) -> PathwayAnswer {
    answer(question, AnswerValue::Choice(option.into()))
}

fn number(question: &str, number: &str) -> PathwayAnswer {
    answer(question, AnswerValue::Number(number.parse().expect("a number")))
}

fn date(question: &str, day: &str) -> PathwayAnswer {
    answer(question, AnswerValue::Date(day.parse().expect("a day")))
}

/// "No" to each of these questions.
fn no(questions: &[&str]) -> Vec<PathwayAnswer> {
    questions.iter().map(|question| choice(question, "no")).collect()
}

const FEVER_FLAGS: [&str; 9] = [
    "breathing",
    "response",
    "rash-glass",
    "seizure",
    "colour",
    "stiff-neck",
    "drooling",
    "dehydration",
    "immune-system",
];

#[test]
fn the_first_question_is_asked_first() {
    let release = release("headache");
    let step = next(&release, &person(30, Sex::Female), &[]).expect("a step");
    assert!(matches!(step, Step::Ask(question) if question.id == "sudden-onset"), "{step:?}");
}

#[test]
fn a_red_flag_ends_the_check_at_once_and_says_why() {
    let release = release("headache");
    let answers = [choice("sudden-onset", "no"), choice("stroke-signs", "yes")];
    let Ok(Step::Dispose { outcome, because }) = next(&release, &person(30, Sex::Female), &answers) else {
        panic!("asks")
    };
    assert_eq!(
        (outcome.id.as_str(), because.question.id.as_str(), because.rule),
        ("call-999-stroke", "stroke-signs", 1)
    );
    assert_eq!(because.answers.iter().map(|answer| answer.question.as_str()).collect::<Vec<_>>(), ["stroke-signs"]);
    assert_eq!(because.demographics, []);
}

#[test]
fn a_reason_names_earlier_answers_and_demographics() {
    let release = release("chest-pain");
    let mut answers = no(&[
        "pressure-pain",
        "sweating",
        "breathless",
        "collapse",
        "tearing-pain",
        "stimulants",
        "heart-disease",
        "blood-clot",
        "exertion",
    ]);
    answers.push(number("risk-factors", "0"));
    answers.extend(no(&["breathing-pain", "chest-infection"]));
    answers.extend([choice("injury", "strain"), choice("blisters", "no"), choice("tender", "yes")]);
    let person = person(25, Sex::Male);
    let Ok(Step::Dispose { outcome, because }) = next(&release, &person, &answers) else { panic!("asks") };
    assert_eq!(outcome.id, "self-care-strain");
    let looked_at: Vec<_> = because.answers.iter().map(|answer| answer.question.as_str()).collect();
    assert_eq!(looked_at, ["risk-factors", "injury", "tender"]);
    assert_eq!(because.demographics, [Demographic::Age]);
}

#[test]
fn the_next_question_depends_on_the_demographics() {
    let release = release("headache");
    let flags = no(&["sudden-onset", "stroke-signs", "alertness", "meningitis-signs", "head-injury", "red-eye"]);
    for (age, sex, asked) in [
        (30, Sex::Female, "pregnancy"),
        (55, Sex::Female, "pregnancy"),
        (56, Sex::Female, "temple-pain"),
        (49, Sex::Male, "immune-system"),
        (50, Sex::Male, "temple-pain"),
    ] {
        let step = next(&release, &person(age, sex), &flags).expect("a step");
        assert!(matches!(step, Step::Ask(question) if question.id == asked), "{age}: {step:?}");
    }
}

#[test]
fn demographics_outside_of_the_release_are_refused() {
    let fever = release("child-fever");
    assert_eq!(next(&fever, &person(16, Sex::Male), &[]).err(), Some(NextError::OutsideDemographics));
    assert!(next(&fever, &person(15, Sex::Male), &[]).is_ok());
}

#[test]
fn answers_to_other_questions_are_refused() {
    let release = release("headache");
    let refused = |answers: &[PathwayAnswer]| next(&release, &person(30, Sex::Female), answers).err();
    let (current, answered) = ("sudden-onset".to_owned(), "alertness".to_owned());
    assert_eq!(refused(&[choice("alertness", "no")]), Some(NextError::NotCurrent { current, answered }));
    let after_the_end = [choice("sudden-onset", "yes"), choice("stroke-signs", "no")];
    assert_eq!(refused(&after_the_end), Some(NextError::AlreadyDisposed { answered: "stroke-signs".into() }));
}

#[test]
fn answers_that_are_not_offered_are_refused() {
    let release = release("child-fever");
    let child = person(4, Sex::Female);
    let refused = |before: &[PathwayAnswer], last: PathwayAnswer| {
        let answers: Vec<_> = before.iter().cloned().chain([last]).collect();
        match next(&release, &child, &answers) {
            Err(NextError::NotOffered { fault, .. }) => Some(fault),
            Err(other) => panic!("{other}"),
            Ok(_) => None,
        }
    };
    let mut before = no(&FEVER_FLAGS);
    assert_eq!(refused(&[], choice("breathing", "perhaps")), Some(AnswerFault::NotAnOption));
    assert_eq!(refused(&[], number("breathing", "1")), Some(AnswerFault::WrongType));
    before.push(choice("measured", "yes"));
    for (temperature, fault) in [
        ("35", None),
        ("43", None),
        ("34.9", Some(AnswerFault::OutOfBounds)),
        ("43.1", Some(AnswerFault::OutOfBounds)),
        ("38.55", Some(AnswerFault::TooManyDecimals)),
    ] {
        assert_eq!(refused(&before, number("temperature", temperature)), fault, "{temperature}");
    }
    before.extend([number("temperature", "38.5"), choice("travel", "no")]);
    for (day, fault) in [
        ("2026-03-01", None),
        ("2025-12-31", None),
        ("2025-12-30", Some(AnswerFault::OutOfBounds)),
        ("2026-03-02", Some(AnswerFault::OutOfBounds)),
    ] {
        assert_eq!(refused(&before, date("began", day)), fault, "{day}");
    }
}

#[test]
fn days_are_counted_to_the_day_of_the_check() {
    let release = release("child-fever");
    let mut answers = no(&FEVER_FLAGS);
    answers.extend([choice("measured", "no"), choice("travel", "no"), date("began", "2026-02-24")]);
    let child = person(4, Sex::Female);
    let step = next(&release, &child, &answers).expect("a step");
    assert!(matches!(step, Step::Dispose { outcome, .. } if outcome.id == "urgent-gp-long"), "5 days");
    let a_day_before = Demographics { today: "2026-02-28".parse().expect("a day"), ..child };
    let step = next(&release, &a_day_before, &answers).expect("a step");
    assert!(matches!(step, Step::Ask(question) if question.id == "drinking"), "4 days");
}

#[test]
fn texts_have_a_length_and_no_control_characters() {
    let release = release("headache");
    let mut answers = no(&["sudden-onset", "stroke-signs", "alertness", "meningitis-signs", "head-injury", "red-eye"]);
    answers.extend(no(&["immune-system", "pressure"]));
    answers.extend([
        number("severity", "3"),
        date("began", "2026-02-01"),
        number("headache-days", "9"),
        number("painkiller-days", "0"),
    ]);
    answers.extend([choice("migraine-signs", "yes"), choice("known-migraine", "yes")]);
    let noted = |text: &str| {
        let answers: Vec<_> =
            answers.iter().cloned().chain([answer("notes", AnswerValue::Text(text.into()))]).collect();
        match next(&release, &person(30, Sex::Male), &answers) {
            Ok(Step::Dispose { outcome, .. }) => Ok(outcome.id.clone()),
            Ok(Step::Ask(question)) => panic!("asks {}", question.id),
            Err(error) => Err(error.to_string()),
        }
    };
    assert_eq!(noted(""), Ok("gp-headache".into()));
    assert_eq!(noted(&format!("é\n{}", "x".repeat(498))), Ok("gp-headache".into()));
    assert_eq!(noted(&"x".repeat(501)), Err("the answer to `notes` has too many characters".into()));
    assert!(noted("a\u{0}").is_err_and(|error| error.contains("control character")));
}

#[test]
fn answers_and_demographics_mask_themselves() {
    let shown = format!("{:?} {:?}", choice("alertness", "yes"), person(30, Sex::Female));
    assert_eq!(shown, "PathwayAnswer(alertness: ***) Demographics(***)");
}
