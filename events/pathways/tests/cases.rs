//! Tables of cases that fail say where and why.

use pathways::{RELEASES, Release, run_cases};

const COLUMNS: &str = "case,age,sex,party,sudden-onset,stroke-signs,outcome";

fn headache() -> Release {
    Release::parse(RELEASES[3].1).expect("in order")
}

/// The failure of the only line of a table.
fn failure(line: &str) -> Option<String> {
    let results = run_cases(&headache(), &format!("{COLUMNS}\n{line}\n")).expect("a table");
    assert_eq!((results.len(), results[0].line), (1, 2));
    results[0].failure.clone()
}

#[test]
fn a_case_that_reaches_its_outcome_passes() {
    assert_eq!(failure("Sudden,40,female,first,yes,,call-999-sudden"), None);
    assert_eq!(failure("\"Stroke, seen by a partner\",40,male,third,no,yes,call-999-stroke"), None);
}

#[test]
fn a_case_that_fails_says_what_was_expected_and_what_came() {
    for (line, message) in [
        (
            "A,40,male,first,yes,,call-999-stroke",
            "expected `call-999-stroke`, but rule 1 of `sudden-onset` led to `call-999-sudden`",
        ),
        (
            "A,40,male,first,no,,call-999-stroke",
            "expected `call-999-stroke`, but `stroke-signs` is asked, and its cell is empty",
        ),
        (
            "A,40,male,first,no,no,call-999-stroke",
            "expected `call-999-stroke`, but `alertness` is asked, and its cell is empty",
        ),
        (
            "A,40,male,first,yes,no,call-999-sudden",
            "the outcome came at `sudden-onset`, but there is an answer to `stroke-signs`, which was not asked",
        ),
        (
            "A,40,male,first,Yes,,call-999-sudden",
            "expected `call-999-sudden`, but the answer to `sudden-onset` is none of the options",
        ),
        (
            "A,15,male,first,yes,,call-999-sudden",
            "expected `call-999-sudden`, but the release is not made for a person of this age or sex, or not for this party",
        ),
        ("A,40,male,first,yes,,call-911", "expected the outcome `call-911`, which the release does not have"),
        ("A,old,male,first,yes,,call-999-sudden", "the age `old` is not a number of years"),
        ("A,40,man,first,yes,,call-999-sudden", "the sex is neither `female` nor `male`"),
        ("A,40,male,second,yes,,call-999-sudden", "the party is neither `first` nor `third`"),
        ("A,40,male,first,yes,call-999-sudden", "the line has 6 cells, the header has 7"),
    ] {
        assert_eq!(failure(line), Some(format!("line 2, case `A`: {message}")));
    }
}

#[test]
fn a_second_case_with_the_same_name_fails() {
    let line = "A,40,male,first,yes,,call-999-sudden\n";
    let results = run_cases(&headache(), &format!("{COLUMNS}\n{line}{line}")).expect("a table");
    assert_eq!(results[0].failure, None);
    assert_eq!(results[1].failure.as_deref(), Some("line 3, case `A`: there are two cases with the name `A`"));
}

#[test]
fn a_table_without_the_columns_of_cases_is_refused() {
    for (table, message) in [
        ("", "line 1: the table is empty"),
        ("case,age,sex,outcome\n", "line 1: the columns are case, age, sex, party, the ids of questions, outcome"),
        (
            "case,age,sex,party,sudden-onset\n",
            "line 1: the columns are case, age, sex, party, the ids of questions, outcome",
        ),
        (
            "case,age,sex,party,suden-onset,outcome\n",
            "line 1: the column `suden-onset` is not a question of the release",
        ),
        ("case,age,sex,party,red-eye,red-eye,outcome\n", "line 1: there are two columns `red-eye`"),
        ("case,age,sex,party,outcome\n\"A", "line 2: a quote is not closed"),
    ] {
        assert_eq!(run_cases(&headache(), table).expect_err("refused").to_string(), message);
    }
}
