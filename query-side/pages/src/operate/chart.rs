//! Charts of the last minutes, drawn by the server: a line for each unbroken run of values.

use event_core::Timestamp;
use serde::Serialize;

/// The time that a chart spans, in seconds.
const SPAN_SECONDS: f64 = 15.0 * 60.0;
/// The size of the drawing, as in the template's `viewBox`, and the space around the line.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 80.0;
const MARGIN: f64 = 4.0;

/// A chart, and the same in words.
#[derive(Debug, Serialize)]
pub struct Chart {
    pub title: &'static str,
    /// The points of each line, as the attribute `points` has them.
    pub lines: Vec<String>,
    /// The newest and the greatest value.
    pub words: String,
}

impl Chart {
    /// A chart of values with their times, the newest last. Absent values are gaps.
    pub fn of(title: &'static str, values: &[(Timestamp, Option<f64>)], say: impl Fn(f64) -> String) -> Chart {
        let greatest = values.iter().filter_map(|(_, value)| *value).reduce(f64::max);
        let words = match (values.last(), greatest) {
            (Some((_, Some(newest))), Some(greatest)) => {
                format!("Newest {}, greatest {}", say(*newest), say(greatest))
            }
            (Some((_, None)), Some(greatest)) => format!("Newest none, greatest {}", say(greatest)),
            (_, None) | (None, _) => "No values yet".to_owned(),
        };
        Chart { title, lines: lines(values, greatest.unwrap_or_default()), words }
    }
}

fn lines(values: &[(Timestamp, Option<f64>)], greatest: f64) -> Vec<String> {
    let Some((newest, _)) = values.last() else { return Vec::new() };
    let mut lines = Vec::new();
    for run in values.split(|(_, value)| value.is_none()).filter(|run| !run.is_empty()) {
        let points = run.iter().map(|(at, value)| {
            let ago = newest.since(*at).as_secs_f64().clamp(0.0, SPAN_SECONDS);
            let share = if greatest > 0.0 { value.unwrap_or_default() / greatest } else { 0.0 };
            let x = MARGIN + (WIDTH - 2.0 * MARGIN) * (1.0 - ago / SPAN_SECONDS);
            let y = MARGIN + (HEIGHT - 2.0 * MARGIN) * (1.0 - share);
            format!("{x:.1},{y:.1}")
        });
        let mut points: Vec<String> = points.collect();
        // A line of one point twice is drawn as a dot.
        if let [only] = &*points {
            points.push(only.clone());
        }
        lines.push(points.join(" "));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn chart(values: &[(i64, Option<f64>)]) -> Chart {
        let values: Vec<_> = values.iter().map(|(seconds, value)| (at(*seconds), *value)).collect();
        Chart::of("Lag", &values, |value| format!("{value} ms"))
    }

    #[test]
    fn the_newest_value_is_at_the_right_and_the_greatest_at_the_top() {
        let chart = chart(&[(0, Some(0.0)), (450, Some(40.0)), (900, Some(20.0))]);
        assert_eq!(chart.lines, ["4.0,76.0 150.0,4.0 296.0,40.0"]);
        assert_eq!(chart.words, "Newest 20 ms, greatest 40 ms");
    }

    #[test]
    fn absent_values_are_gaps() {
        let chart = chart(&[(0, Some(1.0)), (450, None), (900, Some(1.0))]);
        assert_eq!(chart.lines, ["4.0,4.0 4.0,4.0", "296.0,4.0 296.0,4.0"]);
    }

    #[test]
    fn values_that_are_all_zero_are_a_line_at_the_bottom() {
        let chart = chart(&[(0, Some(0.0)), (900, Some(0.0))]);
        assert_eq!(
            (chart.lines, &*chart.words),
            (vec!["4.0,76.0 296.0,76.0".to_owned()], "Newest 0 ms, greatest 0 ms")
        );
    }

    #[test]
    fn without_values_there_is_no_line() {
        assert_eq!((chart(&[]).lines.len(), &*chart(&[]).words), (0, "No values yet"));
        assert_eq!((chart(&[(0, None)]).lines.len(), &*chart(&[(0, None)]).words), (0, "No values yet"));
        assert_eq!(chart(&[(0, Some(3.0)), (5, None)]).words, "Newest none, greatest 3 ms");
    }
}
