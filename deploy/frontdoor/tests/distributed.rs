//! The whole distributed system as processes, on a real PostgreSQL and a real Kafka: the journey, kills of every kind
//! under load, and the result of `frontdoor check` on log, topics and views afterwards.

mod common;
#[path = "common/faults.rs"]
mod faults;
#[path = "common/topic.rs"]
mod topic;

use std::{
    fs::File,
    io::Write,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use common::{
    Answer, BINARY, REST_WITHIN, Signer, ask, frontdoor, give, granted, in_days, read_models, registration, session,
    slot, subject, succeeds_within, until,
};
use faults::{Faults, KILLS, end, relayed};
use futures::future::join_all;
use local::system::{Node, System};
use rdkafka::{Message, message::OwnedMessage};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use topic::Topic;

const PRACTICE: &str = "A99009";
/// A system is fourteen processes, so only one runs at a time.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
const CLIENTS: u64 = 8;
/// The time limit for an answer from any node, which includes a silence and the recovery from it.
const ANSWERED_WITHIN: Duration = Duration::from_secs(120);
/// The time limit for one answer while processes are killed; then another node is asked.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// The result of `frontdoor check` on the running system: its exit code and its output.
fn check(system: &System, told: Option<&Path>) -> (i32, String) {
    let mut command = Command::new(BINARY);
    command.args(["check", "--log", &system.log_url, "--views", &system.views_url, "--feed", &system.feed]);
    if let Some(told) = told {
        command.arg("--told").arg(told);
    }
    let output = command.output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().expect("a code"), text)
}

/// Waits until topics and views have reached the end of the logs without help. Returns the time it took.
fn comes_to_rest(system: &System) -> Duration {
    let began = Instant::now();
    succeeds_within(REST_WITHIN, "it comes to rest", || {
        let behind = "SELECT count(*) FROM views.projection WHERE live AND position < ";
        let views = system.postgres.run("views", &format!("{behind}{}", end(system, "care")));
        let live = "SELECT count(*) || ' ' || count(DISTINCT name) FROM views.projection WHERE live";
        // Each read model has exactly one live build.
        let is_one_each = system.postgres.run("views", live) == format!("{0} {0}", read_models());
        let are_relayed = ["care", "access"].iter().all(|log| relayed(system, log) >= end(system, log));
        if views == "0" && is_one_each && are_relayed {
            return Ok(began.elapsed());
        }
        Err(format!("{views} views are behind, one live build each: {is_one_each}, relayed: {are_relayed}"))
    })
}

/// Waits until `frontdoor status` exits with 0: every process is ready, every log has one leading relay, and every read
/// model is followed. On a busy machine a process may become ready late.
fn well(admins: &[&str]) -> String {
    succeeds_within(REST_WITHIN, "it is well", || {
        let status = frontdoor(&["status", "--admin", &admins.join(",")]);
        let printed = String::from_utf8_lossy(&status.stdout).into_owned();
        if status.status.success() { Ok(printed) } else { Err(printed) }
    })
}

struct World {
    system: System,
    signer: Signer,
    client: reqwest::Client,
    commands: Vec<String>,
    queries: Vec<String>,
    _folder: tempfile::TempDir,
}

impl World {
    fn start(binary: &Path, brokers: usize) -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let system = System::start(binary, folder.path(), brokers);
        World::of(system, folder)
    }

    fn behind_proxies() -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let system = System::behind_proxies(Path::new(BINARY), folder.path());
        World::of(system, folder)
    }

    fn of(system: System, folder: tempfile::TempDir) -> World {
        let urls = |role| system.of(role).map(|node| node.url.clone()).collect();
        let client = reqwest::Client::builder().timeout(ANSWER_WITHIN).build().expect("a client");
        World {
            signer: Signer::demo(&system.data),
            commands: urls("command"),
            queries: urls("query"),
            client,
            system,
            _folder: folder,
        }
    }

    async fn open_practice(&self) {
        let practice = json!({"practice": PRACTICE, "name": "Sturdy Surgery", "address": "1 Rock Road"});
        let operator = self.signer.operator();
        granted(&self.client, &self.commands[0], &operator, "open-practice", "far-open-practice", &practice).await;
    }

    async fn publish(&self, id: &str, capacity: u32) {
        let staff = self.signer.staff(PRACTICE);
        let (key, body) = (format!("far-publish-{id}"), session(id, "14:00", capacity));
        granted(&self.client, &self.commands[1], &staff, "publish-session", &key, &body).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_goes_over_kafka_and_what_is_damaged_by_hand_is_found() {
    let _alone = ALONE.lock().await;
    let world = World::start(Path::new(BINARY), 1);
    world.open_practice().await;
    let id = format!("{PRACTICE}.FAR000000001");
    world.publish(&id, 1).await;
    let (staff, patient) = (world.signer.staff(PRACTICE), world.signer.patient(&subject(1)));
    let (client, commands) = (&world.client, &world.commands);
    let registered = registration(1, PRACTICE);
    granted(client, &commands[0], &staff, "register-patient", "far-register-00001", &registered).await;
    let wish = json!({"session": id, "startsAt": slot(0), "patient": subject(1)});
    // A command goes to one node and its repeat to the other. Both query nodes return the booking to a read for its
    // position.
    let booked = granted(client, &commands[0], &patient, "book-appointment", "far-book-0000001", &wish).await;
    let again = give(client, &commands[1], &patient, "book-appointment", "far-book-0000001", &wish).await;
    let again = again.expect("an answer");
    assert_eq!((again.status, again.replayed, again.position()), (200, true, booked.position()));
    for base in &world.queries {
        let path = format!("/patients/{}/appointments?strict=true&after={}", subject(1), booked.position());
        let seen = ask(client, base, &patient, &path).await;
        assert_eq!(seen.body["items"].as_array().map(Vec::len), Some(1), "{}", seen.body);
    }
    // The session ends an hour later, and both query nodes return a slot of that hour.
    let longer = json!({"session": id, "until": "15:00"});
    let extended = granted(client, &commands[1], &staff, "extend-session", "far-extend-00001", &longer).await;
    for base in &world.queries {
        let (day, after) = (in_days(7), extended.position());
        let path = format!("/free-slots?site={PRACTICE}&from={day}&until={day}&limit=100&strict=true&after={after}");
        let seen = ask(client, base, &patient, &path).await.body;
        let slots = seen["items"].as_array().expect("slots");
        assert!(slots.iter().any(|free| free["startsAt"] == slot(30)), "{seen}");
    }
    // A node serves the routes of its roles only.
    assert_eq!(ask(client, &commands[0], &patient, "/free-slots").await.status, 404);

    comes_to_rest(&world.system);
    let admins: Vec<&str> = world.system.nodes.iter().map(|node| node.admin.as_str()).collect();
    let status = well(&admins);
    for part in ["projections", "relaying", "my_appointments", "following"] {
        assert!(status.contains(part), "{status}");
    }
    let (code, text) = check(&world.system, None);
    assert_eq!(code, 0, "{text}");
    let errors = world.system.nodes.iter().flat_map(Node::log_lines).filter(|line| line.contains(r#""level":"ERROR""#));
    assert_eq!(errors.collect::<Vec<_>>(), Vec::<String>::new(), "nothing is wrong, and nothing says so");
    // The relays are stopped, because events that are added to the log manually must not be sent.
    world.system.of("relay").for_each(Node::kill);
    damages(&world.system);
    let (code, text) = check(&world.system, None);
    assert_eq!(code, 0, "{text}");
    damages_of_the_topic(&world.system).await;
    world.system.of("relay").for_each(|node| world.system.start_again(node));
    comes_to_rest(&world.system);
    let (code, text) = check(&world.system, None);
    assert_eq!(code, 0, "{text}");
}

/// The same for damage to the topic. The relays that start again afterwards have nothing to send.
async fn damages_of_the_topic(system: &System) {
    let topic = Topic::read(system, "care");
    let (third, all) = (3, topic.records.len());
    let damaged = |damage: &dyn Fn(&mut Vec<OwnedMessage>)| {
        let mut records = topic.records.clone();
        damage(&mut records);
        records
    };
    let changed = |records: &mut Vec<OwnedMessage>| {
        let other = records[all - 1].payload().map(<[u8]>::to_vec);
        records[third] = records[third].clone().set_payload(other);
    };
    let at_the_end = format!("care:{all}: ");
    for (records, place, finding) in [
        (damaged(&|records| drop(records.remove(third))), "care:4: ", "it is missing in the topic"),
        (damaged(&|records| records.truncate(all - 1)), &at_the_end, "it is missing in the topic"),
        (damaged(&|records| records.insert(third, records[third].clone())), "care:4: ", "doubled or reordered"),
        (damaged(&|records| records.swap(third, third + 1)), "care:4: ", "doubled or reordered"),
        (damaged(&changed), "care:4: ", "another value than the log"),
    ] {
        topic.holds(&records).await;
        let (code, text) = check(system, None);
        let is_found = text.lines().any(|line| line.starts_with(place) && line.contains(finding));
        assert!(code == 1 && is_found, "{finding}: {code} {text}");
    }
    topic.holds(&topic.records).await;
}

const DOUBLED: &str = "INSERT INTO care.event SELECT 1 + (SELECT max(position) FROM care.event), stream, \
    1 + (SELECT max(revision) FROM care.event AS all_of WHERE all_of.stream = event.stream), id, kind, recorded_at, \
    NULL, meta, data FROM care.event WHERE position = 5";
const REORDERED: &str = "UPDATE care.event SET position = -position WHERE position IN (5, 6); \
    UPDATE care.event SET position = 11 + position WHERE position < 0";

/// Each damage is done separately, found, and repaired.
fn damages(system: &System) {
    let (log, views) = (("frontdoor", "care.event"), ("views", "views.view_practices_v1_b1"));
    for ((database, table), damage, finding) in [
        (log, "UPDATE care.event SET data = data || ' ' WHERE position = 5", "another value than the log"),
        (log, "DELETE FROM care.event WHERE position = 5", "positions have a gap"),
        (log, "UPDATE care.event SET revision = 7 WHERE position = 5", "goes from revision"),
        (log, "DELETE FROM care.event WHERE position = (SELECT max(position) FROM care.event)", "beyond the log's end"),
        (log, DOUBLED, "its id is another event's too"),
        (log, REORDERED, "another ce_id than the log"),
        (
            views,
            "INSERT INTO views.view_practices_v1_b1 SELECT partition, sort || 'x', row FROM views.view_practices_v1_b1",
            "should not be there",
        ),
        (views, "DELETE FROM views.view_practices_v1_b1", "is lost"),
        (views, "UPDATE views.view_practices_v1_b1 SET row = '{}'", "is not what the log says"),
    ] {
        system.postgres.run(database, &format!("CREATE TABLE kept AS TABLE {table}"));
        system.postgres.run(database, damage);
        let (code, text) = check(system, None);
        assert!(code == 1 && text.contains(finding), "{damage}: {code} {text}");
        system.postgres.run(database, &format!("TRUNCATE {table}; INSERT INTO {table} TABLE kept; DROP TABLE kept"));
    }
}

/// A client: people register, book and change their minds. Unanswered commands are repeated with the same key, at any
/// node.
struct Client<'a> {
    world: &'a World,
    told: &'a Mutex<File>,
    number: u64,
    people: u64,
    answers: u64,
    slowest: Duration,
}

impl Client<'_> {
    /// Sends a command to one node after the other until there is an answer other than "not now".
    async fn send(&mut self, token: &str, name: &'static str, body: &Value) -> Answer {
        let n = self.number * 100_000 + self.people;
        let key = format!("far-{name}-{n:012}");
        let began = Instant::now();
        let mut attempt = usize::try_from(self.number).expect("small");
        loop {
            let node = &self.world.commands[attempt % self.world.commands.len()];
            match give(&self.world.client, node, token, name, &key, body).await {
                Ok(answer) if answer.status == 200 => {
                    let line = json!({"key": key, "position": answer.position(), "events": answer.body["events"]});
                    writeln!(self.told.lock().expect("nobody panicked"), "{line}").expect("written");
                    self.answers += 1;
                    self.slowest = self.slowest.max(began.elapsed());
                    return answer;
                }
                Ok(answer) if answer.status != 503 => {
                    assert!(matches!(answer.status, 404 | 409 | 422), "{name}: {}", answer.body);
                    return answer;
                }
                // This does not wait for an event: a client that was rejected tries again after a pause.
                Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
            attempt += 1;
            assert!(began.elapsed() < ANSWERED_WITHIN, "{name} is not answered by anybody");
        }
    }

    async fn live_a_life(&mut self, session: &str) {
        let n = self.number * 100_000 + self.people;
        let (staff, patient) = (self.world.signer.staff(PRACTICE), self.world.signer.patient(&subject(n)));
        self.send(&staff, "register-patient", &registration(n, PRACTICE)).await;
        let starts = slot(i64::try_from(self.people % 30).expect("small"));
        let place = json!({"session": session, "startsAt": starts, "patient": subject(n)});
        let booked = self.send(&patient, "book-appointment", &place).await;
        let donor = json!({"subject": subject(n), "decision": {"kind": "opt-in-all"}});
        self.send(&patient, "register-donor", &donor).await;
        if booked.status == 200 {
            self.read_own(&patient, n, booked.position()).await;
        }
        self.people += 1;
    }

    /// I8: an answer contains the requested position, or is marked as stale, or there is none.
    async fn read_own(&mut self, patient: &str, n: u64, position: &str) {
        let base = &self.world.queries[usize::try_from(n).expect("small") % self.world.queries.len()];
        let path = format!("{base}/patients/{}/appointments?after={position}", subject(n));
        let Ok(response) = self.world.client.get(path).bearer_auth(patient).send().await else { return };
        if response.status() != 200 {
            return;
        }
        let is_stale = response.headers().contains_key("frontdoor-stale");
        let seen = response.headers()["frontdoor-position"].to_str().expect("text").to_owned();
        let number = |token: &str| token.trim_start_matches("care:").parse::<u64>().expect("a position");
        assert!(is_stale || number(&seen) >= number(position), "{seen} is older than {position}, and does not say so");
        let Ok(body) = response.json::<Value>().await else { return };
        assert!(is_stale || body["items"].as_array().is_some_and(|items| !items.is_empty()), "it is not there: {body}");
    }
}

/// The result of a run under load with faults.
struct Outcome {
    answers: u64,
    slowest: Duration,
    rest: Duration,
    checked: String,
}

/// Runs clients while faults are made. Then the system must come to rest without help, and the check must find nothing.
async fn under_load(world: World, session: &str, faults: impl FnOnce(&System) + Send + 'static) -> Outcome {
    let world = Arc::new(world);
    world.open_practice().await;
    world.publish(session, 50).await;
    let told_file = world.system.data.join("told.ndjson");
    let told = Mutex::new(File::create(&told_file).expect("a file"));
    let done = CancellationToken::new();
    let load = join_all((0..CLIENTS).map(|number| {
        let mut client = Client { world: &world, told: &told, number, people: 0, answers: 0, slowest: Duration::ZERO };
        let done = done.clone();
        async move {
            while !done.is_cancelled() {
                client.live_a_life(session).await;
            }
            (client.answers, client.slowest)
        }
    }));
    let (faulty, done) = (Arc::clone(&world), done.clone().drop_guard());
    let faults = tokio::task::spawn_blocking(move || {
        // The load ends with this guard, whatever the outcome of the faults.
        let _done = done;
        faults(&faulty.system);
    });
    let (clients, faults) = tokio::join!(load, faults);
    faults.expect("the faults were made");
    let rest = comes_to_rest(&world.system);
    let (code, checked) = check(&world.system, Some(&told_file));
    assert_eq!(code, 0, "{checked}");
    Outcome {
        answers: clients.iter().map(|(answers, _)| answers).sum(),
        slowest: clients.iter().map(|(_, slowest)| *slowest).max().unwrap_or_default(),
        rest,
        checked,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_of_every_process_under_load_lose_double_and_reorder_nothing() {
    let _alone = ALONE.lock().await;
    let given = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seed = given("FRONTDOOR_SEED")
        .unwrap_or_else(|| SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs());
    let kills = given("FRONTDOOR_KILLS").unwrap_or(KILLS);
    // Off by default until log, views and readiness keep their time limits.
    let with_silence = given("FRONTDOOR_SILENCE").is_some_and(|on| on > 0);
    println!("seed {seed}, {kills} kills (FRONTDOOR_SEED, FRONTDOOR_KILLS)");
    let outcome = under_load(World::behind_proxies(), "A99009.FAR000000002", move |system| {
        Faults::new(system, seed, kills, with_silence).happen();
    });
    let Outcome { answers, slowest, rest, checked } = outcome.await;
    assert!(answers > kills, "there was load: {answers}");
    println!("{kills} kills, {answers} acknowledged commands, the slowest after {} ms", slowest.as_millis());
    println!("at rest after {} ms; {checked}", rest.as_millis());
}

/// One process after the other ends and is started as this release, while the others go on as the one before.
/// `FRONTDOOR_PREVIOUS` is the binary of that one.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it needs the binary of another release: make test-upgrade"]
async fn a_rolling_update_under_load_loses_doubles_and_reorders_nothing() {
    let _alone = ALONE.lock().await;
    let previous = std::env::var_os("FRONTDOOR_PREVIOUS").expect("FRONTDOOR_PREVIOUS, as `make test-upgrade` sets it");
    let world = World::start(Path::new(&previous), 1);
    let outcome = under_load(world, "A99009.FAR000000004", |system| {
        let migrated = frontdoor(&["migrate", "--log", &system.owner_url, "--server-role", "server"]);
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        for node in &system.nodes {
            let before = end(system, "care");
            system.update(node, Path::new(BINARY));
            until("commands go on in the mixed system", || end(system, "care") > before);
        }
        let admins: Vec<&str> = system.nodes.iter().map(|node| node.admin.as_str()).collect();
        well(&admins);
        system.nodes.iter().for_each(fits_its_pod);
    });
    let Outcome { answers, slowest, rest, checked } = outcome.await;
    assert!(answers > 100, "there was load: {answers}");
    println!("{answers} acknowledged commands, the slowest after {} ms", slowest.as_millis());
    println!("at rest after {} ms; {checked}", rest.as_millis());
}

/// A process needs no more memory than the manifest of its role allows: Kubernetes kills one that does.
fn fits_its_pod(node: &Node) {
    let manifest = format!("{}/../kubernetes/base/{}.yaml", env!("CARGO_MANIFEST_DIR"), node.role);
    let manifest = std::fs::read_to_string(manifest).expect("each role has a manifest");
    let limit = manifest.split("limits:").nth(1).and_then(|text| text.split("memory: ").nth(1)).expect("a limit");
    let limit = limit.lines().next().and_then(|text| text.strip_suffix("Mi")).expect("it is in Mi");
    let (peak, processor) = node.usage();
    let peak = peak / 1024 / 1024;
    println!("{} {}: {peak} MiB at most, {:.1} s of a processor", node.role, node.number, processor.as_secs_f32());
    assert!(peak < limit.parse().expect("a number"), "{}: {peak} MiB of {limit}", node.role);
}

/// With three brokers, one may fail, and then the leader among the others may change, without a long wait.
#[tokio::test(flavor = "multi_thread")]
async fn three_brokers_lose_one_and_then_the_leadership_of_another_under_load() {
    let _alone = ALONE.lock().await;
    let outcome = under_load(World::start(Path::new(BINARY), 3), "A99009.FAR000000003", |system| {
        let care = system.postgres.run("frontdoor", "SELECT lineage FROM care.log");
        let topic = format!("frontdoor.care.{care}");
        for _ in 0..2 {
            let broker = leader(system, &topic);
            let before = relayed(system, "care");
            system.kafka.kill(broker);
            // The topic continues under another leader.
            until("the topic goes on", || relayed(system, "care") > before && leader(system, &topic) != broker);
            system.kafka.start_again(broker);
        }
    });
    let Outcome { answers, slowest, .. } = outcome.await;
    assert!(answers > 100, "there was load: {answers}");
    println!("{answers} acknowledged commands, the slowest after {} ms", slowest.as_millis());
}

/// The broker that leads a topic's partition, according to Kafka's own tool.
fn leader(system: &System, topic: &str) -> usize {
    let brokers = system.kafka.brokers();
    let arguments = ["--bootstrap-server", &brokers, "--describe", "--topic", topic];
    let described = system.kafka.tool("org.apache.kafka.tools.TopicCommand", &arguments);
    let text = String::from_utf8_lossy(&described.stdout).into_owned();
    let after = text.split("Leader: ").nth(1).unwrap_or_default();
    after.split_whitespace().next().and_then(|broker| broker.parse().ok()).unwrap_or(0)
}
