//! The way in over HTTP: one endpoint for every command, who asks, and how a no is said. No rule, and no SQL.

mod authenticated;
mod commands;
mod known;
mod problem;
mod tokens;

pub use authenticated::Authenticated;
pub use commands::{problems, router, traceparent};
pub use known::Explained;
pub use problem::{Problem, status_of};
pub use tokens::{Tokens, UnfitIssuer};
