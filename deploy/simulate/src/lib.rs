//! A national Monday: users of every kind drive a running system over HTTP, at moments that were drawn beforehand, and what they
//! were told is held against the log and the views. The README says how to run it and how to read its report.

mod activities;
mod activity;
mod arrivals;
mod bars;
mod callers;
mod connection;
mod context;
mod find_rate;
mod lags;
mod load;
mod measures;
mod mix;
mod options;
mod periods;
mod pool;
mod prepare;
mod progress;
mod report;
mod request;
mod rush;
mod session;
mod supply;
mod told;
mod town;
mod verify;
mod visit;
mod watch;

pub use callers::TokenSigner;
pub use connection::Connection;
pub use options::Simulate;
pub use session::simulate;
