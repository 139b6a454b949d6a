//! Handles on the sign-ins of one database, with a clock that a test moves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue, header};
use event_core::Caller;
use http_edge::{SignedIn, SignedInCallers};
use jiff::Timestamp;
use sign_ins::SignIns;

use crate::world::World;

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
/// The time at which each test begins, in milliseconds.
pub const START: i64 = 1_800_000_000_000;

/// A row as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    pub token_hash: Vec<u8>,
    pub caller_hash: Vec<u8>,
    pub account: String,
    pub begun_at: i64,
    pub seen_at: i64,
}

pub struct Harness {
    pub world: World,
    now: Arc<AtomicI64>,
    pub sign_ins: SignIns,
}

impl Harness {
    pub async fn start() -> Harness {
        let (world, now) = (World::default(), Arc::new(AtomicI64::new(START)));
        let sign_ins = open(&world, &now).await;
        Harness { world, now, sign_ins }
    }

    /// Another handle, as of another process or after a restart.
    pub async fn reopened(&self) -> SignIns {
        open(&self.world, &self.now).await
    }

    /// Sets the time, in milliseconds after the start.
    pub fn at(&self, milliseconds: i64) {
        self.now.store(START + milliseconds, Ordering::SeqCst);
    }

    /// Begins a sign-in; returns the cookie of later requests.
    pub async fn begin(&self, caller: &Caller) -> String {
        cookie(&self.sign_ins.begin(caller, "Ada").await.expect("it begins"))
    }

    pub async fn find(&self, cookie: &str) -> Option<SignedIn> {
        find(&self.sign_ins, cookie).await
    }

    pub async fn is_there(&self, cookie: &str) -> bool {
        self.find(cookie).await.is_some()
    }
}

async fn open(world: &World, now: &Arc<AtomicI64>) -> SignIns {
    let now = Arc::clone(now);
    let clock = move || Timestamp::from_millisecond(now.load(Ordering::SeqCst)).expect("a time");
    SignIns::open_at(&world.url().await, Arc::new(clock)).await.expect("they open")
}

pub async fn find(sign_ins: &SignIns, cookie: &str) -> Option<SignedIn> {
    sign_ins.find(&headers(&[cookie])).await.expect("they are read")
}

/// `name=value` of a `Set-Cookie`.
pub fn cookie(set: &HeaderValue) -> String {
    set.to_str().expect("ASCII").split(';').next().expect("a cookie").to_owned()
}

/// The headers of a request with these headers `Cookie`.
pub fn headers(cookies: &[&str]) -> HeaderMap {
    let values = cookies.iter().map(|cookie| HeaderValue::from_bytes(cookie.as_bytes()).expect("a value"));
    values.map(|value| (header::COOKIE, value)).collect()
}

pub fn caller(id: &str) -> Caller {
    Caller {
        issuer: "https://id.example".parse().expect("an issuer"),
        id: id.into(),
        role: "member".into(),
        permissions: vec!["read".into(), "write".into()],
        organisation: Some("A12345".parse().expect("a code")),
        level: Some("P9".into()),
    }
}

pub async fn eventually(what: impl AsyncFn() -> bool) {
    let asking = async {
        while !what().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asking).await.expect("in time");
}
