//! The report as one HTML page that needs nothing else.

use std::fmt::Write;

use super::{
    RunReport,
    chart::{ChartLine, chart, escaped},
};
use crate::{
    measures::{SecondPoint, in_ms, quantile_us},
    verify::thousands,
};

const STYLE: &str = "body{font:16px/1.5 Arial,sans-serif;max-width:900px;margin:2em auto;padding:0 1em;color:#212b32}\
table{border-collapse:collapse;margin:1em 0}td,th{border-bottom:1px solid #aeb7bd;padding:.2em .8em;text-align:right}\
td:first-child,th:first-child{text-align:left}svg{width:100%;height:auto}svg text{font-size:12px;fill:#4c6272}\
.grid{stroke:#d8dde0}.legend{font-size:14px}.verdict{font-size:20px;font-weight:bold;padding:.6em;border:4px solid}\
.good{border-color:#007f3b}.bad{border-color:#d5281b}";

/// The page.
pub fn page(report: &RunReport) -> String {
    let title = escaped(&report.title);
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    let class = if report.verdict.is_good() { "good" } else { "bad" };
    let _ = writeln!(html, "<p class=\"verdict {class}\">{}</p>", escaped(&report.verdict.line()));
    untruths(report, &mut html);
    if !report.bars.is_empty() {
        let rows = report.bars.iter().map(|bar| {
            let kept = if bar.kept { "kept" } else { "not kept" };
            vec![bar.what.clone(), bar.value.clone(), kept.to_owned()]
        });
        table(&mut html, "Limits", &["limit", "measured", ""], rows);
    }
    charts(report, &mut html);
    tables(report, &mut html);
    html.push_str("</body>\n</html>\n");
    html
}

fn untruths(report: &RunReport, html: &mut String) {
    let texts = &report.verdict.untruths.texts;
    if texts.is_empty() {
        return;
    }
    html.push_str("<ul>\n");
    for text in texts {
        let _ = writeln!(html, "<li>{}</li>", escaped(text));
    }
    html.push_str("</ul>\n");
}

fn charts(report: &RunReport, html: &mut String) {
    let line = |name: &str, value: fn(&SecondPoint) -> f64| ChartLine {
        name: name.to_owned(),
        points: report.measured.seconds.iter().enumerate().map(|(at, point)| (at as f64, value(point))).collect(),
    };
    let rates =
        vec![line("queries", |point| f64::from(point.queries)), line("commands", |point| f64::from(point.commands))];
    html.push_str(&chart("Answers a second", "1/s", rates));
    let times = vec![line("p99", |point| in_ms(point.p99_us)), line("p50", |point| in_ms(point.p50_us))];
    html.push_str(&chart("Time to the answer, by the second of the answer", "ms", times));
    let refusals = vec![
        line("refused by a rule", |point| f64::from(point.refusals)),
        line("asked to come again", |point| f64::from(point.busy)),
        line("failed", |point| f64::from(point.failures)),
    ];
    html.push_str(&chart("Refusals a second", "1/s", refusals));
    let lags = report.lags.points.iter().map(|(name, points)| ChartLine {
        name: name.clone(),
        points: points.iter().map(|(at, lag)| (in_ms(*at), *lag as f64)).collect(),
    });
    html.push_str(&chart("Lag of each view", "ms", lags.collect()));
}

fn tables(report: &RunReport, html: &mut String) {
    let measured = &report.measured;
    let rows = measured.kinds.iter().map(|(name, kind)| {
        let at = |share| format!("{:.1}", in_ms(quantile_us(&kind.times, share)));
        let what = if kind.is_command { "command" } else { "query" };
        vec![format!("{what} {name}"), thousands(kind.times.len()), at(0.5), at(0.99), at(0.999), at(1.0)]
    });
    let headings = ["request", "answers", "p50 ms", "p99 ms", "p99.9 ms", "longest ms"];
    table(html, "Requests", &headings, rows);
    let refused =
        measured.refusals.iter().map(|((asked, code), count)| vec![format!("{asked}: {code}"), thousands(*count)]);
    table(html, "Refusals", &["request and code", "answers"], refused);
    if !report.tried.is_empty() {
        let tried = report.tried.iter().map(|tried| {
            let result = if tried.exceeded.is_empty() { "kept up".to_owned() } else { tried.exceeded.join(", ") };
            vec![format!("{:.1}", tried.rate), result]
        });
        table(html, "Rates that were tried", &["visits a second", "result"], tried);
    }
    let late = |share| format!("{:.1} ms", in_ms(quantile_us(&measured.late, share)));
    let generator = [
        ("visits", thousands(measured.visits)),
        ("visits that did not begin, because too many were under way", thousands(measured.visits_dropped)),
        ("visits that did not end in time", thousands(report.unended as u64)),
        ("requests that waited for one of the connections", thousands(report.waited_for_connection)),
        ("the generator was late by, p50", late(0.5)),
        ("the generator was late by, p99.9", late(0.999)),
        ("answers that asked to come again, or silence", thousands(measured.busy)),
        ("answers held against log and views", thousands(report.verdict.held)),
        ("queries of views for that", thousands(report.verdict.views_asked as u64)),
        ("answers that claim nothing", thousands(report.verdict.others)),
        ("looks to which an operator's address did not answer", thousands(report.lags.silent)),
    ];
    let generator = generator.into_iter().map(|(name, value)| vec![name.to_owned(), value]);
    table(html, "The generator", &["", ""], generator);
    let settings = report.settings.iter().map(|(name, value)| vec![name.clone(), value.clone()]);
    table(html, "Settings", &["", ""], settings);
}

fn table(html: &mut String, heading: &str, headings: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let _ = writeln!(html, "<h2>{}</h2>\n<table>", escaped(heading));
    if headings.iter().any(|heading| !heading.is_empty()) {
        let cells: String = headings.iter().map(|cell| format!("<th scope=\"col\">{}</th>", escaped(cell))).collect();
        let _ = writeln!(html, "<thead><tr>{cells}</tr></thead>");
    }
    html.push_str("<tbody>\n");
    for row in rows {
        let cells: String = row.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
        let _ = writeln!(html, "<tr>{cells}</tr>");
    }
    html.push_str("</tbody>\n</table>\n");
}
