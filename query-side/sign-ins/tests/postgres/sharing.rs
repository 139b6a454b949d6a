//! Processes that share the sign-ins, and a database that fails.

use http_edge::SignedInCallers;
use local::silence::Silence;
use sign_ins::SignIns;
use tokio::task::JoinSet;

use crate::{
    harness::{Harness, caller, cookie, find, headers},
    world::World,
};

/// Handles that are opened at the same time.
async fn opened_at_once(world: &World, number: usize) -> Vec<SignIns> {
    let url = world.url().await;
    let opening: JoinSet<_> = (0..number)
        .map(|_| {
            let url = url.clone();
            async move { SignIns::open(&url).await }
        })
        .collect();
    opening.join_all().await.into_iter().map(|opened| opened.expect("it opens")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_the_same_time_share_one_table() {
    let world = World::default();
    let processes = opened_at_once(&world, 8).await;
    let own = cookie(&processes[0].begin(&caller("a"), "Ada").await.expect("it begins"));
    for process in &processes {
        assert!(find(process, &own).await.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_that_begin_at_the_same_time_keep_to_the_limit() {
    let world = World::default();
    let processes = opened_at_once(&world, 4).await;
    let begin = |n: usize| {
        let process = processes[n % 4].clone();
        async move { process.begin(&caller("a"), "Ada").await.map(drop) }
    };
    let begun: JoinSet<_> = (0..60).map(begin).collect();
    for begun in begun.join_all().await {
        begun.expect("it begins");
    }
    // Each keeps its own and the newest others, so together they may keep fewer.
    let kept = world.stored().await.len();
    assert!((1..=20).contains(&kept), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_schema_signs_people_out_and_is_made_again() {
    let harness = Harness::start().await;
    let own = harness.begin(&caller("a")).await;
    harness.world.run("DROP SCHEMA views CASCADE").await;
    assert!(!harness.is_there(&own).await);
    let new = harness.begin(&caller("a")).await;
    assert!(harness.is_there(&new).await);
}

/// A role that owns the schema of the views, and may not create schemas in the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_the_right_to_create_schemas_uses_the_one_of_the_views() {
    let world = World::default();
    world.url().await;
    world.0.run("CREATE SCHEMA views; GRANT ALL ON SCHEMA views TO server");
    let sign_ins = SignIns::open(&world.0.url("server").await).await.expect("it opens");
    let own = cookie(&sign_ins.begin(&caller("a"), "Ada").await.expect("it begins"));
    assert!(find(&sign_ins, &own).await.is_some());
}

/// The cookie is valid, so the answer must not be that of a request without one: a page would ask for a sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_silent_is_a_problem_and_no_sign_out() {
    let world = World::default();
    let (url, proxy) = world.0.behind_proxy("owner").await;
    let sign_ins = SignIns::open(&url).await.expect("it opens");
    let own = cookie(&sign_ins.begin(&caller("a"), "Ada").await.expect("it begins"));
    proxy.fall_silent(Silence::BothWays);
    let problem = sign_ins.find(&headers(&[&own])).await.err().expect("it is not read");
    assert_eq!((problem.status().as_u16(), problem.code()), (503, "view-unavailable"));
    assert!(sign_ins.find(&headers(&["a=b"])).await.expect("nothing is read").is_none());
}
