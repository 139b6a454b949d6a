//! The reasons why sign-ins could not be opened, read or written.

use http_edge::{
    Problem,
    problem_catalogue::{INTERNAL, VIEW_UNAVAILABLE},
};

/// The seconds after which a caller may try again if the database cannot be read.
const RETRY_AFTER_SECONDS: u32 = 1;

#[derive(Debug, thiserror::Error)]
pub enum SignInsError {
    /// Permanent, such as a wrong address.
    #[error("{0}")]
    Unusable(String),
    /// The table or its file is missing or damaged: all sign-ins have ended.
    #[error("the sign-ins are lost: {0}")]
    Lost(#[source] sqlx::Error),
    #[error("the sign-ins could not be read or written: {0}")]
    Store(#[from] sqlx::Error),
    #[error("a sign-in could not be made: {0}")]
    Unmade(&'static str),
}

/// The cause is logged here, once, and is never sent to the caller.
impl From<SignInsError> for Problem {
    fn from(error: SignInsError) -> Problem {
        tracing::error!(%error, "a sign-in could not be read or written");
        match error {
            SignInsError::Unusable(_) | SignInsError::Lost(_) | SignInsError::Store(_) => {
                Problem::of(&VIEW_UNAVAILABLE).retry_after(RETRY_AFTER_SECONDS)
            }
            SignInsError::Unmade(_) => Problem::of(&INTERNAL),
        }
    }
}
