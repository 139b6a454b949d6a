//! The public catalogue of problems: the meaning and the remedy of each code. Problems other than the rejections of the
//! services are defined here only; `GET /problems` lists both.

use axum::http::StatusCode;
use event_core::{Class, Rejection};
use serde::{Serialize, Serializer};

/// A kind of problem, as `/problems/<code>` explains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ProblemType {
    /// In kebab-case and unique. It never changes.
    pub code: &'static str,
    #[serde(serialize_with = "as_number")]
    pub status: StatusCode,
    pub title: &'static str,
    /// The remedy.
    pub advice: &'static str,
}

fn as_number<S: Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl From<&'static Rejection> for ProblemType {
    fn from(rejection: &'static Rejection) -> ProblemType {
        let Rejection { code, class, title, advice } = *rejection;
        ProblemType { code, status: status_of(class), title, advice }
    }
}

/// The status of a rejection of this class.
pub const fn status_of(class: Class) -> StatusCode {
    match class {
        Class::NotFound => StatusCode::NOT_FOUND,
        Class::Conflict => StatusCode::CONFLICT,
        Class::Gone => StatusCode::GONE,
        Class::Precondition => StatusCode::PRECONDITION_FAILED,
        Class::NotYours => StatusCode::FORBIDDEN,
        Class::Rule => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// Defines the constants and the list of all of them.
macro_rules! catalogue {
    ($($name:ident = $code:literal, $status:ident, $title:literal, $advice:literal;)+) => {
        $(
            pub const $name: ProblemType =
                ProblemType { code: $code, status: StatusCode::$status, title: $title, advice: $advice };
        )+

        /// All of them, by status.
        pub const CATALOGUE: &[ProblemType] = &[$($name),+];
    };
}

catalogue! {
    MALFORMED = "malformed", BAD_REQUEST,
        "Malformed request",
        "See `errors`: each entry gives the location of a fault as a JSON pointer. GET /commands returns the schema of every command.";
    IDEMPOTENCY_KEY = "idempotency-key", BAD_REQUEST,
        "Missing or invalid Idempotency-Key",
        "Send 16 to 128 visible ASCII characters: a new random key with each new command, and the same key when you repeat it.";
    MALFORMED_HEADER = "malformed-header", BAD_REQUEST,
        "Malformed header",
        "Correlation-Id must be a UUID.";
    UNAUTHENTICATED = "unauthenticated", UNAUTHORIZED,
        "Valid token required",
        "Send `Authorization: Bearer <token>` with an unexpired token of an issuer that this installation trusts.";
    NOT_YOURS = "not-yours", FORBIDDEN,
        "Not permitted, or does not exist",
        "Callers see and change what is theirs, and what their role and permissions allow.";
    IDENTITY_TOO_LOW = "identity-too-low", FORBIDDEN,
        "Identity level too low",
        "The person has to prove their identity to the level in `level`. Repeat the request with the new token.";
    NOT_FOR_PAGES = "not-for-pages", FORBIDDEN,
        "Not available to web pages",
        "This address is for `frontdoor projections`, `frontdoor rebuild` and the metrics collector.";
    FOREIGN_FORM = "foreign-form", FORBIDDEN,
        "This form does not come from a page of this service, or your sign-in has changed since",
        "Open the page again and send it once more.";
    UNKNOWN_COMMAND = "unknown-command", NOT_FOUND,
        "Unknown command",
        "GET /commands lists the commands.";
    NOT_FOUND = "not-found", NOT_FOUND,
        "Not found",
        "See /docs.";
    METHOD_NOT_ALLOWED = "method-not-allowed", METHOD_NOT_ALLOWED,
        "Method not allowed",
        "The Allow header lists the methods.";
    REQUEST_TIMEOUT = "request-timeout", REQUEST_TIMEOUT,
        "Request received too slowly",
        "The request was not processed. The head must arrive within 30 seconds, the body within 5 seconds plus its size at 64 KiB/s.";
    STREAM_FULL = "stream-full", CONFLICT,
        "Stream full",
        "A stream holds 10,000 events. Commands that give something up (withdraw, cancel, release) still fit. Contact the operator.";
    TOO_LARGE = "too-large", PAYLOAD_TOO_LARGE,
        "Request body larger than 1 MiB",
        "Send a smaller body.";
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE,
        "Request body must be JSON",
        "Send exactly one `Content-Type: application/json` header, and no Content-Encoding.";
    TEXT_TOO_LONG = "text-too-long", UNPROCESSABLE_ENTITY,
        "Text too long",
        "`errors` names the text and its limit. Texts are never truncated.";
    KEY_REUSED = "key-reused", UNPROCESSABLE_ENTITY,
        "Idempotency-Key already used for a different body",
        "A key identifies one command. Use a new key for a new command.";
    TOO_MANY_REQUESTS = "too-many-requests", TOO_MANY_REQUESTS,
        "Too many concurrent requests from this caller",
        "Wait for responses before you send more. Each caller has a share (`--requests-per-caller-max`), and so has each address without a valid token.";
    INTERNAL = "internal", INTERNAL_SERVER_ERROR,
        "Internal server error",
        "Report the X-Request-Id to the operator. A command can be repeated with the same Idempotency-Key.";
    CONTENDED = "contended", SERVICE_UNAVAILABLE,
        "Too many concurrent changes to the same data",
        "Repeat the command with the same key after the time in Retry-After.";
    OVERLOADED = "overloaded", SERVICE_UNAVAILABLE,
        "Server overloaded",
        "Repeat the request, a command with the same key, after the time in Retry-After.";
    TIMED_OUT = "timed-out", SERVICE_UNAVAILABLE,
        "Request timed out",
        "A command may still be carried out. Repeat it with the same key after the time in Retry-After: nothing happens twice.";
    LOG_UNAVAILABLE = "log-unavailable", SERVICE_UNAVAILABLE,
        "Event log unavailable",
        "Repeat the command with the same key after the time in Retry-After.";
    NOT_READY = "not-ready", SERVICE_UNAVAILABLE,
        "Process not ready",
        "`detail` gives the reason. Send requests to another process.";
    VIEW_UNAVAILABLE = "view-unavailable", SERVICE_UNAVAILABLE,
        "View unavailable",
        "Repeat the request after the time in Retry-After.";
    VIEW_BEHIND = "view-behind", GATEWAY_TIMEOUT,
        "View has not reached the requested position in time",
        "Repeat the request, or send it without `strict`: then the response says that it is stale.";
}
