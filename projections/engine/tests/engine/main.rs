//! The engine of the read models, on a real log and a database of its own.

mod alone;
mod disk;
mod following;
mod harness;
mod history;
mod rebuilding;
mod trouble;
mod world;
