//! A log that does not answer: commands get their answers within its limits, however many wait for their streams.

mod common;

use std::time::Duration;

use command_engine::{Engine, EngineOptions, Failure};
use common::{Harness, catalogue};
use event_core::LogName;
use event_log::{Log, LogOptions};
use futures::future::join_all;
use local::{postgres::Database, silence::Silence};

const DESKS: usize = 8;
/// A read that is not answered takes 10 s. Eight of them, one after another, would take longer than this.
const ANSWERED_WITHIN: Duration = Duration::from_secs(40);

/// The trap: a read of many streams fails, and each of them is tried alone, up to the time limit of a call.
#[tokio::test(flavor = "multi_thread")]
async fn commands_whose_streams_cannot_be_read_are_answered_together() {
    let database = Database::new();
    let (url, proxy) = database.behind_proxy("server").await;
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await.expect("it opens");
    let engine = Engine::start(log.clone(), catalogue(), EngineOptions::default());
    let harness = Harness { folder: tempfile::tempdir().expect("a folder"), log, engine };
    harness.take("known", 9).await.expect("a number");

    proxy.fall_silent(Silence::BothWays);
    let desks: Vec<String> = (0..DESKS).map(|number| format!("unread-{number}")).collect();
    let all = join_all(desks.iter().map(|desk| harness.take(desk, 9)));
    let answers = tokio::time::timeout(ANSWERED_WITHIN, all).await.expect("everything is answered");
    assert!(answers.iter().all(|answer| *answer == Err(Failure::Unavailable)), "{answers:?}");
}
