//! The way in over HTTP: one endpoint for every command, who asks, and how a no is said. No rule, and no SQL.

mod authenticated;
mod commands;
mod json;
mod key_set;
mod known;
mod problem;
mod tokens;

use axum::http::HeaderName;

/// On the answer to a command that was decided before.
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

pub use authenticated::Authenticated;
pub use commands::{problems, router, traceparent};
pub use key_set::{RsaAlgorithm, TrustedIssuer, key_set};
pub use known::Explained;
pub use problem::{Problem, status_of};
pub use tokens::{Tokens, UnfitIssuer};
