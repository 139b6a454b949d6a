//! Read models: which rows an event belongs to, and what becomes of them. Pure: one file a read model.

pub mod projection;

pub use projection::{Key, Keys, Projection};
