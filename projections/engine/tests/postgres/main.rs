//! The same suite with the views in a real PostgreSQL, and what holds where several processes share them.

#[path = "../engine/following.rs"]
mod following;
#[path = "../engine/history.rs"]
mod history;
#[path = "../engine/house.rs"]
mod house;
mod rebuilders;
#[path = "../engine/rebuilding.rs"]
mod rebuilding;
mod sharing;
mod silence;
#[path = "../engine/trouble.rs"]
mod trouble;
mod world;
