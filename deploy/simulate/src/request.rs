//! The bytes of requests, and the kind of an answer.

use serde_json::Value;
use uuid::Uuid;

use crate::told::ToldOutcome;

/// The bytes of `POST /commands/{name}`.
pub fn command(host: &str, token: &str, name: &str, key: &str, correlation: Uuid, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST /commands/{name} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n\
         Correlation-Id: {correlation}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The bytes of `GET {path}`.
pub fn query(host: &str, token: &str, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n\r\n")
        .into_bytes()
}

/// The path with one more parameter.
pub fn with_parameter(path: &str, name: &str, value: &str) -> String {
    let sign = if path.contains('?') { '&' } else { '?' };
    format!("{path}{sign}{name}={value}")
}

/// The kind of an answer with this status.
pub fn outcome_of(status: u16) -> ToldOutcome {
    match status {
        200..=299 => ToldOutcome::Granted,
        403 | 404 | 409 | 410 | 412 | 422 => ToldOutcome::Refused,
        429 | 503 => ToldOutcome::Busy,
        _ => ToldOutcome::Failed,
    }
}

/// The code of a problem document, such as `slot-taken`.
pub fn problem_code(status: u16, body: &Value) -> String {
    let code = body["code"].as_str().or_else(|| body["type"].as_str()?.rsplit('/').next());
    code.map_or_else(|| status.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_has_a_code() {
        assert_eq!(problem_code(409, &json!({"type": "/problems/slot-taken"})), "slot-taken");
        assert_eq!(problem_code(409, &json!({"type": "/problems/x", "code": "slot-taken"})), "slot-taken");
        assert_eq!(problem_code(502, &Value::Null), "502");
    }

    #[test]
    fn a_path_gets_a_parameter() {
        assert_eq!(with_parameter("/a", "after", "care:1"), "/a?after=care:1");
        assert_eq!(with_parameter("/a?b=c", "after", "care:1"), "/a?b=c&after=care:1");
    }
}
