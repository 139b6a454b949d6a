//! Following: views have the content of the log, are read with their checkpoint, and continue where they ended.

use std::{
    collections::BTreeSet,
    ops::Bound,
    time::{Duration, Instant},
};

use crate::harness::{DEADLINE, Running, Written, all_models, open_views, practice, reaches};
use event_core::Key;
use projection_engine::{ROWS_MAX, Scan, Waited, model};
use tempfile::TempDir;
use views::{FreeSlots, MyAppointments, Practices};

fn list(limit: usize) -> Scan {
    let partition = Practices::PARTITION.to_owned();
    Scan { partition, from: Bound::Unbounded, until: Bound::Unbounded, limit, backwards: false }
}

async fn with_practices(count: usize) -> (TempDir, Written, Running) {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let mut end = 0;
    for number in 1..=count {
        end = written.open_practice(number).await;
    }
    reaches::<Practices>(&running.views, end).await;
    (folder, written, running)
}

async fn page(running: &Running, scan: Scan) -> Vec<String> {
    let rows = running.views.reader::<Practices>().page(scan).await.expect("reads").value;
    assert!(rows.iter().all(|(sort, row)| *sort == row.practice.to_string()));
    rows.into_iter().map(|(sort, _)| sort).collect()
}

fn codes(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| practice(number).to_string()).collect()
}

#[tokio::test]
async fn a_page_is_in_order_within_its_bounds_and_limit_both_ways() {
    let (_folder, _written, running) = with_practices(9).await;
    assert_eq!(page(&running, list(4)).await, codes(1..=4));
    assert_eq!(page(&running, Scan { backwards: true, ..list(4) }).await, codes((6..=9).rev()));
    let (three, seven) = (practice(3).to_string(), practice(7).to_string());
    let within = Scan { from: Bound::Included(three.clone()), until: Bound::Excluded(seven.clone()), ..list(9) };
    assert_eq!(page(&running, within.clone()).await, codes(3..=6));
    assert_eq!(page(&running, Scan { backwards: true, ..within }).await, codes((3..=6).rev()));
    let beyond = Scan { from: Bound::Excluded(three), until: Bound::Included(seven), ..list(9) };
    assert_eq!(page(&running, beyond).await, codes(4..=7));
    assert_eq!(page(&running, Scan { partition: "nothing".into(), ..list(9) }).await, codes([]));
    running.stop().await.expect("it ends well");
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_between_pages_while_rows_come() {
    let (_folder, mut written, running) = with_practices(6).await;
    let mut seen = page(&running, list(3)).await;
    for number in [0, 7] {
        let end = written.open_practice(number).await;
        reaches::<Practices>(&running.views, end).await;
    }
    let from = Bound::Excluded(seen.last().expect("a row").clone());
    seen.extend(page(&running, Scan { from, ..list(9) }).await);
    assert_eq!(seen, codes(1..=7));
    running.stop().await.expect("it ends well");
}

#[tokio::test]
async fn a_page_has_a_limit_whatever_is_asked_for() {
    let (_folder, _written, running) = with_practices(ROWS_MAX + 2).await;
    assert_eq!(page(&running, list(usize::MAX)).await.len(), ROWS_MAX);
    running.stop().await.expect("it ends well");
}

#[tokio::test]
async fn everybody_who_asks_at_once_gets_their_own_row_or_none() {
    let (_folder, _written, running) = with_practices(300).await;
    let reader = running.views.reader::<Practices>();
    let asking = (1..=600).map(|number| {
        let key = Practices::key(&practice(number));
        let reader = &reader;
        async move { (number, reader.row(&key).await.expect("reads")) }
    });
    for (number, read) in futures::future::join_all(asking).await {
        assert_eq!(read.value.map(|row| row.practice), (number <= 300).then(|| practice(number)), "{number}");
        assert_eq!(read.position, 300);
    }
    running.stop().await.expect("it ends well");
}

#[tokio::test]
async fn the_rows_of_many_keys_come_in_the_order_of_the_keys() {
    let (_folder, _written, running) = with_practices(300).await;
    // More than a statement takes, the last first, and some without a row.
    let numbers: Vec<usize> = (1..=600).rev().collect();
    let keys: Vec<_> = numbers.iter().map(|number| Practices::key(&practice(*number))).collect();
    let read = running.views.reader::<Practices>().rows(&keys).await.expect("reads");
    let expected: Vec<_> = numbers.iter().map(|number| (*number <= 300).then(|| practice(*number))).collect();
    assert_eq!(read.value.into_iter().map(|row| row.map(|row| row.practice)).collect::<Vec<_>>(), expected);
    assert_eq!(read.position, 300);
    running.stop().await.expect("it ends well");
}

#[tokio::test]
async fn rows_come_with_the_checkpoint_that_they_belong_to() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let reader = running.views.reader::<Practices>();
    let reading = async {
        loop {
            // Practice n opens at position n, so rows and checkpoint must match in each snapshot.
            let read = reader.page(list(ROWS_MAX)).await.expect("reads");
            assert_eq!(read.value.len() as u64, read.position);
            if read.position == 200 {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let writing = async {
        for number in 1..=200 {
            written.open_practice(number).await;
        }
    };
    tokio::join!(writing, tokio::time::timeout(DEADLINE, reading)).1.expect("it comes to the end in time");
    running.stop().await.expect("it ends well");
}

/// The trap: read-your-writes that waits for the end of the log. A reader waits for its own position only.
#[tokio::test]
async fn whoever_waits_is_woken_by_their_own_position_not_by_the_head_of_everything() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    let reader = running.views.reader::<Practices>();
    let (waited, position) = tokio::join!(reader.wait_for(1, DEADLINE), written.open_practice(1));
    assert_eq!((waited, position), (Waited::Reached, 1));
    let row = reader.row(&Practices::key(&practice(1))).await.expect("reads");
    assert_eq!((row.value.is_some(), row.position), (true, 1));
    assert_eq!(reader.wait_for(2, Duration::from_millis(1)).await, Waited::Late);
    running.stop().await.expect("it ends well");
}

/// The trap: a checkpoint that is ahead of the view. After a stop at any moment, the rows match the checkpoint.
#[tokio::test]
async fn the_checkpoint_is_never_ahead_of_the_view_wherever_it_was_stopped() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let mut number = 0;
    for round in 0..8_usize {
        let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
        for _ in 0..=round * 3 {
            number += 1;
            written.open_practice(number).await;
        }
        running.stop().await.expect("it ends well");
        let views = open_views(folder.path(), &written.log, vec![model::<Practices>()]).await;
        let read = views.reader::<Practices>().page(list(ROWS_MAX)).await.expect("reads");
        assert_eq!(read.value.len() as u64, read.position, "round {round}");
    }
    let running = Running::start(folder.path(), &written.log, vec![model::<Practices>()]).await;
    reaches::<Practices>(&running.views, number as u64).await;
    assert_eq!(page(&running, list(ROWS_MAX)).await, codes(1..=number));
    running.stop().await.expect("it ends well");
}

#[tokio::test]
async fn events_that_touch_no_row_move_the_checkpoint_too() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let end = written.open_practice(1).await;
    let running = Running::start(folder.path(), &written.log, all_models()).await;
    reaches::<MyAppointments>(&running.views, end).await;
    running.stop().await.expect("it ends well");
}

/// The bug: the sessions of one practice were one transaction of a million rows, and all views waited for it.
#[tokio::test(flavor = "multi_thread")]
async fn one_publishers_backlog_is_written_in_small_steps_and_other_views_go_on_meanwhile() {
    const SESSIONS: usize = 400;
    const SLOTS: i64 = 240;
    /// Of the 20 batches of the backlog; the observer may miss some.
    const STEPS_MIN: usize = 5;
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let mut published = 0;
    for number in 0..SESSIONS {
        published = written.publish_session(number, SLOTS).await;
    }
    let running = Running::start(folder.path(), &written.log, vec![model::<FreeSlots>(), model::<Practices>()]).await;
    let free_slots = running.views.reader::<FreeSlots>();
    let (mut steps, mut longest) = (BTreeSet::new(), Duration::ZERO);
    for number in 0.. {
        let end = written.open_practice(number).await;
        let began = Instant::now();
        reaches::<Practices>(&running.views, end).await;
        longest = longest.max(began.elapsed());
        let position = free_slots.row(&Key::new("nobody", "nothing")).await.expect("reads").position;
        if position >= published {
            break;
        }
        steps.insert(position);
    }
    eprintln!("the longest wait of another view was {} ms, of {} steps", longest.as_millis(), steps.len());
    assert!(steps.len() >= STEPS_MIN, "{steps:?}");
    running.caught_up(written.log.end()).await;
    running.stop().await.expect("it ends well");
}
