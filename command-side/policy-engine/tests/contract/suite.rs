//! The guarantees of policies, for each store.

use std::{collections::BTreeSet, sync::atomic::Ordering};

use command_engine::Failure;
use event_core::Actor;
use policy_engine::{DeliveryFault, PolicyHold, PolicyState, PolicyStatus};

use crate::{
    harness::{Process, clock, set_clock},
    parcels::{ANNOUNCED, BROKEN, CUSTOMS, HELD_BACK, IS_BROKEN, NoteParcel, REFUSED, UNKNOWN},
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_has_its_commands_once_and_the_caller_is_the_policy() {
    let world = World::default();
    let process = Process::start(&world, clock::<0>).await.owns().await;
    for n in 0..50 {
        process.send(&format!("p-{n}"), clock::<0>().plus_days(1)).await;
    }
    process.at_rest_with(50).await;
    for n in 0..50 {
        assert_eq!(process.notes(&format!("p-{n}")).await, 1);
    }
    let events = process.events().await;
    let sent = events.iter().find(|event| event.kind == "parcel.sent.v1").expect("sent");
    let of = |event: &&event_core::Raw| event.kind == "parcel.noted.v1" && event.stream == sent.stream;
    let noted = events.iter().find(of).expect("noted");
    let actor: Actor = serde_json::from_str(&noted.actor).expect("an actor");
    assert_eq!((&*actor.id, &*actor.role), ("system:notes", "system"));
    assert_eq!((noted.causation, noted.correlation), (Some(sent.id), sent.correlation));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_policies_give_commands_of_policies() {
    let world = World::default();
    let process = Process::idle(&world, clock::<1>).await;
    let refused = process.give(&NoteParcel { parcel: "p".into() }).await.expect_err("it is for policies");
    assert!(matches!(refused, Failure::Denied(_)), "{refused:?}");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_policy_begins_at_the_end_of_the_log_and_an_old_one_goes_on_from_its_checkpoint() {
    let world = World::default();
    let process = Process::idle(&world, clock::<2>).await;
    process.send("before", clock::<2>()).await;
    process.stop().await;
    let process = Process::start(&world, clock::<2>).await.owns().await;
    process.send("first", clock::<2>().plus_days(1)).await;
    process.at_rest_with(1).await;
    process.stop().await;
    let process = Process::idle(&world, clock::<2>).await;
    process.send("meanwhile", clock::<2>().plus_days(1)).await;
    process.stop().await;
    let process = Process::start(&world, clock::<2>).await.owns().await;
    process.at_rest_with(2).await;
    let notes = [process.notes("before").await, process.notes("first").await, process.notes("meanwhile").await];
    assert_eq!(notes, [0, 1, 1]);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_is_due_by_the_clock_and_its_command_decides_again() {
    let world = World::default();
    let process = Process::start(&world, clock::<3>).await.owns().await;
    let began = clock::<3>();
    for parcel in ["kept", "lost"] {
        process.send(parcel, began.plus_minutes(60)).await;
    }
    process.receive("kept").await;
    process.at_rest_with(2).await;
    set_clock::<3>(began.plus_minutes(59));
    process.send("marker", began.plus_days(9)).await;
    process.at_rest_with(3).await;
    assert_eq!(process.reminders("lost").await, 0);
    set_clock::<3>(began.plus_minutes(60));
    process.at_rest_with(1).await;
    assert_eq!([process.reminders("lost").await, process.reminders("kept").await], [1, 0]);
    // A clock that goes back and passes the time again changes nothing.
    set_clock::<3>(began);
    process.send("marker", began.plus_days(9)).await;
    process.at_rest_with(2).await;
    set_clock::<3>(began.plus_minutes(61));
    process.send("marker", began.plus_days(9)).await;
    process.at_rest_with(3).await;
    assert_eq!([process.reminders("lost").await, process.reminders("kept").await], [1, 0]);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_survives_the_process_and_is_due_if_its_time_passed_meanwhile() {
    let world = World::default();
    let process = Process::start(&world, clock::<4>).await.owns().await;
    process.send("p", clock::<4>().plus_minutes(60)).await;
    process.at_rest_with(1).await;
    process.stop().await;
    set_clock::<4>(clock::<4>().plus_days(2));
    let process = Process::start(&world, clock::<4>).await.owns().await;
    process.at_rest_with(0).await;
    assert_eq!(process.reminders("p").await, 1);
    process.stop().await;
}

/// More than one turn releases.
#[tokio::test(flavor = "multi_thread")]
async fn commands_that_wait_for_a_name_follow_once_when_an_event_releases_it() {
    const PARCELS: usize = 1_100;
    let world = World::default();
    let process = Process::start(&world, clock::<12>).await.owns().await;
    let noted = async |process: &Process| {
        let events = process.events().await;
        let noted = events.iter().filter(|event| event.kind == "parcel.noted.v1");
        noted.map(|event| event.stream.to_string()).collect::<Vec<_>>()
    };
    for n in 0..PARCELS {
        process.send(&format!("{HELD_BACK}{n}"), clock::<12>()).await;
    }
    process.receive("another").await;
    // None of them is late, or due by the clock.
    set_clock::<12>(clock::<12>().plus_days(9));
    process.at_rest_with(0).await;
    assert_eq!(noted(&process).await, Vec::<String>::new());
    process.stop().await;
    let process = Process::start(&world, clock::<12>).await.owns().await;
    process.receive(CUSTOMS).await;
    process.send(&format!("{HELD_BACK}later"), clock::<12>()).await;
    process.at_rest_with(0).await;
    let all = noted(&process).await;
    let once: BTreeSet<&String> = all.iter().collect();
    assert_eq!((all.len(), once.len()), (PARCELS, PARCELS));
    assert_eq!(process.notes(&format!("{HELD_BACK}later")).await, 0, "its event came after the release");
    process.receive(CUSTOMS).await;
    process.at_rest_with(0).await;
    assert_eq!(process.notes(&format!("{HELD_BACK}later")).await, 1);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_a_rule_refuses_is_recorded_and_is_no_fault() {
    let world = World::default();
    let process = Process::start(&world, clock::<5>).await.owns().await;
    let parcel = format!("{REFUSED}1");
    process.send(&parcel, clock::<5>().plus_days(1)).await;
    process.send("p", clock::<5>().plus_days(1)).await;
    process.at_rest_with(2).await;
    let held = process.policies.held("notes", PolicyHold::Refused).await.expect("listed");
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].command.as_str(), held[0].why.as_str(), held[0].id.place), ("note-parcel", "not-noted", 0));
    assert_eq!(process.notes("p").await, 1);
    assert_eq!(process.policies.held("notes", PolicyHold::Parked).await.expect("listed"), []);
    // It is forgotten after 30 days.
    set_clock::<5>(clock::<5>().plus_days(31));
    process.at_rest_with(0).await;
    process.until("it is swept", |status| status.waiting == 0).await;
    for _ in 0..2 {
        process.send("marker", clock::<5>()).await;
        process.at_rest_with(0).await;
    }
    assert_eq!(process.policies.held("notes", PolicyHold::Refused).await.expect("listed"), []);
    process.stop().await;
}

/// One test, because the fault is the same for all tests of this process.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_command_is_tried_again_then_parked_and_an_operator_retries_or_discards_it() {
    let world = World::default();
    let process = Process::start(&world, clock::<6>).await.owns().await;
    let parcels = [format!("{BROKEN}1"), format!("{BROKEN}2")];
    for parcel in &parcels {
        process.send(parcel, clock::<6>().plus_days(9)).await;
    }
    // Others go on.
    process.send("p", clock::<6>().plus_days(9)).await;
    process.until("the good one is done", |status| status.waiting == 5).await;
    // Each step of the clock is longer than the longest pause.
    let mut steps = 0;
    while process.policies.held("notes", PolicyHold::Parked).await.expect("listed").len() < 2 {
        steps += 1;
        assert!(steps < 1_000, "it is never parked");
        set_clock::<6>(clock::<6>().plus_minutes(11));
        process.until("it was tried", |status| status.next_at.is_none_or(|next| next > clock::<6>())).await;
    }
    assert_eq!(process.notes("p").await, 1);
    let held = process.policies.held("notes", PolicyHold::Parked).await.expect("listed");
    assert_eq!(held.iter().map(|held| held.attempts).collect::<Vec<_>>(), [10, 10]);
    process.until("the parked ones are counted", |status| status.parked == 2 && status.waiting == 3).await;

    let discarded = process.policies.discard("notes", Some(held[0].id), "a duplicate of another parcel").await;
    assert_eq!(discarded.expect("discarded"), 1);
    let gone = process.policies.held("notes", PolicyHold::Discarded).await.expect("listed");
    assert_eq!((gone.len(), gone[0].why.as_str()), (1, "a duplicate of another parcel"));
    IS_BROKEN.store(false, Ordering::SeqCst);
    assert_eq!(process.policies.retry("notes", None).await.expect("given back"), 1);
    process.until("it is done", |status| status.parked == 0 && status.waiting == 3).await;
    assert_eq!([process.notes(&parcels[0]).await, process.notes(&parcels[1]).await], [0, 1]);
    process.policies.retry("no-such", None).await.expect_err("it is unknown");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_stops_at_an_event_that_it_cannot_react_to_after_the_events_before_it() {
    let world = World::default();
    let process = Process::start(&world, clock::<7>).await.owns().await;
    process.send("p", clock::<7>()).await;
    process.at_rest_with(0).await;
    process.send(UNKNOWN, clock::<7>()).await;
    let end = process.log.end();
    process.until("it stops", |status| matches!(&status.state, PolicyState::Stopped { stopped_at, why } if *stopped_at == end && why == "the policy panicked")).await;
    assert_eq!(process.notes("p").await, 1);
    process.stop().await;
}

/// The process is killed again and again at arbitrary moments: between event, command, timer and checkpoint.
#[tokio::test(flavor = "multi_thread")]
async fn whenever_the_process_is_killed_each_thing_is_done_once() {
    const KILLS: usize = 30;
    const PARCELS: usize = 40;
    let world = World::default();
    // Its policy begins before the first event.
    Process::start_as(&world, clock::<8>, "one").await.owns().await.stop().await;
    for kill in 0..KILLS {
        let process = Process::start_as(&world, clock::<8>, "one").await;
        for n in 0..PARCELS {
            process.send(&format!("p-{kill}-{n}"), clock::<8>()).await;
            if n % KILLS == kill {
                tokio::task::yield_now().await;
            }
        }
        process.kill().await;
    }
    let process = Process::start_as(&world, clock::<8>, "one").await.owns().await;
    process.at_rest_with(0).await;
    let events = process.log.read(0, 5_000).await.expect("read");
    let count = |kind: &str| events.iter().filter(|event| event.kind == kind).count();
    assert_eq!(count("parcel.sent.v1"), KILLS * PARCELS);
    assert_eq!((count("parcel.noted.v1"), count("parcel.reminded.v1")), (KILLS * PARCELS, KILLS * PARCELS));
    process.stop().await;
}

/// Waits until this many deliveries were sent.
async fn until_sent(process: &Process, world: &World, count: usize) {
    let receipts = world.receipts();
    process
        .until_of("announcements", "they were sent", |_| receipts.got.lock().expect("not poisoned").len() == count)
        .await;
}

/// Waits until no delivery is due.
async fn until_settled<const N: usize>(process: &Process) {
    let is_done = |status: &PolicyStatus| status.next_at.is_none_or(|at| at > clock::<N>());
    process.until_of("announcements", "no delivery is due", is_done).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_sent_until_the_receiver_has_it_and_its_contents_are_not_stored() {
    let world = World::default();
    let process = Process::start(&world, clock::<9>).await.owns().await;
    process.until_of("announcements", "it runs the gateway", PolicyStatus::is_following).await;
    let away = DeliveryFault::Away("no answer".into());
    let failed = DeliveryFault::Failed("the receiver answered 400".into());
    *world.receipts().faults.lock().expect("not poisoned") = vec![failed, away];
    let parcel = format!("{ANNOUNCED}1");
    process.send(&parcel, clock::<9>().plus_days(9)).await;
    for count in 1..=3 {
        until_sent(&process, &world, count).await;
        until_settled::<9>(&process).await;
        set_clock::<9>(clock::<9>().plus_minutes(1));
    }
    process.until_of("announcements", "it is done", |status| status.waiting == 0).await;
    let got = world.receipts().got.lock().expect("not poisoned").clone();
    let contents = serde_json::json!({"parcel": parcel});
    assert!(got.iter().all(|(id, sent)| *id == got[0].0 && *sent == contents), "{got:?}");
    let delivered = process.policies.held("announcements", PolicyHold::Delivered).await.expect("listed");
    assert_eq!(delivered.iter().map(|held| held.id.to_string()).collect::<Vec<_>>(), [got[0].0.clone()]);
    // The command that records it was given once, beside that of the policy.
    process.at_rest_with(1).await;
    assert_eq!(process.notes(&parcel).await, 2);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_never_succeeds_is_parked_and_one_that_is_not_needed_any_more_is_not_sent() {
    let world = World::default();
    let process = Process::start(&world, clock::<10>).await.owns().await;
    process.until_of("announcements", "it runs the gateway", PolicyStatus::is_following).await;
    let failed = || DeliveryFault::Failed("the receiver answered 400".into());
    *world.receipts().faults.lock().expect("not poisoned") = (0..10).map(|_| failed()).collect();
    process.send(&format!("{ANNOUNCED}1"), clock::<10>().plus_days(9)).await;
    for count in 1..=10 {
        until_sent(&process, &world, count).await;
        until_settled::<10>(&process).await;
        set_clock::<10>(clock::<10>().plus_minutes(11));
    }
    process.until_of("announcements", "it is parked", |status| status.parked == 1).await;
    // It was received before it is given again: there is nothing to announce.
    process.receive(&format!("{ANNOUNCED}1")).await;
    assert_eq!(process.policies.retry("announcements", None).await.expect("given back"), 1);
    process.until_of("announcements", "it is done", |status| status.waiting == 0 && status.parked == 0).await;
    assert_eq!(world.receipts().got.lock().expect("not poisoned").len(), 10);
    let refused = process.policies.held("announcements", PolicyHold::Refused).await.expect("listed");
    assert_eq!(refused[0].why, "there is nothing to send any more");
    process.stop().await;
}

/// The receiver is gone: after some deliveries the others are not even tried, and none is parked.
#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_away_is_left_alone_for_a_while() {
    const PARCELS: u64 = 100;
    let world = World::default();
    let process = Process::start(&world, clock::<11>).await.owns().await;
    process.until_of("announcements", "it runs the gateway", PolicyStatus::is_following).await;
    let away = || DeliveryFault::Away("no answer".into());
    *world.receipts().faults.lock().expect("not poisoned") = (0..10_000).map(|_| away()).collect();
    for n in 0..PARCELS {
        process.send(&format!("{ANNOUNCED}{n}"), clock::<11>().plus_days(9)).await;
    }
    process
        .until_of("announcements", "all are known", |status| status.waiting == PARCELS && status.lag_events == 0)
        .await;
    for _ in 0..20 {
        until_settled::<11>(&process).await;
        set_clock::<11>(clock::<11>().plus_minutes(11));
    }
    let tried = world.receipts().got.lock().expect("not poisoned").len();
    assert!(tried < 200, "{tried} deliveries were tried");
    assert_eq!(process.policies.held("announcements", PolicyHold::Parked).await.expect("listed"), []);
    process.stop().await;
}
