//! Sign-ins: callers of web pages that have a cookie in place of a token. A sign-in is kept in the views' database, so
//! that its end holds at once in every process. It is no part of the history: a lost one only has to be begun again.

mod account;
mod cookie;
mod error;
mod sign_ins;
mod store;
mod token;

pub use cookie::{CLEARED, COOKIE};
pub use error::SignInsError;
pub use sign_ins::{
    AGE, DRAFT_BYTES_MAX, DRAFTS_MAX, IDLE, NAME_CHARACTERS_MAX, PER_CALLER_MAX, SEEN_EVERY, SignInClock, SignIns,
};
