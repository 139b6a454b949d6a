//! What is done with a command: find it, read it strictly, check the gate, load the states, decide, append, answer.
//!
//! The rules are `domain`'s, and durability is `event_log`'s; here is the way between them, and the way in over HTTP.
//! Nothing here knows a service.

mod answer;
mod canonical;
mod catalogue;
mod command_key;
mod engine;
mod failure;
pub mod http;
mod options;
mod sequencer;
mod shape;

pub use answer::Answer;
pub use catalogue::{Catalogue, CommandEntry};
pub use engine::{Engine, Origin};
pub use failure::Failure;
pub use options::EngineOptions;
