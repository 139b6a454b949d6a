//! A view equals the fold of its log, whether it was followed in any number of steps or rebuilt from the first event.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use event_core::{Projection, StreamName, event::Event};
use projection_engine::{ModelState, ModelStatus, RebuildProgress, Views, ViewsError, model};
use proptest::{prelude::*, test_runner::FileFailurePersistence};
use tempfile::TempDir;
use views::{DonorDecision, DonorHistory, FreeSlots, MyAppointments, PracticeDay, Practices};
use vocabulary::practices::PracticeEvent;

use crate::{
    harness::{DEADLINE, Running, Written, all_models, folded, holds_exactly, open_views, practice, reaches},
    history::{Happening, histories},
};

/// Compares every read model with the fold of the log up to `end`.
async fn all_equal_their_fold(views: &Views, written: &Written, end: u64) {
    async fn one<P: Projection>(views: &Views, written: &Written, end: u64) {
        assert_eq!(holds_exactly::<P>(views, &folded::<P>(&written.log, end).await).await, end, "{}", P::NAME);
    }
    one::<Practices>(views, written, end).await;
    one::<FreeSlots>(views, written, end).await;
    one::<MyAppointments>(views, written, end).await;
    one::<PracticeDay>(views, written, end).await;
    one::<DonorDecision>(views, written, end).await;
    one::<DonorHistory>(views, written, end).await;
}

async fn follow_then_rebuild(history: Vec<Happening>, parts: usize) {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let mut end = 0;
    for part in history.chunks(history.len() / parts + 1) {
        // Half of each part is in the log when the views start; half is appended while they follow.
        let (before, while_following) = part.split_at(part.len() / 2);
        for happening in before {
            end = happening.append(&mut written).await;
        }
        let running = Running::start(folder.path(), &written.log, all_models()).await;
        for happening in while_following {
            end = happening.append(&mut written).await;
        }
        running.caught_up(end).await;
        all_equal_their_fold(&running.views, &written, end).await;
        running.stop().await.expect("it ends well");
    }
    let views = open_views(folder.path(), &written.log, all_models()).await;
    for status in views.status() {
        views.rebuild(status.name, |_| {}).await.expect("it is rebuilt");
    }
    all_equal_their_fold(&views, &written, end).await;
    // The same with too little memory for its rows: some are written and read again in between.
    let views = views.rebuilding_in(2);
    for status in views.status() {
        views.rebuild(status.name, |_| {}).await.expect("it is rebuilt");
    }
    all_equal_their_fold(&views, &written, end).await;
    assert!(views.status().iter().all(|status| status.build == 3 && status.lag_events == 0));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    })]

    /// The traps: a rebuild that differs from the live build, and a replay that repeats side effects.
    #[test]
    fn a_view_followed_in_any_steps_and_one_rebuilt_both_equal_the_fold(history in histories(1..120), parts in 1..4_usize) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(follow_then_rebuild(history, parts));
    }
}

#[tokio::test]
async fn a_rebuild_takes_over_while_events_go_on_coming() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    for number in 0..50 {
        written.open_practice(number).await;
    }
    let (rebuilt, end) = tokio::join!(running.views.rebuild("practices", |_| {}), async {
        let mut end = 0;
        for number in 50..150 {
            end = written.open_practice(number).await;
        }
        end
    });
    assert!(rebuilt.expect("it is rebuilt").events >= 50);
    reaches::<Practices>(&running.views, end).await;
    let expected = folded::<Practices>(&written.log, end).await;
    assert_eq!((holds_exactly::<Practices>(&running.views, &expected).await, expected.len()), (end, 150));
    running.stop().await.expect("it ends well");
}

/// The bug: a page of large events ended early because of its size, and the rest of its range was never folded.
#[tokio::test]
async fn a_rebuild_from_large_events_leaves_nothing_out() {
    const EVENTS: usize = 420;
    /// The number of events of one range. Their total size exceeds the limit of a page.
    const RANGE: usize = 200;
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let mut end = 0;
    for number in 1..=EVENTS {
        end = written.open_large_practice(number, 100 * 1024).await;
    }
    let views = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await.rebuilding_in(RANGE);
    views.rebuild("practices", |_| {}).await.expect("it is rebuilt");
    let expected = folded::<Practices>(&written.log, end).await;
    assert_eq!((holds_exactly::<Practices>(&views, &expected).await, expected.len()), (end, EVENTS));
}

#[tokio::test]
async fn queries_are_answered_while_a_rebuild_runs_and_when_it_takes_over() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    for number in 0..20 {
        written.open_practice(number).await;
    }
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    reaches::<Practices>(&running.views, 20).await;
    let reading = tokio::spawn({
        let reader = running.views.reader::<Practices>();
        async move {
            for number in (0..20).cycle().take(400) {
                let row = reader.row(&Practices::key(&practice(number))).await.expect("it is answered");
                assert_eq!((row.value.is_some(), row.position), (true, 20));
            }
        }
    });
    let mut rebuilds = 0;
    while !reading.is_finished() {
        running.views.rebuild("practices", |_| {}).await.expect("it is rebuilt");
        rebuilds += 1;
    }
    reading.await.expect("every row was there");
    assert!(rebuilds > 0);
    running.stop().await.expect("it ends well");
}

#[tokio::test]
async fn a_rebuild_tells_how_far_it_is_and_what_it_did() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    for number in 0..30 {
        written.open_practice(number).await;
    }
    let views = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let told: Arc<Mutex<Vec<RebuildProgress>>> = Arc::default();
    let steps = Arc::clone(&told);
    let report = views.rebuild("practices", move |step| steps.lock().expect("whole").push(step)).await;
    assert_eq!(report.expect("it is rebuilt").events, 30);
    let last = told.lock().expect("whole").last().copied().expect("a step");
    assert_eq!((last.events_done, last.events_total), (30, 30));
}

/// The bug: after a rebuild the lag was counted from 1970 until the next event.
#[tokio::test]
async fn the_lag_after_a_rebuild_is_counted_from_the_last_event_in_the_rows() {
    const HOUR_MS: u64 = 3_600_000;
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    written.open_practice(1).await;
    let views = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    views.rebuild("practices", |_| {}).await.expect("it is rebuilt");
    written.open_practice(2).await;
    let again = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    for views in [&views, &again] {
        let status = views.status().remove(0);
        assert_eq!((status.build, status.live_build, status.position, status.lag_events), (2, true, 1, 1));
        assert!(status.lag_ms.is_some_and(|lag_ms| lag_ms < HOUR_MS), "{status:?}");
    }
}

#[tokio::test]
async fn a_rebuild_that_is_interrupted_leaves_the_live_rows_and_the_next_one_works() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let end = written.open_practice(1).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    reaches::<Practices>(&running.views, end).await;
    {
        // It is dropped at its first step, as when a process ends in the middle.
        let rebuild = running.views.rebuild("practices", |_| {});
        assert!(futures::FutureExt::now_or_never(rebuild).is_none());
    }
    running.stop().await.expect("it ends well");
    let views = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    holds_exactly::<Practices>(&views, &folded::<Practices>(&written.log, end).await).await;
    // The first step may have taken the lease, which then ends by itself.
    let began = Instant::now();
    let rebuilt = loop {
        match views.rebuild("practices", |_| {}).await {
            Err(ViewsError::BeingRebuilt { .. }) if began.elapsed() < DEADLINE => {}
            rebuilt => break rebuilt,
        }
    };
    rebuilt.expect("it is rebuilt");
    holds_exactly::<Practices>(&views, &folded::<Practices>(&written.log, end).await).await;
}

#[tokio::test]
async fn a_rebuild_that_was_given_up_can_be_started_again_in_the_same_process() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    written.open_practice(1).await;
    let views = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    assert!(futures::FutureExt::now_or_never(views.rebuild("practices", |_| {})).is_none());
    views.rebuild("practices", |_| {}).await.expect("it is rebuilt");
}

#[tokio::test]
async fn what_is_not_known_is_not_rebuilt() {
    let folder = TempDir::new().expect("a folder");
    let written = Written::open(folder.path()).await;
    let views = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let refused = views.rebuild("free_slots", |_| {}).await;
    assert!(matches!(refused, Err(ViewsError::Unknown(_))), "{refused:?}");
}

/// Views that were written by commit 8c949e3 are opened and continue where they ended.
#[tokio::test]
async fn views_of_an_earlier_version_go_on() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let end = written.open_practice(1).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    reaches::<Practices>(&running.views, end).await;
    running.stop().await.expect("it ends well");
    crate::world::as_8c949e3_wrote_them(folder.path()).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let end = written.open_practice(2).await;
    reaches::<Practices>(&running.views, end).await;
    assert_eq!(running.views.rebuild("practices", |_| {}).await.expect("it is rebuilt").build, 2);
    let end = written.open_practice(3).await;
    reaches::<Practices>(&running.views, end).await;
    let expected = folded::<Practices>(&written.log, end).await;
    assert_eq!((holds_exactly::<Practices>(&running.views, &expected).await, expected.len()), (end, 3));
    running.stop().await.expect("it ends well");
}

#[tokio::test]
async fn the_status_has_the_progress_of_a_rebuild_while_it_runs() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    for number in 0..30 {
        written.open_practice(number).await;
    }
    let views = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let seen: Arc<Mutex<Vec<(ModelStatus, RebuildProgress)>>> = Arc::default();
    let report = views.rebuild("practices", {
        let (views, seen) = (views.clone(), Arc::clone(&seen));
        move |step| seen.lock().expect("whole").push((views.status().remove(0), step))
    });
    report.await.expect("it is rebuilt");
    let (during, step) = seen.lock().expect("whole").last().cloned().expect("a step");
    assert_eq!((during.state, during.rebuild), (ModelState::Rebuilding, Some(step)));
    let after = views.status().remove(0);
    assert_eq!((after.rebuild, after.rebuild_failed), (None, None));
    assert_ne!(after.state, ModelState::Rebuilding);
}

#[tokio::test]
async fn the_status_has_the_reason_why_a_rebuild_failed_until_the_next_one() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let end = written.open_practice(1).await;
    let views = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let name = StreamName::of(PracticeEvent::CATEGORY, practice(2));
    written.append_raw(name, "practice.never-heard-of.v1", b"{}".to_vec()).await;
    views.rebuild("practices", |_| {}).await.expect_err("it stops at a kind that it does not know");
    let failed = views.status().remove(0);
    assert!(failed.rebuild_failed.as_ref().is_some_and(|why| why.contains(&(end + 1).to_string())), "{failed:?}");
    assert_eq!((failed.build, failed.rebuild), (1, None));
    let again = views.rebuild("practices", {
        let views = views.clone();
        move |_| assert_eq!(views.status().remove(0).rebuild_failed, None)
    });
    again.await.expect_err("it stops again");
    assert!(views.status().remove(0).rebuild_failed.is_some());
}
