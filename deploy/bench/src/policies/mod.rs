//! Policies: the rate at which they follow a log, their cost for commands, and the cost of their timers.

mod following;
mod running;
mod timers;

pub use following::policies;
pub use timers::timers;
