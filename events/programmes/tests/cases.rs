//! Tables of cases that fail say where and why.

use programmes::{EDITIONS, Programme, run_cases};

const COLUMNS: &str = "case,born,cohorts,contraindications,doses,on,site,answer";

fn covid() -> Programme {
    Programme::parse(EDITIONS[0].1).expect("in order")
}

/// The failure of the only line of a table.
fn failure(line: &str) -> Option<String> {
    let results = run_cases(&covid(), &format!("{COLUMNS}\n{line}\n")).expect("a table");
    assert_eq!((results.len(), results[0].line), (1, 2));
    results[0].failure.clone()
}

#[test]
fn a_case_with_the_expected_answer_passes() {
    assert_eq!(failure("A,1940-01-01,,,,2026-11-27,,eligible 1 first-doses comirnaty spikevax nuvaxovid"), None);
    assert_eq!(failure("\"A, quoted\",1940-01-01,,allergic-reaction,,2026-11-27,FA123,not contraindicated"), None);
}

#[test]
fn a_case_that_fails_says_what_was_expected_and_what_came() {
    for (line, message) in [
        (
            "A,1940-01-01,,allergic-reaction,,2026-11-27,,not too-young",
            "expected `not too-young`, but the answer is `not contraindicated`",
        ),
        ("A,1940,,,,2026-11-27,,not too-young", "`born`: a date is ISO 8601, like 2026-03-29"),
        ("A,1940-01-01,,,,27/11/2026,,not too-young", "`on`: a date is ISO 8601, like 2026-03-29"),
        (
            "A,1940-01-01,,,,2026-11-27,hall,not too-young",
            "`site`: the code of an organisation is 1 to 10 characters of A-Z and 0-9",
        ),
        ("A,1940-01-01,nurse,,,2026-11-27,,not too-young", "the programme has no cohort `nurse`"),
        (
            "A,1940-01-01,,fever@soon,,2026-11-27,,not too-young",
            "`contraindications`: a date is ISO 8601, like 2026-03-29",
        ),
        (
            "A,1940-01-01,,,comirnaty@2026-01-01,2026-11-27,,not too-young",
            "`doses`: `comirnaty@2026-01-01` is not a dose as in 1:vaccine@2026-03-02 or programme/1:vaccine@2026-03-02",
        ),
        ("A,1940-01-01,,,2026-11-27,,not too-young", "the line has 7 cells, the header has 8"),
    ] {
        assert_eq!(failure(line), Some(format!("line 2, case `A`: {message}")));
    }
}

#[test]
fn a_second_case_with_the_same_name_fails() {
    let line = "A,1940-01-01,,allergic-reaction,,2026-11-27,,not contraindicated\n";
    let results = run_cases(&covid(), &format!("{COLUMNS}\n{line}{line}")).expect("a table");
    assert_eq!(results[0].failure, None);
    assert_eq!(results[1].failure.as_deref(), Some("line 3, case `A`: there are two cases with the name `A`"));
}

#[test]
fn a_table_without_the_columns_of_cases_is_refused() {
    let columns = "line 1: the columns are case, born, cohorts, contraindications, doses, on, site, answer";
    for (table, message) in [
        ("", columns),
        ("case,born,answer\n", columns),
        ("case,born,cohorts,contraindications,doses,on,site,answer\n\"A", "line 2: a quote is not closed"),
    ] {
        assert_eq!(run_cases(&covid(), table).expect_err("refused").to_string(), message);
    }
}
