//! What is done with a command: find it, read it strictly, check the gate, load the states, decide, append, answer.
//!
//! The rules are `domain`'s, and durability is `event_log`'s; here is the way between them, and the way in over HTTP.
//! Nothing here knows a service.

mod canonical;
mod catalogue;
mod command_key;
mod engine;
mod failure;
pub mod http;
mod sequencer;
mod shape;

pub use catalogue::{Catalogue, Entry};
pub use engine::{Answer, Engine, EngineOptions, Origin};
pub use failure::Failure;
