//! The day that a visitor has chosen in a form of a page, and the link to the days beside it.

use event_core::LocalDate;

use crate::{errors::FieldFaults, words};

/// A day, and the fault in the text from which it was to be read.
pub struct ChosenDay {
    pub date: LocalDate,
    pub errors: FieldFaults,
}

impl ChosenDay {
    pub fn of(date: LocalDate) -> ChosenDay {
        ChosenDay { date, errors: FieldFaults::none() }
    }

    /// Today if nothing was chosen, and in place of a text that is no date.
    pub fn read(text: Option<&str>, today: LocalDate) -> ChosenDay {
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return ChosenDay::of(today) };
        match text.parse() {
            Ok(date) => ChosenDay::of(date),
            Err(_) => {
                let fault = format!("Enter a date like {today}: year, month, day");
                ChosenDay { date: today, errors: FieldFaults::one("date", fault) }
            }
        }
    }

    pub fn previous(&self) -> LocalDate {
        self.date.plus_days(-1)
    }

    pub fn next(&self) -> LocalDate {
        self.date.plus_days(1)
    }

    /// `Thursday 26 November 2026`
    pub fn name(&self) -> String {
        words::day(self.date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_no_date_is_a_fault_and_none_is_today() {
        let today: LocalDate = "2026-11-26".parse().expect("a date");
        let read = |text| {
            let chosen = ChosenDay::read(text, today);
            (chosen.date.to_string(), chosen.errors.is_empty())
        };
        assert_eq!(read(None), ("2026-11-26".to_owned(), true));
        assert_eq!(read(Some(" ")), ("2026-11-26".to_owned(), true));
        assert_eq!(read(Some(" 2026-12-01")), ("2026-12-01".to_owned(), true));
        assert_eq!(read(Some("1/12/2026")), ("2026-11-26".to_owned(), false));
    }
}
