//! A line chart as inline SVG: no script, no request to another server.

use std::fmt::Write;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 70.0;
const BOTTOM: f64 = 30.0;
const TOP: f64 = 14.0;
const RIGHT: f64 = 10.0;
/// A chart has at most as many points in a line; of neighbours, the highest is drawn.
const POINTS_MAX: usize = 600;
/// Lines beyond these would not be told apart.
const LINES_MAX: usize = 8;
/// Colours that people with colour blindness can tell apart (Okabe and Ito), dark enough on white.
const COLOURS: [&str; LINES_MAX] =
    ["#0072B2", "#D55E00", "#007A5A", "#8C4A75", "#7A5C00", "#333333", "#1F8FC9", "#A33B00"];

/// A line: its name, and its points as seconds and values.
pub struct ChartLine {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// A chart with a heading. `unit` is written beside the axis.
pub fn chart(heading: &str, unit: &str, mut lines: Vec<ChartLine>) -> String {
    // The highest lines are the interesting ones.
    lines.sort_by(|a, b| highest(&b.points).total_cmp(&highest(&a.points)));
    let left_out = lines.len().saturating_sub(LINES_MAX);
    lines.truncate(LINES_MAX);
    let seconds = lines.iter().flat_map(|line| line.points.iter().map(|(at, _)| *at)).fold(1.0, f64::max);
    let top = round_up(lines.iter().map(|line| highest(&line.points)).fold(0.0, f64::max));
    let x = |at: f64| LEFT + at / seconds * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - TOP);
    let heading = escaped(heading);
    let mut svg =
        format!("<h2>{heading}</h2>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{heading}\">\n");
    for part in 0..=4 {
        let (value, at) = (top * f64::from(part) / 4.0, seconds * f64::from(part) / 4.0);
        let (line, down) = (y(value), HEIGHT - BOTTOM + 18.0);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{line:.1}\" x2=\"{:.1}\" y2=\"{line:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <text x=\"{:.1}\" y=\"{down:.1}\" text-anchor=\"middle\">{at:.0} s</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            line + 4.0,
            label(value),
            x(at)
        );
    }
    let _ = writeln!(svg, "<text x=\"4\" y=\"{TOP}\">{}</text>", escaped(unit));
    for (line, colour) in lines.iter().zip(COLOURS) {
        let points: Vec<String> =
            thinned(&line.points).into_iter().map(|(at, value)| format!("{:.1},{:.1}", x(at), y(value))).collect();
        let points = points.join(" ");
        let _ = writeln!(svg, "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\"{points}\"/>");
    }
    svg.push_str("</svg>\n<p class=\"legend\">");
    for (line, colour) in lines.iter().zip(COLOURS) {
        let most = label(highest(&line.points));
        let _ = write!(svg, "<span style=\"color:{colour}\">■</span> {} (at most {most}) ", escaped(&line.name));
    }
    if left_out > 0 {
        let _ = write!(svg, "and {left_out} lower ones");
    }
    svg.push_str("</p>\n");
    svg
}

fn highest(points: &[(f64, f64)]) -> f64 {
    points.iter().map(|(_, value)| *value).fold(0.0, f64::max)
}

/// 1, 2 or 5 times a power of ten.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|rounded| *rounded >= value).unwrap_or(value)
}

fn label(value: f64) -> String {
    if value >= 10.0 || value == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let size = points.len().div_ceil(POINTS_MAX).max(1);
    let of_part = |part: &[(f64, f64)]| part.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
    points.chunks(size).filter_map(of_part).collect()
}

/// Text in HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_keeps_the_highest_of_neighbouring_points() {
        let points: Vec<(f64, f64)> = (0..6_000).map(|n| (f64::from(n), if n == 3_001 { 90.0 } else { 1.0 })).collect();
        let drawn = thinned(&points);
        assert_eq!((drawn.len(), highest(&drawn)), (POINTS_MAX, 90.0));
        assert_eq!(thinned(&points[..3]), points[..3]);
    }

    #[test]
    fn an_axis_ends_at_a_round_number() {
        for (value, end) in [(0.0, 1.0), (0.7, 1.0), (1.2, 2.0), (34.0, 50.0), (999.0, 1_000.0), (1_000.0, 1_000.0)] {
            assert!((round_up(value) - end).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn names_are_text() {
        let line = ChartLine { name: "<b>&\"".to_owned(), points: vec![(0.0, 1.0), (1.0, 2.0)] };
        let svg = chart("a < b", "ms", vec![line]);
        assert!(svg.contains("&lt;b&gt;&amp;&quot;") && svg.contains("a &lt; b") && !svg.contains("<b>"), "{svg}");
    }
}
