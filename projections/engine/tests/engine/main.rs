//! The engine of the read models, on a real log and a real database.

mod following;
mod history;
mod house;
mod rebuilding;
mod trouble;
