//! The engine of the read models: it follows the log, folds events, saves rows and checkpoint in one transaction,
//! rebuilds and reads. It does not decrypt personal data and is independent of the individual read models.

mod assignment;
mod fold;
mod follow;
mod live_model;
mod model;
mod reader;
mod rebuild;
mod rebuild_watch;
mod rows;
mod scan;
mod status;
mod store;
mod views;

pub use live_model::Waited;
pub use model::{Model, Models, model, models};
pub use reader::{Read, Reader};
pub use rebuild::{ROWS_IN_MEMORY_MAX, RebuildReport};
pub use rebuild_watch::RebuildProgress;
pub use scan::{ROWS_MAX, Scan};
pub use status::{ModelState, ModelStatus};
pub use store::{SCHEMA_VERSION_POSTGRES, SCHEMA_VERSION_SQLITE};
pub use views::Views;

/// The reason for which the views could not be opened, read, followed or rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum ViewsError {
    #[error("there is no read model {0}")]
    Unknown(String),
    #[error("{0}")]
    Unusable(String),
    #[error("the read model {name} cannot go on from position {position}: {why}")]
    Stopped { name: &'static str, position: u64, why: String },
    #[error(
        "the rows of {name} have come to {position}, and a page of the log follows {page_after}: it was not folded"
    )]
    Gap { name: &'static str, position: u64, page_after: u64 },
    #[error("{name} is being rebuilt already, by {by}")]
    BeingRebuilt { name: &'static str, by: String },
    #[error("another process has taken over the read model {0}")]
    Superseded(&'static str),
    #[error("the views could not be read or written: {}", event_log::sqlite::explain(.0))]
    Store(#[from] sqlx::Error),
    #[error("{0}")]
    Log(#[from] event_log::LogError),
    #[error("a row of {name} does not decode: {cause}")]
    Row { name: &'static str, cause: serde_json::Error },
}
