//! Ages at which a rule begins or ends to hold, in whole years or months, and the day on which a person reaches one.

use std::{fmt, str::FromStr};

use event_core::{LocalDate, Malformed, text_id};
use jiff::civil;
use serde::{Deserialize, Serialize};

/// The greatest age in years.
pub const YEARS_MAX: u8 = 130;
/// The greatest age in months.
pub const MONTHS_MAX: u16 = 12 * YEARS_MAX as u16;

/// An age: `12 months`, `1 year`, `75 years`; at most 130 years or 1,560 months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AgeLimit {
    Months(u16),
    Years(u8),
}

text_id!(
    AgeLimit,
    "AgeLimit",
    "^(1 (month|year)|(0|[2-9]|[1-9][0-9]|1[0-2][0-9]|130) years|(0|[2-9]|[1-9][0-9]{1,2}|1[0-4][0-9]{2}|15[0-5][0-9]|1560) months)$"
);

impl AgeLimit {
    /// The age in months; 1 year has 12.
    pub fn months(self) -> u16 {
        match self {
            AgeLimit::Months(months) => months,
            AgeLimit::Years(years) => 12 * u16::from(years),
        }
    }

    /// The first day on which a person born on that day has this age: the anniversary of the birth, from the beginning of the day
    /// (Family Law Reform Act 1969, section 9(1): "at the commencement of the relevant anniversary"). In a month that lacks the
    /// day of the birth it is the first day of the next month, because before it the anniversary has not come: a person born on
    /// 29 February 2000 is 18 on 1 March 2018. The Act does not say this in words. Months are counted in the same way, so that
    /// 12 months and 1 year are the same day. A day after the year 9999 is the last day of that year.
    pub fn reached_on(self, born: LocalDate) -> LocalDate {
        let born = born.civil();
        let months = i32::from(born.year()) * 12 + i32::from(born.month()) - 1 + i32::from(self.months());
        let first = first_of(months);
        let same_day = first.and_then(|first| first.with().day(born.day()).build().ok());
        LocalDate::new(same_day.or_else(|| first_of(months + 1)).unwrap_or(civil::Date::MAX))
    }
}

/// The first day of a month that is counted from January of the year 0.
fn first_of(months: i32) -> Option<civil::Date> {
    let (year, month) = (i16::try_from(months.div_euclid(12)).ok()?, i8::try_from(months.rem_euclid(12) + 1).ok()?);
    civil::Date::new(year, month, 1).ok()
}

impl fmt::Display for AgeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AgeLimit::Months(1) => f.write_str("1 month"),
            AgeLimit::Months(months) => write!(f, "{months} months"),
            AgeLimit::Years(1) => f.write_str("1 year"),
            AgeLimit::Years(years) => write!(f, "{years} years"),
        }
    }
}

impl FromStr for AgeLimit {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let age = text.split_once(' ').and_then(|(count, unit)| match unit {
            "month" | "months" => count.parse().ok().filter(|months| *months <= MONTHS_MAX).map(AgeLimit::Months),
            "year" | "years" => count.parse().ok().filter(|years| *years <= YEARS_MAX).map(AgeLimit::Years),
            _ => None,
        });
        // One spelling only: no `01 months`, no `1 years`.
        age.filter(|age| age.to_string() == text).ok_or_else(|| {
            Malformed(
                "an age is months up to 1560 or years up to 130, such as `12 months`, `1 year` or `75 years`".into(),
            )
        })
    }
}

/// The ages from `atLeast` up to, but without, `lessThan`. `{"atLeast": "5 years", "lessThan": "12 years"}` ends on the day before the
/// twelfth birthday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgeRange {
    #[serde(default)]
    pub at_least: Option<AgeLimit>,
    #[serde(default)]
    pub less_than: Option<AgeLimit>,
}

impl AgeRange {
    /// Has a person born on that day an age of this range on a day? There is no age before the birth.
    pub fn contains(&self, born: LocalDate, on: LocalDate) -> bool {
        born <= on && self.is_reached(born, on) && self.less_than.is_none_or(|limit| on < limit.reached_on(born))
    }

    /// Is the person old enough?
    pub fn is_reached(&self, born: LocalDate, on: LocalDate) -> bool {
        self.at_least.is_none_or(|limit| limit.reached_on(born) <= on)
    }
}

impl fmt::Display for AgeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.at_least, self.less_than) {
            (Some(at_least), Some(less_than)) => write!(f, "aged {at_least} or over, and under {less_than}"),
            (Some(at_least), None) => write!(f, "aged {at_least} or over"),
            (None, Some(less_than)) => write!(f, "aged under {less_than}"),
            (None, None) => f.write_str("of any age"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> LocalDate {
        text.parse().expect("a day")
    }

    fn age(text: &str) -> AgeLimit {
        text.parse().expect("an age")
    }

    #[test]
    fn ages_have_one_spelling() {
        for right in ["0 years", "1 month", "12 months", "1 year", "75 years", "130 years", "1560 months"] {
            assert_eq!(age(right).to_string(), right);
        }
        for wrong in [
            "",
            "12",
            "1 months",
            "1 years",
            "2 year",
            "05 years",
            "131 years",
            "1561 months",
            "-1 years",
            "1  year",
            "12 weeks",
            "+5 years",
        ] {
            assert!(wrong.parse::<AgeLimit>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_age_is_reached_on_the_anniversary() {
        for (born, limit, reached) in [
            ("1951-11-27", "75 years", "2026-11-27"),
            ("2025-11-27", "12 months", "2026-11-27"),
            ("2025-11-27", "1 year", "2026-11-27"),
            ("2026-11-27", "0 years", "2026-11-27"),
            ("2026-12-15", "1 month", "2027-01-15"),
        ] {
            assert_eq!(age(limit).reached_on(day(born)), day(reached), "{born} {limit}");
        }
    }

    #[test]
    fn a_person_born_on_29_february_has_the_birthday_on_1_march_of_common_years() {
        for (limit, reached) in [
            ("18 years", "2018-03-01"),
            ("20 years", "2020-02-29"),
            ("12 months", "2001-03-01"),
            ("48 months", "2004-02-29"),
            ("1 month", "2000-03-29"),
        ] {
            assert_eq!(age(limit).reached_on(day("2000-02-29")), day(reached), "{limit}");
        }
        // A month without a 31st, and the month that has neither a 30th nor a 31st.
        assert_eq!(age("6 months").reached_on(day("2025-12-31")), day("2026-07-01"));
        assert_eq!(age("2 months").reached_on(day("2025-12-30")), day("2026-03-01"));
        assert_eq!(age("100 years").reached_on(day("1900-03-01")), day("2000-03-01"));
        assert_eq!(age("130 years").reached_on(day("9990-01-01")), day("9999-12-31"));
    }

    #[test]
    fn a_range_ends_before_the_birthday_of_its_end() {
        let range = AgeRange { at_least: Some(age("5 years")), less_than: Some(age("12 years")) };
        for (on, within) in [("2025-03-09", false), ("2025-03-10", true), ("2032-03-09", true), ("2032-03-10", false)] {
            assert_eq!(range.contains(day("2020-03-10"), day(on)), within, "{on}");
        }
        let any = AgeRange { at_least: None, less_than: None };
        assert!(
            any.contains(day("2026-01-01"), day("2026-01-01")) && !any.contains(day("2026-01-01"), day("2025-12-31"))
        );
    }
}
