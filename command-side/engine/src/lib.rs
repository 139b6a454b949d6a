//! Runs commands: find the command, read it strictly, check the gate, load the states, decide, append, answer.
//!
//! The rules are in `domain`, and durability is in `event_log`; this crate connects the two and adds the HTTP
//! interface. Nothing in it is specific to a service.

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
