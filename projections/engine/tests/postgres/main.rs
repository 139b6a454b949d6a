//! The same suite with the views in a real PostgreSQL, and tests of views that several processes share.

#[path = "../engine/following.rs"]
mod following;
#[path = "../engine/harness.rs"]
mod harness;
#[path = "../engine/history.rs"]
mod history;
mod rebuilders;
#[path = "../engine/rebuilding.rs"]
mod rebuilding;
mod sharing;
mod silence;
#[path = "../engine/trouble.rs"]
mod trouble;
mod world;
