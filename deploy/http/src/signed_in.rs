//! Callers of web pages. A browser sends a cookie in place of a token.

use async_trait::async_trait;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::{HeaderMap, HeaderValue};
use event_core::{Caller, Timestamp};

use crate::Problem;

/// A caller that is signed in on web pages. It has no `Debug`, because `form_token` is a secret.
#[derive(Clone)]
pub struct SignedIn {
    pub caller: Caller,
    /// The display name, for the header of a page.
    pub name: Box<str>,
    /// The token that each form of a page repeats. Another web site can make a browser send the cookie, but cannot read
    /// this.
    pub form_token: Box<str>,
    /// The time at which the sign-in ends unless it is used again: the earlier of the idle and the absolute end. Never
    /// later than the end itself.
    pub ends_at: Timestamp,
}

impl SignedIn {
    /// True if a form has sent the token of this sign-in. The time that the comparison takes says nothing about the
    /// token.
    pub fn holds(&self, given: &str) -> bool {
        verify_slices_are_equal(self.form_token.as_bytes(), given.as_bytes()).is_ok()
    }
}

/// The port by which the middleware identifies the callers of pages, which have a cookie in place of a token.
#[async_trait]
pub trait SignedInCallers: Send + Sync {
    /// The caller of the request with these headers; `None` unless they have the cookie of a sign-in that goes on.
    ///
    /// # Errors
    /// If the sign-ins cannot be read. The request is not to be served as one without a sign-in then.
    async fn find(&self, headers: &HeaderMap) -> Result<Option<SignedIn>, Problem>;
}

/// The port by which pages begin and end sign-ins.
#[async_trait]
pub trait SignInPort: SignedInCallers {
    /// Begins a sign-in of this caller in place of that of the request with these headers, which ends. The drafts with the
    /// names in `carried` go on with the new one. Returns the value of `Set-Cookie`.
    ///
    /// # Errors
    /// If it cannot be stored, or the one before cannot be ended: the one before goes on then.
    async fn begin(
        &self,
        before: &HeaderMap,
        caller: &Caller,
        name: &str,
        carried: &[&str],
    ) -> Result<HeaderValue, Problem>;

    /// Ends the sign-in of the request with these headers, if there is one. Returns the value of `Set-Cookie` that removes
    /// the cookie.
    ///
    /// # Errors
    /// If it cannot be ended: it goes on then.
    async fn end(&self, headers: &HeaderMap) -> Result<HeaderValue, Problem>;

    /// Keeps what a visitor has typed between the pages of a form, until the sign-in ends or newer drafts replace it. It is
    /// sealed with a key that only the visitor's cookie gives.
    ///
    /// # Errors
    /// If it cannot be kept.
    async fn keep(&self, headers: &HeaderMap, name: &str, draft: &str) -> Result<(), Problem>;

    /// The draft of this name; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read now.
    async fn kept(&self, headers: &HeaderMap, name: &str) -> Result<Option<String>, Problem>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_the_whole_token_or_it_is_refused() {
        let caller = Caller {
            issuer: "https://id.example".parse().expect("an issuer"),
            id: "a".into(),
            role: "member".into(),
            permissions: Vec::new(),
            organisation: None,
            level: None,
        };
        let signed_in = SignedIn { caller, name: "A".into(), form_token: "abcdef".into(), ends_at: Timestamp::EPOCH };
        assert!(signed_in.holds("abcdef"));
        for other in ["", "abcde", "abcdeg", "bbcdef", "abcdefa", "ABCDEF"] {
            assert!(!signed_in.holds(other), "{other}");
        }
    }
}
