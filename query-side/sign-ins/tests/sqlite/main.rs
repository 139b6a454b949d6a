//! The suite with the sign-ins in SQLite, and tests of their file.

#[path = "../contract/cookies.rs"]
mod cookies;
#[path = "../contract/drafts.rs"]
mod drafts;
mod file;
#[path = "../contract/harness.rs"]
mod harness;
#[path = "../contract/life.rs"]
mod life;
#[path = "../contract/loss.rs"]
mod loss;
mod world;
