//! What is done with a command: find it, read it strictly, check the gate, load the states, decide, append, answer.
//!
//! The rules are `domain`'s, and durability is `event_log`'s; here is the way between them, and the way in over HTTP.
//! Nothing here knows a service of the platform by name, except where a person is registered: the gate asks for that.

mod canonical;
mod catalogue;
mod command_key;
mod engine;
mod failure;
mod gate;
pub mod http;
mod lane;
mod shape;

pub use catalogue::{Catalogue, Entry};
pub use engine::{Answer, Engine, EngineOptions, RequestContext};
pub use failure::{Failure, Fault};
