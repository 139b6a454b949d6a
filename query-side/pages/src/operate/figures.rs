//! Numbers and times, as operators read them.

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// `12,345`
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `850 ms`, `12 s`, `3 minutes`, `2 hours`, `5 days`
pub fn time(ms: u64) -> String {
    match ms {
        0..SECOND_MS => format!("{ms} ms"),
        SECOND_MS..MINUTE_MS => format!("{} s", ms / SECOND_MS),
        MINUTE_MS..HOUR_MS => crate::words::count(ms / MINUTE_MS, "minute", "minutes"),
        HOUR_MS..DAY_MS => crate::words::count(ms / HOUR_MS, "hour", "hours"),
        DAY_MS.. => crate::words::count(ms / DAY_MS, "day", "days"),
    }
}

/// The same for a time that may be unknown.
pub fn time_or_unknown(ms: Option<u64>) -> String {
    ms.map_or_else(|| "unknown".to_owned(), time)
}

/// The time that a rebuild still takes. It is not known before the first events are folded.
pub fn time_left(seconds: f64, events_per_second: f64) -> String {
    if events_per_second <= 0.0 {
        return "The time left is not known yet.".to_owned();
    }
    // Rounded to a tenth of a second, so that 59.98 s are a minute.
    let seconds = (seconds.max(0.0) * 10.0).round() / 10.0;
    let rounded = |of: f64| (seconds / of).round() as u64;
    let left = match seconds {
        ..1.0 => return "Less than a second left.".to_owned(),
        ..59.5 => crate::words::count(rounded(1.0), "second", "seconds"),
        ..3_570.0 => crate::words::count(rounded(60.0), "minute", "minutes"),
        _ => crate::words::count(rounded(3_600.0), "hour", "hours"),
    };
    format!("About {left} left.")
}

/// A rate with one decimal place while it is small: `0.4`, `12`.
pub fn rate(rate: f64) -> String {
    if rate > 0.0 && rate < 10.0 { format!("{rate:.1}") } else { number(rate.max(0.0).round() as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.0, 0.04, 9.94, 12.4, 1_500.0].map(rate), ["0", "0.0", "9.9", "12", "1,500"]);
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        let all = [0, 999, 1_000, 59_999, 60_000, 7_200_000, 432_000_000].map(time);
        assert_eq!(all, ["0 ms", "999 ms", "1 s", "59 s", "1 minute", "2 hours", "5 days"]);
        assert_eq!(time_or_unknown(None), "unknown");
    }

    #[test]
    fn the_time_left_is_said_in_words() {
        for (seconds, said) in [
            (0.0, "Less than a second left."),
            (0.96, "About 1 second left."),
            (12.3, "About 12 seconds left."),
            (59.98, "About 1 minute left."),
            (95.0, "About 2 minutes left."),
            (3_599.0, "About 1 hour left."),
            (9_000.0, "About 3 hours left."),
        ] {
            assert_eq!(time_left(seconds, 100.0), said, "{seconds}");
        }
        assert_eq!(time_left(0.0, 0.0), "The time left is not known yet.");
    }
}
