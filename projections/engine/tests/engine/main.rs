//! The engine of the read models, on a real log and with its own database.

mod alone;
mod disk;
mod following;
mod harness;
mod history;
mod rebuilding;
mod trouble;
mod world;
