//! The choice between the forms of an error, by the request's `Accept` header (RFC 9110, 12.5.1).

use axum::http::HeaderValue;
use mediatype::{
    MediaType, MediaTypeList, Name, ReadParams,
    names::{_STAR, APPLICATION, HTML, JSON, Q, TEXT},
};

const PAGE: MediaType<'static> = MediaType::new(TEXT, HTML);
/// A client that asks for either form of JSON gets the problem document.
const DOCUMENTS: [MediaType<'static>; 2] = [
    MediaType::new(APPLICATION, JSON),
    MediaType::from_parts(APPLICATION, Name::new_unchecked("problem"), Some(JSON), &[]),
];

/// True if `text/html` has a higher weight than JSON. A tie, a missing header and a header that cannot be parsed mean
/// JSON, because API clients existed before the pages.
pub(crate) fn prefers_html(accept: &[HeaderValue]) -> bool {
    let Some(ranges) = media_ranges(accept) else { return false };
    let documents = DOCUMENTS.iter().map(|document| weight_of(document, &ranges)).max();
    weight_of(&PAGE, &ranges) > documents.unwrap_or_default()
}

/// The media ranges of all lines, each with its weight in thousandths. `None` if one cannot be parsed.
fn media_ranges(accept: &[HeaderValue]) -> Option<Vec<(MediaType<'_>, u16)>> {
    let mut ranges = Vec::new();
    for line in accept {
        for range in MediaTypeList::new(line.to_str().ok()?) {
            let range = range.ok()?;
            let weight = match range.get_param(Q) {
                Some(weight) => thousandths(weight.as_str())?,
                None => 1_000,
            };
            ranges.push((range, weight));
        }
    }
    Some(ranges)
}

/// The weight of the most specific matching range; 0 (not acceptable) if none matches. Parameters other than `q` are
/// not compared, because an error has only one form of each type.
fn weight_of(offered: &MediaType<'_>, ranges: &[(MediaType<'_>, u16)]) -> u16 {
    let matching = ranges.iter().filter_map(|(range, weight)| Some((specificity(range, offered)?, *weight)));
    matching.max().map_or(0, |(_, weight)| weight)
}

fn specificity(range: &MediaType<'_>, offered: &MediaType<'_>) -> Option<u8> {
    if range.essence() == *offered {
        return Some(2);
    }
    let any = |name: Name<'_>| name == _STAR;
    if !any(range.subty) {
        None
    } else if any(range.ty) {
        Some(0)
    } else {
        (range.ty == offered.ty).then_some(1)
    }
}

/// A weight (RFC 9110, 12.4.2): 0 to 1 with up to three decimals.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = decimals.bytes().all(|digit| digit.is_ascii_digit());
    let unit: u16 = match whole {
        "0" => 0,
        "1" => 1_000,
        _ => return None,
    };
    if !digits || decimals.len() > 3 {
        return None;
    }
    let thousandths = unit + format!("{decimals:0<3}").parse::<u16>().ok()?;
    (thousandths <= 1_000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

    fn html(lines: &[&str]) -> bool {
        let lines: Vec<_> = lines.iter().map(|line| HeaderValue::from_str(line).expect("a header")).collect();
        prefers_html(&lines)
    }

    #[test]
    fn html_is_for_those_who_prefer_it() {
        for accept in [
            BROWSER,
            "text/html",
            "TEXT/HTML",
            "text/*",
            "text/html;q=0.5",
            "text/html; charset=utf-8",
            "text/html ; q=0.9 , application/json ; q=0.899",
            "application/json;q=0.5, text/html;q=0.8",
            "text/html;q=0.2, */*;q=0.1",
            "*/*, application/json;q=0.5, application/problem+json;q=0.5",
            "text/html, application/*;q=0.9",
            "text/html;level=\"1,2\"",
            "text/html;q=1.000, application/json;q=0",
        ] {
            assert!(html(&[accept]), "{accept}");
        }
    }

    #[test]
    fn json_is_for_all_others() {
        for accept in [
            "",
            "*/*",
            "application/json",
            "application/problem+json",
            "application/json, text/plain, */*",
            "application/json, text/html",
            "text/html, application/json",
            "text/html, */*",
            "text/html, application/problem+json",
            "text/html;q=0.8, application/json;q=0.9",
            "text/html;q=0, */*;q=0.1",
            "*/*, text/html;q=0.5",
            "text/*, text/html;q=0",
            "application/xhtml+xml",
            "image/png",
            "text/html+json",
        ] {
            assert!(!html(&[accept]), "{accept}");
        }
    }

    #[test]
    fn a_header_that_cannot_be_parsed_means_json() {
        for accept in [
            "html",
            "text/html, *;q=0.2",
            "text/html;q=2",
            "text/html;q=1.001",
            "text/html;q=.9",
            "text/html;q=0.0009",
            "text/html;q=-1",
            "text/html;q=1e0",
            "text/html;q=\"1\"",
            "text/html;q",
            "text/html, a/b;c=\"",
            "text/html,/",
        ] {
            assert!(!html(&[accept]), "{accept}");
        }
        assert!(!prefers_html(&[HeaderValue::from_bytes(b"text/html, \xff/a").expect("a header")]));
    }

    #[test]
    fn several_lines_are_one_list() {
        assert!(!html(&["text/html", "application/json"]));
        assert!(html(&["text/html", "application/json;q=0.5"]));
        assert!(!html(&[]));
    }
}
