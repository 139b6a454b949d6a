//! Time as the platform writes it: instants in whole microseconds, and the civil time of a zone.

use std::{fmt, str::FromStr, sync::OnceLock};

use jiff::{SignedDuration, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{ids::Malformed, text_id};

/// The pattern of the valid days of the calendar, from the pattern of all years and that of the leap years among them.
macro_rules! days {
    ($years:literal, $leap_years:literal) => {
        concat!(
            "(",
            $years,
            "-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|",
            $leap_years,
            "-02-29)"
        )
    };
}

/// An instant: RFC 3339 with `Z`, whole microseconds (finer is refused), years 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

// The year 9999 ends on 30 December at 22:00 for this type; only the pattern accepts its last 26 hours.
text_id!(
    Timestamp,
    "Timestamp",
    concat!(
        "^",
        days!(
            "(19[7-9][0-9]|[2-9][0-9]{3})",
            "(19(7[26]|8[048]|9[26])|[2-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[3579][26])00)"
        ),
        "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z$"
    )
);

impl Timestamp {
    pub const EPOCH: Timestamp = Timestamp(0);
    /// 9999-12-30T22:00:00Z, the last instant that jiff knows, in microseconds.
    const MICROS_MAX: i64 = 253_402_207_200_000_000;

    /// Microseconds since 1970-01-01T00:00:00Z, clamped to the years 1970 to 9999.
    pub const fn from_micros(micros: i64) -> Timestamp {
        if micros < 0 {
            Timestamp(0)
        } else if micros > Self::MICROS_MAX {
            Timestamp(Self::MICROS_MAX)
        } else {
            Timestamp(micros)
        }
    }

    /// The same instant, truncated to whole microseconds.
    pub fn from_jiff(instant: jiff::Timestamp) -> Timestamp {
        Timestamp::from_micros(instant.as_microsecond())
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    pub fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX)
    }

    #[must_use]
    pub fn plus_minutes(self, minutes: i64) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_add(minutes.saturating_mul(60_000_000)))
    }

    #[must_use]
    pub fn plus_days(self, days: i64) -> Timestamp {
        self.plus_minutes(days.saturating_mul(24 * 60))
    }

    /// The whole second in which this instant lies. Whole seconds are written with a fixed width, so they sort as text.
    #[must_use]
    pub const fn whole_second(self) -> Timestamp {
        Timestamp(self.0 - self.0 % 1_000_000)
    }

    /// The time from `earlier` to this instant (negative if it is before).
    pub fn since(self, earlier: Timestamp) -> SignedDuration {
        SignedDuration::from_micros(self.0 - earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.jiff().fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bytes = text.as_bytes();
        let shape = (20..=27).contains(&bytes.len())
            && bytes.iter().enumerate().all(|(at, b)| match at {
                4 | 7 => *b == b'-',
                10 => *b == b'T',
                13 | 16 => *b == b':',
                19 if bytes.len() > 20 => *b == b'.',
                at if at == bytes.len() - 1 => *b == b'Z',
                _ => b.is_ascii_digit(),
            })
            && bytes.len() != 21
            // jiff reads a leap second as the second before it: two spellings of one instant.
            && &bytes[17..19] != b"60";
        let malformed =
            || Malformed("an instant is RFC 3339 with Z and at most 6 decimals, like 2026-03-29T09:00:00Z".into());
        if !shape {
            return Err(malformed());
        }
        let instant: jiff::Timestamp = text.parse().map_err(|_| malformed())?;
        if instant.as_microsecond() < 0 {
            return Err(Malformed("an instant is not before 1970".into()));
        }
        Ok(Timestamp::from_jiff(instant))
    }
}

/// A day of the civil calendar: ISO 8601, `2026-03-29`, years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocalDate(civil::Date);

text_id!(
    LocalDate,
    "LocalDate",
    concat!(
        "^",
        days!(
            "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)",
            "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
        ),
        "$"
    )
);

impl LocalDate {
    pub fn new(date: civil::Date) -> LocalDate {
        LocalDate(date)
    }

    pub fn civil(self) -> civil::Date {
        self.0
    }

    #[must_use]
    pub fn plus_days(self, days: i64) -> LocalDate {
        let span = jiff::Span::new().try_days(days).unwrap_or_default();
        LocalDate(self.0.saturating_add(span))
    }

    /// The whole days from `earlier` to this day (negative if it is before).
    pub fn days_since(self, earlier: LocalDate) -> i64 {
        self.0.duration_since(earlier.0).as_hours() / 24
    }
}

impl fmt::Display for LocalDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for LocalDate {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
        let date = if shape { text.parse::<civil::Date>().ok() } else { None };
        date.filter(|date| date.year() >= 1)
            .map(LocalDate)
            .ok_or(Malformed("a date is ISO 8601, like 2026-03-29".into()))
    }
}

/// A time of day without a date: `08:30`, whole minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocalTime(civil::Time);

text_id!(LocalTime, "LocalTime", "^([01][0-9]|2[0-3]):[0-5][0-9]$");

impl LocalTime {
    pub fn civil(self) -> civil::Time {
        self.0
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

impl FromStr for LocalTime {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let parts = (text.len() == 5).then(|| text.split_once(':')).flatten();
        let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<i8>().ok()).flatten();
        parts
            .and_then(|(hour, minute)| civil::Time::new(number(hour)?, number(minute)?, 0, 0).ok())
            .map(LocalTime)
            .ok_or(Malformed("a time of day is HH:MM, like 08:30".into()))
    }
}

/// The reason why a civil time is not an instant of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchInstant {
    #[error("the clocks go forward over this time: it does not exist on this day")]
    Skipped,
    #[error("the clocks go back over this time: it exists twice on this day")]
    Ambiguous,
}

/// A time zone of the IANA database that is compiled in, so that a day does not depend on the machine.
pub struct Zone {
    name: &'static str,
    data: OnceLock<TimeZone>,
}

impl Zone {
    /// The zone with this name. A name that the database does not have gives UTC, so a test of the zone should cover a
    /// change of its clocks.
    pub const fn named(name: &'static str) -> Zone {
        Zone { name, data: OnceLock::new() }
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The day on which an instant falls.
    pub fn day(&self, instant: Timestamp) -> LocalDate {
        LocalDate(self.local(instant).date())
    }

    /// The civil date and time of an instant.
    pub fn local(&self, instant: Timestamp) -> civil::DateTime {
        self.data().to_datetime(instant.jiff())
    }

    /// The first instant of a day.
    pub fn start_of(&self, day: LocalDate) -> Timestamp {
        let midnight = self.data().to_timestamp(day.0.to_datetime(civil::Time::midnight()));
        midnight.map_or(Timestamp::EPOCH, Timestamp::from_jiff)
    }

    /// The instant of a civil time.
    ///
    /// # Errors
    /// A time that the change of the clocks skips or repeats is refused, never guessed.
    pub fn instant_of(&self, day: LocalDate, time: LocalTime) -> Result<Timestamp, NoSuchInstant> {
        let ambiguous = self.data().to_ambiguous_timestamp(day.0.to_datetime(time.0));
        match ambiguous.offset() {
            jiff::tz::AmbiguousOffset::Unambiguous { .. } => {
                ambiguous.unambiguous().map(Timestamp::from_jiff).map_err(|_| NoSuchInstant::Skipped)
            }
            jiff::tz::AmbiguousOffset::Gap { .. } => Err(NoSuchInstant::Skipped),
            jiff::tz::AmbiguousOffset::Fold { .. } => Err(NoSuchInstant::Ambiguous),
        }
    }

    fn data(&self) -> &TimeZone {
        self.data.get_or_init(|| TimeZone::get(self.name).unwrap_or(TimeZone::UTC))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static LONDON: Zone = Zone::named("Europe/London");

    fn date(text: &str) -> LocalDate {
        text.parse().expect("a date")
    }

    fn time(text: &str) -> LocalTime {
        text.parse().expect("a time")
    }

    #[test]
    fn an_instant_has_z_and_at_most_six_decimals() {
        for right in ["2026-03-29T09:00:00Z", "2026-03-29T09:00:00.5Z", "2026-03-29T09:00:00.123456Z"] {
            let instant: Timestamp = right.parse().expect("valid");
            assert_eq!(instant.to_string().parse::<Timestamp>(), Ok(instant));
        }
        for wrong in [
            "2026-03-29T09:00:00.1234567Z",
            "2026-03-29T09:00:00.Z",
            "2026-03-29T09:00:00+00:00",
            "2026-03-29 09:00:00Z",
            "2026-03-29T09:00:60Z",
            "2026-02-30T09:00:00Z",
            "1969-12-31T23:59:59Z",
            "",
        ] {
            assert!(wrong.parse::<Timestamp>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_hour_that_the_clocks_skip_or_repeat_is_refused() {
        assert_eq!(LONDON.instant_of(date("2026-03-29"), time("01:30")), Err(NoSuchInstant::Skipped));
        assert_eq!(LONDON.instant_of(date("2026-10-25"), time("01:30")), Err(NoSuchInstant::Ambiguous));
        let summer = LONDON.instant_of(date("2026-07-01"), time("09:00")).expect("exists");
        assert_eq!(summer.to_string(), "2026-07-01T08:00:00Z");
    }

    #[test]
    fn the_29th_of_february_exists_in_leap_years_only() {
        assert_eq!(date("2028-02-29").plus_days(1), date("2028-03-01"));
        assert!("2027-02-29".parse::<LocalDate>().is_err());
        assert_eq!(date("2028-02-29").plus_days(365), date("2029-02-28"));
    }

    #[test]
    fn a_day_belongs_to_london_not_to_greenwich() {
        let late: Timestamp = "2026-07-01T23:30:00Z".parse().expect("valid");
        assert_eq!(LONDON.day(late), date("2026-07-02"));
        assert_eq!(LONDON.start_of(date("2026-07-02")).to_string(), "2026-07-01T23:00:00Z");
    }

    #[test]
    fn days_are_counted_over_a_change_of_clocks_and_a_year() {
        assert_eq!(date("2026-03-30").days_since(date("2026-03-28")), 2);
        assert_eq!(date("2027-01-01").days_since(date("2026-01-01")), 365);
        assert_eq!(date("2026-01-01").days_since(date("2026-01-03")), -2);
    }
}
