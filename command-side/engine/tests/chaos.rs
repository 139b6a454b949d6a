//! All disturbances at once: commands on one desk and on two, repeated commands, another node that interferes, callers
//! that disconnect, and a cache that is too small. In every case, each stored event was decided on the events before
//! it.

mod common;

use std::collections::{HashMap, HashSet};

use command_engine::{Answer, EngineOptions, Failure, Origin};
use common::{Harness, decoded, desk_stream, harness_with, new_key, number, somebody};
use futures::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};

/// The distance of another node's numbers from those before them.
const LEAP: u32 = 1_000;
const WISHES: usize = 600;
const AT_ONCE: usize = 64;
/// More than the smallest cache holds.
const DESKS: usize = 12;

/// xorshift64: the same seed gives the same commands.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most as u64).expect("small")
    }
}

struct Wish {
    key: String,
    body: Value,
}

fn wishes(dice: &mut Dice, desks: &[String]) -> Vec<Wish> {
    let mut wishes: Vec<Wish> = Vec::new();
    for _ in 0..WISHES {
        if !wishes.is_empty() && dice.below(5) == 0 {
            let again = &wishes[dice.below(wishes.len())];
            wishes.push(Wish { key: again.key.clone(), body: again.body.clone() });
            continue;
        }
        let desk = &desks[dice.below(desks.len())];
        let also = (dice.below(3) == 0).then(|| &desks[dice.below(desks.len())]).filter(|also| *also != desk);
        // None, a few, or no limit.
        let most = [0, 5, u32::MAX][dice.below(3)];
        wishes.push(Wish { key: new_key(), body: json!({"desk": desk, "also": also, "most": most}) });
    }
    wishes
}

/// Takes a number as another node would; another append may be faster.
async fn meddle(harness: &Harness, desk: &str) {
    let events = harness.events(&desk_stream(desk)).await;
    let last = events.last().map_or(0, decoded);
    let revision = u32::try_from(events.len()).expect("small");
    let _ = harness.log.append(number(desk, revision, last + LEAP)).await;
}

async fn give(harness: &Harness, wish: &Wish, leaves: bool) -> Option<Result<Answer, Failure>> {
    let body = wish.body.to_string().into();
    let mut given = Box::pin(harness.engine.execute("take-number", body, Origin::new(somebody(), wish.key.as_str())));
    if leaves {
        return match futures::poll!(given.as_mut()) {
            std::task::Poll::Ready(answer) => Some(answer),
            std::task::Poll::Pending => None,
        };
    }
    Some(given.await)
}

async fn round(seed: u64, options: EngineOptions) {
    let mut dice = Dice(seed);
    let desks: Vec<String> = (0..DESKS).map(|at| format!("chaos-{seed}-{at}")).collect();
    let harness = harness_with(options).await;
    let wishes = wishes(&mut dice, &desks);
    let turns: Vec<(&Wish, bool, Option<&String>)> = wishes
        .iter()
        .map(|wish| (wish, dice.below(10) == 0, (dice.below(20) == 0).then(|| &desks[dice.below(desks.len())])))
        .collect();
    let harness = &harness;
    let answers: Vec<(&Wish, Option<Result<Answer, Failure>>)> = stream::iter(turns)
        .map(|(wish, leaves, meddled)| async move {
            if let Some(desk) = meddled {
                meddle(harness, desk).await;
            }
            (wish, give(harness, wish, leaves).await)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    // Every command is sent again, including those of callers that disconnected.
    let again = join_all(wishes.iter().map(async |wish| (wish, give(harness, wish, false).await))).await;
    let answers: Vec<_> = answers.into_iter().chain(again).collect();
    for (wish, answer) in &answers {
        check(wish, answer.as_ref());
    }
    the_same_wish_has_one_outcome(&answers);
    for desk in &desks {
        every_number_follows_from_the_one_before(harness, desk).await;
    }
}

fn check(wish: &Wish, answer: Option<&Result<Answer, Failure>>) {
    match answer {
        None | Some(Ok(_) | Err(Failure::Contended)) => {}
        Some(Err(Failure::Rejected(no) | Failure::RejectedBefore(no))) => {
            assert_eq!(no.rejection, &common::NONE_LEFT);
            assert_eq!(wish.body["most"], json!(5), "only who wants one of five is refused");
        }
        Some(Err(other)) => panic!("{other}: {}", wish.body),
    }
}

fn the_same_wish_has_one_outcome(answers: &[(&Wish, Option<Result<Answer, Failure>>)]) {
    let (mut stored, mut fresh) = (HashMap::<&str, &Answer>::new(), HashSet::new());
    for (wish, answer) in answers {
        let Some(Ok(answer)) = answer else { continue };
        if answer.events.is_empty() {
            continue;
        }
        assert!(answer.replayed || fresh.insert(&wish.key), "stored twice");
        let first = stored.entry(&wish.key).or_insert(answer);
        assert_eq!((&first.events, first.position), (&answer.events, answer.position));
    }
    assert!(!fresh.is_empty());
}

async fn every_number_follows_from_the_one_before(harness: &Harness, desk: &str) {
    let mut before = 0;
    for (event, number) in harness.events(&desk_stream(desk)).await.iter().zip(harness.numbers(desk).await) {
        let meddled = &*event.actor == "{}";
        assert_eq!(number, before + if meddled { LEAP } else { 1 }, "{desk}, revision {}", event.revision);
        before = number;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_together_what_is_stored_was_decided_on_what_was_stored_before_it() {
    for seed in 1..=6 {
        round(seed, EngineOptions::default()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_and_batches_that_hold_little_change_nothing_of_it() {
    for seed in 11..=16 {
        round(seed, EngineOptions { states_max: 1, batch_max: 1, ..EngineOptions::default() }).await;
    }
}
