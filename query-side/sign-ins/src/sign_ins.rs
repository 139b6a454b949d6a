//! The life of a sign-in: begun, found with each request, ended by its owner or by time.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderValue};
use event_core::{Caller, Issuer};
use http_edge::{Problem, SignInPort, SignedIn, SignedInCallers};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{
    account::{Account, caller_hash},
    cookie,
    error::SignInsError,
    store::{self, SealedDraft, SignIn, SignInStore},
    token::SignInToken,
};

/// A sign-in ends after this time without use (issue: "ends after 30 minutes idle or 12 hours"). It may end up to
/// `SEEN_EVERY` later, and never earlier.
pub const IDLE: Duration = Duration::from_secs(30 * 60);
/// A sign-in ends after this time, whatever its use (issue: "ends after 30 minutes idle or 12 hours").
pub const AGE: Duration = Duration::from_secs(12 * 60 * 60);
/// The use of a sign-in is recorded at most once in this time.
pub const SEEN_EVERY: Duration = Duration::from_secs(60);
/// The maximum number of sign-ins of one caller. The oldest end.
pub const PER_CALLER_MAX: u32 = 20;
/// The maximum length of a display name, in characters. The rest is cut off.
pub const NAME_CHARACTERS_MAX: usize = 200;

/// The maximum number of drafts of a sign-in. The oldest are deleted.
pub const DRAFTS_MAX: u32 = 10;
/// The maximum size of a draft in bytes.
pub const DRAFT_BYTES_MAX: usize = 16 * 1024;
/// The time that a request spends on recording the use of its sign-in.
const SEEN_TIME_MAX: Duration = Duration::from_secs(1);
/// The time between two sweeps.
const SWEEP_EVERY: Duration = Duration::from_secs(5 * 60);
/// The rows of one statement of a sweep.
const SWEEP_ROWS_MAX: u32 = 1_000;
/// The statements of one sweep. The next sweep continues.
const SWEEP_STATEMENTS_MAX: usize = 100;

/// The present time. Tests set their own.
pub type SignInClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The sign-ins of an installation. Cheap to clone. Nothing is cached: what another process ends has ended here, too.
#[derive(Clone)]
pub struct SignIns {
    store: Arc<dyn SignInStore>,
    clock: SignInClock,
    /// The issuer whose callers are not signed in.
    refused: Option<Issuer>,
}

impl SignIns {
    /// Opens the sign-ins that belong to the views at `sqlite:FILE` (in the file `sign-ins.db` in the same folder, which
    /// exists) or `postgres://…` (in the table `sign_in` in the schema `views`), and creates them if they are missing.
    ///
    /// # Errors
    /// `Unusable` for another address, or if TLS fails; `Store` if the database cannot be opened.
    pub async fn open(views_url: &str) -> Result<SignIns, SignInsError> {
        SignIns::open_at(views_url, Arc::new(Timestamp::now)).await
    }

    /// `open` with a clock.
    ///
    /// # Errors
    /// As `open`.
    pub async fn open_at(views_url: &str, clock: SignInClock) -> Result<SignIns, SignInsError> {
        Ok(SignIns { store: store::open(views_url).await?, clock, refused: None })
    }

    /// Callers of this issuer are not signed in any more: an installation that was a demonstration before does not keep the
    /// sign-ins of its invented people.
    #[must_use]
    pub fn without(self, issuer: Issuer) -> SignIns {
        SignIns { refused: Some(issuer), ..self }
    }

    /// Begins a sign-in. Returns the value of `Set-Cookie` for the answer. A sign-in that the same browser already has
    /// goes on; `end` it before.
    ///
    /// # Errors
    /// If the sign-in cannot be stored. No one is left that a browser could use.
    pub async fn begin(&self, caller: &Caller, name: &str) -> Result<HeaderValue, SignInsError> {
        cookie::set(&self.begun(caller, name).await?)
    }

    /// The token of a new sign-in.
    async fn begun(&self, caller: &Caller, name: &str) -> Result<SignInToken, SignInsError> {
        let token = SignInToken::fresh()?;
        let name: String = name.chars().take(NAME_CHARACTERS_MAX).collect();
        let account = serde_json::to_string(&Account::of(caller, &name));
        let account = account.map_err(|_| SignInsError::Unmade("the caller does not become JSON"))?;
        let (caller_hash, now) = (caller_hash(caller), self.now());
        let sign_in = SignIn { token_hash: token.hash(), caller_hash, account, begun_at: now, seen_at: now };
        match self.store.insert(&sign_in, PER_CALLER_MAX).await {
            Err(SignInsError::Lost(error)) => {
                tracing::warn!(%error, "the sign-ins are lost: they are made again");
                self.store.restore().await?;
                self.store.insert(&sign_in, PER_CALLER_MAX).await?;
            }
            inserted => inserted?,
        }
        Ok(token)
    }

    /// Keeps the drafts with these names for the new sign-in, and ends the one before, which would go on without its cookie.
    async fn take_over(&self, before: &HeaderMap, token: &SignInToken, carried: &[&str]) -> Result<(), Problem> {
        for name in carried {
            if let Some(draft) = self.kept(before, name).await? {
                self.keep_with(token, name, &draft).await?;
            }
        }
        Ok(self.end(before).await?)
    }

    async fn keep_with(&self, token: &SignInToken, name: &str, draft: &str) -> Result<(), SignInsError> {
        if draft.len() > DRAFT_BYTES_MAX {
            return Err(SignInsError::Unmade("a draft is too long"));
        }
        let sealed = token.for_drafts()?.seal(name, draft)?;
        let draft = SealedDraft { token_hash: token.hash(), name: name.to_owned(), sealed, kept_at: self.now() };
        self.store.keep(&draft, DRAFTS_MAX).await
    }

    /// Ends the sign-in of the request with these headers, if it has one. The answer sets `CLEARED`, too.
    ///
    /// # Errors
    /// If it cannot be deleted: it goes on then.
    pub async fn end(&self, headers: &HeaderMap) -> Result<(), SignInsError> {
        let Some(token) = cookie::token(headers) else { return Ok(()) };
        match self.store.end(&token.hash()).await {
            Err(SignInsError::Lost(_)) => Ok(()),
            ended => ended,
        }
    }

    /// Deletes ended sign-ins every few minutes, until it is stopped. Any number of processes may do so.
    pub async fn run(&self, stop: CancellationToken) {
        let sweeping = async {
            loop {
                if let Err(error) = self.sweep().await {
                    tracing::warn!(%error, "ended sign-ins could not be deleted");
                }
                tokio::time::sleep(SWEEP_EVERY).await;
            }
        };
        stop.run_until_cancelled(sweeping).await;
    }

    /// Deletes ended sign-ins, 100,000 at most. `run` does this.
    ///
    /// # Errors
    /// If they cannot be deleted.
    pub async fn sweep(&self) -> Result<(), SignInsError> {
        // The use of a sign-in is not recorded after `AGE`, so each ended one has been idle soon after.
        let seen_until = self.now().saturating_sub(milliseconds(IDLE + SEEN_EVERY));
        for _ in 0..SWEEP_STATEMENTS_MAX {
            match self.store.sweep(seen_until, SWEEP_ROWS_MAX).await {
                Ok(deleted) if deleted < u64::from(SWEEP_ROWS_MAX) => break,
                Ok(_) => {}
                Err(SignInsError::Lost(error)) => {
                    tracing::warn!(%error, "the sign-ins are lost: they are made again");
                    return self.store.restore().await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn now(&self) -> i64 {
        (self.clock)().as_millisecond()
    }

    async fn found(&self, token: &SignInToken) -> Result<Option<SignedIn>, SignInsError> {
        let found = match self.store.find(&token.hash()).await {
            Err(SignInsError::Lost(error)) => {
                tracing::warn!(%error, "the sign-ins are lost: all of them have ended");
                return Ok(None);
            }
            found => found?,
        };
        let now = self.now();
        let Some(sign_in) = found.filter(|sign_in| now < end_of(sign_in)) else { return Ok(None) };
        let (caller, name) = match serde_json::from_str::<Account>(&sign_in.account) {
            Ok(account) => account.parts(),
            Err(_) => {
                tracing::warn!("a sign-in cannot be read: it has ended");
                return Ok(None);
            }
        };
        if self.refused.as_ref() == Some(&caller.issuer) {
            return Ok(None);
        }
        // The next use may be the last that is not recorded, so less than the time until the end is promised.
        let end = end_of(&self.used(sign_in, token, now).await).min(now.saturating_add(milliseconds(IDLE)));
        let ends_at = Timestamp::from_millisecond(end).unwrap_or(Timestamp::MAX);
        Ok(Some(SignedIn {
            caller,
            name,
            form_token: token.for_forms(),
            ends_at: event_core::Timestamp::from_jiff(ends_at),
        }))
    }

    /// Records the use of a sign-in, unless a use in the last minute is recorded. A failure costs nothing but an earlier
    /// end: the request has its answer.
    async fn used(&self, sign_in: SignIn, token: &SignInToken, now: i64) -> SignIn {
        let unless_after = now.saturating_sub(milliseconds(SEEN_EVERY));
        if sign_in.seen_at > unless_after {
            return sign_in;
        }
        let hash = token.hash();
        match tokio::time::timeout(SEEN_TIME_MAX, self.store.seen(&hash, now, unless_after)).await {
            Ok(Ok(())) => SignIn { seen_at: now, ..sign_in },
            Ok(Err(error)) => {
                tracing::warn!(%error, "the use of a sign-in could not be recorded");
                sign_in
            }
            Err(_) => {
                tracing::warn!("the use of a sign-in was not recorded in time");
                sign_in
            }
        }
    }
}

/// The time of the end. The last use can be almost `SEEN_EVERY` after the recorded one.
fn end_of(sign_in: &SignIn) -> i64 {
    let idle = sign_in.seen_at.saturating_add(milliseconds(IDLE + SEEN_EVERY));
    idle.min(sign_in.begun_at.saturating_add(milliseconds(AGE)))
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[async_trait]
impl SignedInCallers for SignIns {
    async fn find(&self, headers: &HeaderMap) -> Result<Option<SignedIn>, Problem> {
        let Some(token) = cookie::token(headers) else { return Ok(None) };
        Ok(self.found(&token).await?)
    }
}

#[async_trait]
impl SignInPort for SignIns {
    async fn begin(
        &self,
        before: &HeaderMap,
        caller: &Caller,
        name: &str,
        carried: &[&str],
    ) -> Result<HeaderValue, Problem> {
        let token = self.begun(caller, name).await?;
        if let Err(problem) = self.take_over(before, &token, carried).await {
            // Its cookie was not given out. If it cannot be deleted, it ends by itself.
            let _ = self.store.end(&token.hash()).await;
            return Err(problem);
        }
        Ok(cookie::set(&token)?)
    }

    async fn end(&self, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
        SignIns::end(self, headers).await?;
        Ok(cookie::CLEARED)
    }

    async fn keep(&self, headers: &HeaderMap, name: &str, draft: &str) -> Result<(), Problem> {
        let Some(token) = cookie::token(headers) else { return Ok(()) };
        Ok(self.keep_with(&token, name, draft).await?)
    }

    async fn kept(&self, headers: &HeaderMap, name: &str) -> Result<Option<String>, Problem> {
        let Some(token) = cookie::token(headers) else { return Ok(None) };
        let sealed = match self.store.kept(&token.hash(), name).await {
            Err(SignInsError::Lost(_)) => None,
            kept => kept?,
        };
        let key = token.for_drafts()?;
        Ok(sealed.and_then(|sealed| key.open(name, &sealed)))
    }
}
