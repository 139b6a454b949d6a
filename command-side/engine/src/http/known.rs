//! The codes that are not a rule's: what each means, and what to do. `GET /problems` lists them beside the rules'.

use std::borrow::Cow;

use axum::http::StatusCode;
use event_core::Rejection;
use serde::Serialize;

use super::{Problem, status_of};

/// A problem's code, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    pub code: Cow<'static, str>,
    pub status: u16,
    pub title: Cow<'static, str>,
    /// What to do about it.
    pub advice: Cow<'static, str>,
}

impl From<&'static Rejection> for Explained {
    fn from(rejection: &'static Rejection) -> Explained {
        Explained {
            code: rejection.code.into(),
            status: status_of(rejection.class).as_u16(),
            title: rejection.title.into(),
            advice: rejection.advice.into(),
        }
    }
}

const fn explained(code: &'static str, status: StatusCode, title: &'static str, advice: &'static str) -> Explained {
    Explained {
        code: Cow::Borrowed(code),
        status: status.as_u16(),
        title: Cow::Borrowed(title),
        advice: Cow::Borrowed(advice),
    }
}

/// By status.
pub(super) static KNOWN: &[Explained] = &[
    explained(
        "malformed",
        StatusCode::BAD_REQUEST,
        "The request could not be read.",
        "See `errors`: each names the place of the fault as a JSON pointer. GET /commands has every command's schema.",
    ),
    explained(
        "idempotency-key",
        StatusCode::BAD_REQUEST,
        "The header Idempotency-Key is missing, or is not 16 to 128 visible ASCII characters.",
        "Send a new random one with each wish, and the same one when you send the same wish again.",
    ),
    explained("malformed-header", StatusCode::BAD_REQUEST, "A header could not be read.", "Correlation-Id is a UUID."),
    explained(
        "unauthenticated",
        StatusCode::UNAUTHORIZED,
        "This needs a valid token.",
        "Send `Authorization: Bearer <token>`, with a token of an issuer that this installation trusts, not expired.",
    ),
    explained(
        "not-yours",
        StatusCode::FORBIDDEN,
        "This is not yours to see or change, or it does not exist.",
        "Patients see and change their own; staff those of their practice, with the permission for it.",
    ),
    explained(
        "identity-too-low",
        StatusCode::FORBIDDEN,
        "Your identity has to be proven to a higher level for this.",
        "Prove your identity to the level that `level` names, and come again with the new token.",
    ),
    explained(
        "unknown-command",
        StatusCode::NOT_FOUND,
        "There is no command of this name.",
        "GET /commands lists them.",
    ),
    explained("not-found", StatusCode::NOT_FOUND, "There is nothing at this address.", "See /docs."),
    explained(
        "method-not-allowed",
        StatusCode::METHOD_NOT_ALLOWED,
        "This address is not asked in this way.",
        "The header Allow names the methods.",
    ),
    explained(
        "stream-full",
        StatusCode::CONFLICT,
        "What this would change holds as much as it can.",
        "A stream holds 10,000 events. What gives something up (withdraw, cancel, release) still fits. Ask the operator.",
    ),
    explained("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The request is larger than 1 MiB.", "Send less."),
    explained(
        "unsupported-media-type",
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "The body has to be JSON.",
        "Send `Content-Type: application/json`, once, and a body without Content-Encoding.",
    ),
    explained(
        "text-too-long",
        StatusCode::UNPROCESSABLE_ENTITY,
        "A text is longer than its limit.",
        "`errors` names it and its limit. Nothing is cut off.",
    ),
    explained(
        "key-reused",
        StatusCode::UNPROCESSABLE_ENTITY,
        "This Idempotency-Key was used for another body.",
        "A key belongs to one command. Use a new one for a new command.",
    ),
    explained(
        "internal",
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong on our side.",
        "Tell the operator the request's id. The same wish with the same key can be sent again.",
    ),
    explained(
        "contended",
        StatusCode::SERVICE_UNAVAILABLE,
        "Too many others change the same thing now.",
        "Send it again, with the same key, after the time that Retry-After names.",
    ),
    explained(
        "overloaded",
        StatusCode::SERVICE_UNAVAILABLE,
        "Too much is being asked at once.",
        "Send it again, with the same key, after the time that Retry-After names.",
    ),
    explained(
        "timed-out",
        StatusCode::SERVICE_UNAVAILABLE,
        "This took too long. It may still happen.",
        "Send it again, with the same key: what was stored meanwhile is answered, and nothing happens twice.",
    ),
    explained(
        "log-unavailable",
        StatusCode::SERVICE_UNAVAILABLE,
        "Nothing can be written or read now.",
        "Send it again, with the same key, after the time that Retry-After names.",
    ),
];

impl Problem {
    /// A problem of the list above.
    pub(super) fn of(code: &'static str) -> Problem {
        let known = KNOWN.iter().find(|known| known.code == code);
        let status = known.and_then(|known| StatusCode::from_u16(known.status).ok());
        let title = known.map_or(Cow::Borrowed(code), |known| known.title.clone());
        Problem::new(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), code, title)
    }
}
