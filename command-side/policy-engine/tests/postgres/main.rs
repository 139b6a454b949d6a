//! The same suite with logs and policies in a real PostgreSQL, and tests of processes that share them.

#[path = "../contract/harness.rs"]
mod harness;
#[path = "../contract/parcels.rs"]
mod parcels;
mod sharing;
#[path = "../contract/suite.rs"]
mod suite;
mod world;
