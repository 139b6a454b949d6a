//! Policies beside logs in SQLite.

#[path = "../contract/harness.rs"]
mod harness;
#[path = "../contract/parcels.rs"]
mod parcels;
#[path = "../contract/suite.rs"]
mod suite;
mod world;

use event_core::LogName;
use harness::{Process, clock};
use policy_engine::PolicyState;
use world::World;

/// The folder got another log while the policies' file stayed: commands that were due in one history are not given in
/// another one.
#[tokio::test(flavor = "multi_thread")]
async fn policies_of_another_log_stop_and_say_so() {
    let world = World::default();
    let process = Process::start(&world, clock::<15>).await.owns().await;
    process.send("p", clock::<15>().plus_days(1)).await;
    process.at_rest_with(1).await;
    process.stop().await;
    let url = world.url().await;
    let folder = std::path::Path::new(url.trim_start_matches("sqlite:"));
    for ending in ["db", "db-wal", "db-shm"] {
        drop(std::fs::remove_file(folder.join(format!("{}.{ending}", LogName::Care))));
    }
    let process = Process::start(&world, clock::<15>).await;
    process
        .until("it stops", |status| {
            matches!(&status.state, PolicyState::Stopped { why, .. } if why.contains("belongs to another log"))
        })
        .await;
    process.stop().await;
}
