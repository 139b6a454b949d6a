//! The two days of a year on which the clocks change: one hour does not exist, or happens twice.

use event_core::{
    LocalDate, Timestamp,
    time::{LocalTime, NoSuchInstant},
};
use vocabulary::time::LONDON;

use crate::words;

/// A change of the clocks on a day.
pub struct ClockChange {
    fault: NoSuchInstant,
    from: LocalTime,
    until: LocalTime,
}

impl ClockChange {
    /// The change on this day, if there is one. The clocks of London change at a whole hour.
    pub fn on(day: LocalDate) -> Option<ClockChange> {
        let hour = |hour: u8| format!("{hour:02}:00").parse::<LocalTime>().ok();
        (0..23).find_map(|start| {
            let (from, until) = (hour(start)?, hour(start + 1)?);
            LONDON.instant_of(day, from).err().map(|fault| ClockChange { fault, from, until })
        })
    }

    /// The change, as a sentence.
    pub fn sentence(&self) -> String {
        let (from, until) = (words::clock(self.from), words::clock(self.until));
        match self.fault {
            NoSuchInstant::Skipped => {
                format!("The clocks go forward on this day: the hour from {from} to {until} does not exist.")
            }
            NoSuchInstant::Ambiguous => {
                format!("The clocks go back on this day: the hour from {from} to {until} happens twice.")
            }
        }
    }
}

/// The minutes by which a session is longer than its civil times say; negative if it is shorter.
pub fn minutes_more(from: LocalTime, until: LocalTime, starts_at: Timestamp, ends_at: Timestamp) -> i64 {
    ends_at.since(starts_at).as_mins() - until.civil().duration_since(from.civil()).as_mins()
}

/// `9:00am`. Of a time that happens twice on its day, it says which of both.
pub fn time(at: Timestamp) -> String {
    let (text, local) = (words::time(at), LONDON.local(at));
    if LONDON.local(at.plus_minutes(60)) == local {
        return format!("{text} (before the clocks go back)");
    }
    if at.micros() > 0 && LONDON.local(at.plus_minutes(-60)) == local {
        return format!("{text} (after the clocks went back)");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(day: &str) -> Option<String> {
        ClockChange::on(day.parse().expect("a date")).map(|change| change.sentence())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn the_clocks_change_on_two_days_of_a_year() {
        let forward = "The clocks go forward on this day: the hour from 1:00am to 2:00am does not exist.";
        assert_eq!(on("2026-03-29").as_deref(), Some(forward));
        let back = "The clocks go back on this day: the hour from 1:00am to 2:00am happens twice.";
        assert_eq!(on("2026-10-25").as_deref(), Some(back));
        for usual in ["2026-03-28", "2026-03-30", "2026-10-24", "2026-10-26", "2028-02-29", "0001-01-01"] {
            assert_eq!(on(usual), None, "{usual}");
        }
    }

    #[test]
    fn a_time_that_happens_twice_says_which_one_it_is() {
        assert_eq!(time(at("2026-10-25T00:30:00Z")), "1:30am (before the clocks go back)");
        assert_eq!(time(at("2026-10-25T01:30:00Z")), "1:30am (after the clocks went back)");
        assert_eq!(time(at("2026-10-25T02:00:00Z")), "2:00am");
        assert_eq!(time(at("2026-03-29T00:59:00Z")), "12:59am");
        assert_eq!(time(at("2026-03-29T01:00:00Z")), "2:00am");
        assert_eq!(time(Timestamp::EPOCH), "1:00am");
    }

    #[test]
    fn a_session_over_a_change_is_longer_or_shorter_than_its_times_say() {
        let more = |day: &str, from: &str, until: &str| {
            let (day, from, until) =
                (day.parse().expect("a date"), from.parse().expect("a"), until.parse().expect("b"));
            let instant = |time| LONDON.instant_of(day, time).expect("an instant");
            minutes_more(from, until, instant(from), instant(until))
        };
        assert_eq!(more("2026-03-29", "00:00", "04:15"), -60);
        assert_eq!(more("2026-10-25", "00:00", "04:15"), 60);
        assert_eq!(more("2026-10-25", "09:00", "12:30"), 0);
    }
}
