//! The identity of requests: a request id, and the W3C trace context (<https://www.w3.org/TR/trace-context/>), which is
//! also recorded in the events.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

const REQUEST_ID_BYTES_MAX: usize = 64;

/// Keeps a well-formed id and trace context of the caller, and otherwise generates them, so that events and log lines
/// of a request can always be joined. Afterwards the headers contain one valid `X-Request-Id` and one valid
/// `traceparent`.
pub fn identify(headers: &mut HeaderMap) {
    let fresh = Uuid::now_v7();
    let sent = Some(request_id(headers)).filter(|id| is_request_id(id));
    let request_id = sent.map_or_else(|| fresh.to_string(), str::to_owned);
    insert(headers, REQUEST_ID, &request_id);
    let traceparent = traceparent(text(headers, &TRACEPARENT)).unwrap_or_else(|| {
        let span = fresh.as_u128() as u64 | 1;
        format!("00-{}-{span:016x}-00", fresh.simple())
    });
    insert(headers, TRACEPARENT, &traceparent);
}

/// The request id in these headers. It is valid after `identify`.
pub fn request_id(headers: &HeaderMap) -> &str {
    text(headers, &REQUEST_ID)
}

/// The trace id in these headers: 32 hexadecimal digits after `identify`.
pub fn trace_id(headers: &HeaderMap) -> &str {
    text(headers, &TRACEPARENT).get(3..35).unwrap_or_default()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// A W3C `traceparent` in the form of version 00. Of a later version, the fields of version 00 are kept, as the
/// standard requires. `None` if it is malformed.
pub fn traceparent(text: &str) -> Option<String> {
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let some = |part: &str| part.bytes().any(|byte| byte != b'0');
    let mut parts = text.splitn(5, '-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let further = parts.next().is_some();
    let known = hex(version, 2) && version != "ff" && (version != "00" || !further);
    let fits = known && hex(trace, 32) && some(trace) && hex(parent, 16) && some(parent) && hex(flags, 2);
    if !fits {
        return None;
    }
    if version == "00" {
        return Some(text.to_owned());
    }
    // Of the flags of a later version, only the first one, "sampled", is used here.
    let sampled = u8::from_str_radix(flags, 16).ok()? & 1;
    Some(format!("00-{trace}-{parent}-{sampled:02x}"))
}

fn is_request_id(text: &str) -> bool {
    (1..=REQUEST_ID_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_callers_trace_context_and_request_id_are_kept() {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_static(PARENT));
        headers.insert(REQUEST_ID, HeaderValue::from_static("gateway-7"));
        identify(&mut headers);
        assert_eq!(request_id(&headers), "gateway-7");
        assert_eq!(trace_id(&headers), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(headers[TRACEPARENT], PARENT);
    }

    #[test]
    fn a_later_versions_trace_is_kept() {
        let mut headers = HeaderMap::new();
        let later = PARENT.replacen("00", "cc", 1) + "-what-comes-later";
        headers.insert(TRACEPARENT, HeaderValue::from_str(&later).expect("a header"));
        identify(&mut headers);
        assert_eq!(trace_id(&headers), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(headers[TRACEPARENT], PARENT);
    }

    #[test]
    fn what_is_absent_or_malformed_is_made_anew() {
        for wrong in ["", "00-abc-def-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "ff-x"] {
            let mut headers = HeaderMap::new();
            headers.insert(TRACEPARENT, HeaderValue::from_str(wrong).expect("a header"));
            headers.insert(REQUEST_ID, HeaderValue::from_static("a b"));
            identify(&mut headers);
            let made = headers[TRACEPARENT].to_str().expect("text");
            assert_eq!(traceparent(made).as_deref(), Some(made));
            assert!(is_request_id(request_id(&headers)));
            assert!(made.contains(trace_id(&headers)) && trace_id(&headers).len() == 32);
        }
    }
}
