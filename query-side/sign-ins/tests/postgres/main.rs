//! The same suite with the sign-ins in a real PostgreSQL, and tests of processes that share it.

#[path = "../contract/cookies.rs"]
mod cookies;
#[path = "../contract/drafts.rs"]
mod drafts;
#[path = "../contract/harness.rs"]
mod harness;
#[path = "../contract/life.rs"]
mod life;
#[path = "../contract/loss.rs"]
mod loss;
mod sharing;
mod world;
