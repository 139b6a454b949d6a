//! The HTTP edge, between the network and the routes of commands and queries. It accepts connections within limits,
//! verifies tokens, gives each request an id and a trace context, and answers every error with a problem (RFC 9457), or
//! with a page if the client prefers HTML. It does not depend on any route or service.

mod authenticated;
mod commands;
pub mod error_page;
mod fault;
mod gate;
mod json;
mod key_set;
pub mod listener;
pub mod middleware;
mod negotiation;
mod problem;
pub mod problem_catalogue;
mod problem_routes;
mod shares;
mod signed_in;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tokens;
pub mod trace;

use axum::http::HeaderName;

pub use authenticated::Authenticated;
pub use commands::{CommandGranted, Commands, PageCommand};
pub use error_page::{ErrorLayout, ErrorPage};
pub use fault::Fault;
pub use gate::Gate;
pub use key_set::{RsaAlgorithm, TrustedIssuer, key_set};
pub use problem::Problem;
pub use problem_catalogue::{ProblemType, status_of};
pub use problem_routes::problem_routes;
pub use signed_in::{SignInPort, SignedIn, SignedInCallers};
pub use tokens::{Tokens, UnfitIssuer};

/// Set on the answer to a command that was decided before.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
