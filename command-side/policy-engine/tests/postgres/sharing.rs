//! Several processes with the same policies.

use crate::{
    harness::{Process, clock},
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn one_process_runs_a_policy_and_another_takes_over_from_one_that_is_killed() {
    let world = World::default();
    let first = Process::start(&world, clock::<20>).await.owns().await;
    let second = Process::start(&world, clock::<20>).await;
    first.send("p-1", clock::<20>().plus_days(1)).await;
    first.at_rest_with(1).await;
    second.until("it stands by", |status| !status.is_following() && status.waiting == 1).await;
    first.kill().await;
    let second = second.owns().await;
    second.send("p-2", clock::<20>().plus_days(1)).await;
    second.at_rest_with(2).await;
    assert_eq!([second.notes("p-1").await, second.notes("p-2").await], [1, 1]);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_gives_its_policies_over_at_once() {
    let world = World::default();
    let first = Process::start(&world, clock::<21>).await.owns().await;
    let second = Process::start(&world, clock::<21>).await;
    first.stop().await;
    second.owns().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_tables_a_server_says_how_they_are_made() {
    let database = local::postgres::Database::new();
    let url = database.url("server").await;
    database.run("DROP SCHEMA policies CASCADE");
    let log =
        event_log::Log::open(&url, event_core::LogName::Care, event_log::LogOptions::default()).await.expect("opens");
    let engine = command_engine::Engine::start(
        log.clone(),
        command_engine::Catalogue::of(crate::parcels::commands),
        command_engine::EngineOptions::default(),
    );
    let options = policy_engine::PolicyOptions {
        engine,
        feeds: std::sync::Arc::new(log.clone()),
        owner: "one".into(),
        clock: clock::<22>,
        keys: std::sync::Arc::new(event_core::personal::Unsealed),
        receiver: std::sync::Arc::new(crate::harness::Receipts::default()),
    };
    let opened = policy_engine::Policies::open(&url, log, &[], vec![], options).await;
    let why = opened.err().expect("it is refused").to_string();
    assert!(why.contains("frontdoor migrate"), "{why}");
}
