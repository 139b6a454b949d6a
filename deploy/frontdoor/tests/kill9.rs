//! `kill -9` and a full disk under load, repeatedly: no acknowledged event is lost or doubled, and the next start needs
//! no repair. `frontdoor check --told` compares the acknowledgements of the clients with the files, and checks that the
//! views equal the fold of the log.

mod common;

use std::{
    fs::File,
    io::Write,
    path::Path,
    sync::Mutex,
    time::{Duration, Instant, SystemTime},
};

use common::{Answer, Server, Signer, SmallDisk, give, granted, registration, session, slot, subject};
use futures::future::join_all;
use serde_json::{Value, json};

const ROUNDS: u64 = 100;
const CLIENTS: u64 = 8;
/// The maximum time between the start of the load and a kill.
const LOAD_MS_MAX: u64 = 350;
/// In one of this many rounds, the disk of logs and views is filled.
const FILL_ONE_IN: u64 = 3;
/// More than all rounds write.
const DISK_MEGABYTES: u32 = 256;
/// The number of rounds between two checks of the files. The last round is always followed by one.
const CHECK_EVERY: u64 = 10;
const PRACTICE: &str = "A99009";
const SESSION_SLOTS: u64 = 30;
/// Few places, so that clients compete for them.
const SESSION_PLACES: u64 = 4;

/// A command that was sent. Its key is unique to it, so it can be sent again.
#[derive(Clone)]
struct Wish {
    token: String,
    name: &'static str,
    key: String,
    body: Value,
}

/// A client. Its next step depends on its number only, so a run can be repeated from its seed except for timing.
struct Client {
    number: u64,
    people: u64,
    /// Sent, but not answered.
    open: Option<Wish>,
    /// Answered, and to be repeated once.
    last: Option<(Wish, Value)>,
    replays: u64,
    retries: u64,
}

struct Load<'a> {
    http: reqwest::Client,
    base: String,
    signer: &'a Signer,
    told: &'a Mutex<File>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_kills_and_full_disks_under_load_lose_nothing_and_double_nothing() {
    let seed = seed();
    println!("seed {seed} (FRONTDOOR_SEED={seed} repeats its moments)");
    let mut dice = Dice(seed);
    let folder = tempfile::tempdir().expect("a folder");
    let disk = SmallDisk::mount(DISK_MEGABYTES);
    let data = disk.as_ref().map_or(folder.path(), SmallDisk::path).join("data");
    let keys = folder.path().join("keys");
    let signer = Signer::plain(&keys);
    let told_file = folder.path().join("told.ndjson");
    let told = Mutex::new(File::create(&told_file).expect("a file"));
    prepare(&data, &keys, &signer).await;

    let mut clients: Vec<Client> = (0..CLIENTS).map(Client::new).collect();
    let mut slowest_start = Duration::ZERO;
    for round in 1..=ROUNDS {
        let began = Instant::now();
        let server = Server::plain(&data, &keys);
        slowest_start = slowest_start.max(began.elapsed());
        let load = Load { http: reqwest::Client::new(), base: server.base.clone(), signer: &signer, told: &told };
        let mut moment = || Duration::from_millis(dice.below(LOAD_MS_MAX));
        let moments = [moment(), moment(), moment()];
        let filling = disk.is_some() && dice.below(FILL_ONE_IN) == 0;
        let killed_while_full = dice.below(2) == 0;
        let filler = data.with_file_name("filler");
        let fault = tokio::task::spawn_blocking(move || {
            // This does not wait for an event: the random moments are the faults.
            if filling {
                std::thread::sleep(moments[0]);
                fill(&filler);
                std::thread::sleep(moments[1]);
                if !killed_while_full {
                    std::fs::remove_file(&filler).expect("removed");
                }
            }
            std::thread::sleep(moments[2]);
            server.kill();
            if filling && killed_while_full {
                std::fs::remove_file(&filler).expect("removed");
            }
        });
        join_all(clients.iter_mut().map(|client| client.work(&load, round))).await;
        fault.await.expect("killed");
        if round % CHECK_EVERY == 0 {
            common::assert_clean(&data, Some(&told_file));
        }
    }

    let server = Server::plain(&data, &keys);
    let load = Load { http: reqwest::Client::new(), base: server.base.clone(), signer: &signer, told: &told };
    join_all(clients.iter_mut().map(|client| client.settle(&load))).await;
    server.stop();
    common::assert_clean(&data, Some(&told_file));
    let sum = |of: fn(&Client) -> u64| clients.iter().map(of).sum::<u64>();
    let (people, retries, replays) = (sum(|c| c.people), sum(|c| c.retries), sum(|c| c.replays));
    println!("{ROUNDS} kills, {people} people, {retries} unanswered commands asked again, {replays} answers repeated");
    println!("the slowest start took {} ms", slowest_start.as_millis());
    assert!(people > ROUNDS && retries > 0 && replays > 0, "there was load: {people}, {retries}, {replays}");
}

/// Writes a file until the disk is full.
fn fill(file: &Path) {
    let mut filler = File::create(file).expect("a file");
    let zeros = vec![0; 1024 * 1024];
    while filler.write_all(&zeros).is_ok() {}
}

async fn prepare(data: &Path, keys: &Path, signer: &Signer) {
    let server = Server::plain(data, keys);
    let http = reqwest::Client::new();
    let practice = json!({"practice": PRACTICE, "name": "Sturdy Surgery", "address": "1 Rock Road"});
    granted(&http, &server.base, &signer.operator(), "open-practice", "kill-open-practice", &practice).await;
    server.stop();
}

impl Client {
    fn new(number: u64) -> Client {
        Client { number, people: 0, open: None, last: None, replays: 0, retries: 0 }
    }

    /// Works until the server is down.
    async fn work(&mut self, load: &Load<'_>, round: u64) {
        if self.settle(load).await.is_none() {
            return;
        }
        let staff = load.signer.staff(PRACTICE);
        let session_id = format!("{PRACTICE}.K{round:05}000000");
        let publish = Wish {
            token: staff.clone(),
            name: "publish-session",
            key: format!("kill-publish-{round:06}-{}", self.number),
            body: session(&session_id, "14:00", u32::try_from(SESSION_PLACES).expect("small")),
        };
        // Every client publishes the same session: one succeeds, and for the others it changes nothing or is rejected.
        if self.send(load, publish).await.is_none() {
            return;
        }
        while self.live_a_life(load, &staff, &session_id).await.is_some() {}
    }

    /// The commands of one person: registers, books, moves or cancels, and changes a donor decision.
    async fn live_a_life(&mut self, load: &Load<'_>, staff: &str, session: &str) -> Option<()> {
        let n = self.number * 100_000 + self.people;
        self.people += 1;
        let patient = load.signer.patient(&subject(n));
        let wish = |name: &'static str, token: &str, body: Value| Wish {
            token: token.to_owned(),
            name,
            key: format!("kill-{name}-{n:012}"),
            body,
        };
        let starts = |n: u64| slot(i64::try_from(n % SESSION_SLOTS).expect("small"));
        if self.send(load, wish("register-patient", staff, registration(n, PRACTICE))).await?.status == 503 {
            return Some(());
        }
        let (first, second) = (starts(self.people), starts(self.people + 7));
        let place = json!({"session": session, "startsAt": first, "patient": subject(n)});
        let booked = self.send(load, wish("book-appointment", &patient, place)).await?;
        if booked.status == 200 && n.is_multiple_of(3) {
            let body = json!({
                "patient": subject(n), "session": session, "startsAt": first,
                "toSession": session, "toStartsAt": second,
            });
            self.send(load, wish("reschedule-appointment", &patient, body)).await?;
        }
        let donor = json!({"subject": subject(n), "decision": {"kind": "opt-in-all"}});
        self.send(load, wish("register-donor", &patient, donor)).await?;
        let again = json!({"subject": subject(n), "decision": {"kind": "opt-out"}});
        self.send(load, wish("amend-decision", &patient, again)).await?;
        self.repeat_the_last(load).await
    }

    /// Sends an unanswered command again, with the same key.
    async fn settle(&mut self, load: &Load<'_>) -> Option<()> {
        if let Some(wish) = self.open.take() {
            self.retries += 1;
            self.send(load, wish).await?;
        }
        Some(())
    }

    /// The same key must get the same answer, even after a restart.
    async fn repeat_the_last(&mut self, load: &Load<'_>) -> Option<()> {
        let (wish, before) = self.last.take()?;
        let answer = self.send(load, wish.clone()).await?;
        if answer.status == 503 {
            // The disk is full: a server that cannot write does not answer from memory.
            self.last = Some((wish, before));
            return Some(());
        }
        assert!(answer.replayed, "{} is known by its key", wish.name);
        assert_eq!(answer.body["events"], before, "the same answer to {} {}", wish.name, wish.key);
        self.replays += 1;
        Some(())
    }

    /// `None` if the server is down: the outcome of the command is unknown.
    async fn send(&mut self, load: &Load<'_>, wish: Wish) -> Option<Answer> {
        let sent = give(&load.http, &load.base, &wish.token, wish.name, &wish.key, &wish.body).await;
        let Ok(answer) = sent else {
            self.open = Some(wish);
            return None;
        };
        match answer.status {
            200 => {
                let line = json!({"key": wish.key, "position": answer.position(), "events": answer.body["events"]});
                let mut told = load.told.lock().expect("nobody panicked");
                writeln!(told, "{line}").expect("written");
                if answer.body["events"].as_array().is_some_and(|events| !events.is_empty()) {
                    self.last = Some((wish, answer.body["events"].clone()));
                }
            }
            404 | 409 | 422 => assert!(!answer.problem().is_empty(), "a refusal says why: {}", answer.body),
            503 => {}
            status => panic!("{} {}: {status} {}", wish.name, wish.body, answer.body),
        }
        Some(answer)
    }
}

fn seed() -> u64 {
    let given = std::env::var("FRONTDOOR_SEED").ok().map(|text| text.parse().expect("FRONTDOOR_SEED is a number"));
    given.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        u64::try_from(now.as_nanos() & u128::from(u64::MAX)).expect("masked")
    })
}

/// `splitmix64`.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
