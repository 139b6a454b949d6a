//! The time within which the advice of an outcome should be followed.

use std::{fmt, str::FromStr};

use event_core::Malformed;
use serde::{Deserialize, Serialize};

/// The longest time frame: 366 days.
pub const MINUTES_MAX: u32 = 366 * DAY;
const DAY: u32 = 24 * HOUR;
const HOUR: u32 = 60;

/// `immediately`, or within a number of minutes, written as a duration of ISO 8601 in weeks, days, hours and minutes
/// (`P2W`, `P3D`, `PT6H`). Months and years have no fixed length and are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TimeFrame {
    Immediately,
    /// From 1 minute to 366 days.
    Within {
        minutes: u32,
    },
}

impl From<TimeFrame> for String {
    fn from(time_frame: TimeFrame) -> String {
        time_frame.to_string()
    }
}

impl TryFrom<String> for TimeFrame {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl fmt::Display for TimeFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = match self {
            TimeFrame::Immediately => return f.write_str("immediately"),
            TimeFrame::Within { minutes } => *minutes,
        };
        if minutes % (7 * DAY) == 0 {
            return write!(f, "P{}W", minutes / (7 * DAY));
        }
        f.write_str("P")?;
        let part = |f: &mut fmt::Formatter<'_>, count: u32, letter: char| match count {
            0 => Ok(()),
            count => write!(f, "{count}{letter}"),
        };
        part(f, minutes / DAY, 'D')?;
        if minutes % DAY > 0 {
            f.write_str("T")?;
        }
        part(f, minutes % DAY / HOUR, 'H')?;
        part(f, minutes % HOUR, 'M')
    }
}

impl FromStr for TimeFrame {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || {
            Malformed(
                "a time frame is `immediately` or a duration up to 366 days, such as PT30M, PT6H, P3D or P2W".into(),
            )
        };
        if text == "immediately" {
            return Ok(TimeFrame::Immediately);
        }
        let parts = text.strip_prefix('P').ok_or_else(malformed)?;
        let (days, time) = parts.split_once('T').unwrap_or((parts, "PT"));
        let minutes = if let Some(weeks) = days.strip_suffix('W').filter(|_| time == "PT") {
            number(weeks).and_then(|weeks| weeks.checked_mul(7 * DAY))
        } else {
            let time = if time == "PT" { Some(0) } else { units(time, &[('H', HOUR), ('M', 1)]) };
            let days = if days.is_empty() { Some(0) } else { units(days, &[('D', DAY)]) };
            days.zip(time).and_then(|(days, time)| days.checked_add(time))
        };
        let minutes = minutes.filter(|minutes| (1..=MINUTES_MAX).contains(minutes)).ok_or_else(malformed)?;
        Ok(TimeFrame::Within { minutes })
    }
}

/// The minutes of one or more numbers with their units, each at most once and in this order.
fn units(mut text: &str, units: &[(char, u32)]) -> Option<u32> {
    let (mut sum, mut seen) = (0_u32, false);
    for (letter, minutes) in units {
        if let Some((count, rest)) = text.split_once(*letter) {
            sum = sum.checked_add(number(count)?.checked_mul(*minutes)?)?;
            (text, seen) = (rest, true);
        }
    }
    (seen && text.is_empty()).then_some(sum)
}

fn number(text: &str) -> Option<u32> {
    let digits = (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_frames_are_read_and_written() {
        for (text, minutes) in [("PT30M", 30), ("PT1H30M", 90), ("P1D", 1_440), ("P1DT6H", 1_800), ("P2W", 20_160)] {
            let time_frame: TimeFrame = text.parse().expect("a time frame");
            assert_eq!(time_frame, TimeFrame::Within { minutes });
            assert_eq!(time_frame.to_string(), text);
        }
        assert_eq!("immediately".parse(), Ok(TimeFrame::Immediately));
        assert_eq!("PT24H".parse::<TimeFrame>().expect("a time frame").to_string(), "P1D");
    }

    #[test]
    fn other_durations_are_refused() {
        for wrong in
            ["", "P", "PT", "P1Y", "P1M", "PT1S", "PT0M", "P1DT", "PT1M1H", "P1W1D", "1D", "soon", "P367D", "P1.5D"]
        {
            assert!(wrong.parse::<TimeFrame>().is_err(), "{wrong}");
        }
    }
}
