//! The faults of a run under load, one after the other, all from one seed.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use local::{
    silence::Silence,
    system::{Node, System},
};

use crate::common::BINARY;

/// Kills of one run: a fault of every kind. `FRONTDOOR_KILLS` asks for more (`make chaos`).
pub const KILLS: u64 = 20;
/// Of these kills of twenty, the second process of a role is away.
const AWAY: std::ops::Range<u64> = 7..17;
/// At these kills of twenty a process more is added, and removed for good.
const ADDED_AT: u64 = 3;
const REMOVED_AT: u64 = 16;
/// A run with silences has at least this many kills between them, and at most. A silence takes 50 seconds: 200 kills with
/// all nine took 19 minutes, so a run has all of them from 450 kills on, and a shorter one some, which its seed selects.
const SILENCE_EVERY_MIN: u64 = 50;
const SILENCE_EVERY_MAX: u64 = 100;
/// Each of three servers, silent in each of three ways.
const SILENCES: u64 = 9;
/// How long they are silent: longer than every limit of a call, a connection or a watchdog.
const SILENT_FOR: Duration = Duration::from_secs(40);
/// How long a process may take to say that it is not ready, and that it is ready again.
const READY_TURNS_WITHIN: Duration = Duration::from_secs(30);
/// A fault comes at most this long after the one before it.
const PAUSE_MS_MAX: u64 = 400;
/// Of so many kills one is followed by a broker that does not answer for a while.
const FREEZE_EVERY: u64 = 250;
/// The first of them: not the kill of a server that this run asks then.
const FREEZE_AT: u64 = 12;
const BROKER_FROZEN: Duration = Duration::from_secs(45);
/// How long a relay sleeps: longer than its lease.
const RELAY_FROZEN: Duration = Duration::from_secs(7);
/// How long everything may take to come to rest after the last fault.
pub const REST_WITHIN: Duration = Duration::from_secs(60);

/// A run's faults.
pub struct Faults<'a> {
    system: &'a System,
    dice: Dice,
    kills: u64,
    /// How many servers went silent yet, and the combination that comes first; `None`: none does.
    silences: Option<(u64, u64)>,
    /// The process that was added, and how many were.
    extra: Option<Node>,
    added: usize,
}

impl<'a> Faults<'a> {
    pub fn new(system: &'a System, seed: u64, kills: u64, with_silence: bool) -> Faults<'a> {
        let silences = with_silence.then_some((0, seed % SILENCES));
        Faults { system, dice: Dice(seed), kills, silences, extra: None, added: 0 }
    }

    /// All of them.
    pub fn happen(mut self) {
        let began = Instant::now();
        for kill in 1..=self.kills {
            // Not a wait for something to happen: the random moment is the fault.
            std::thread::sleep(Duration::from_millis(self.dice.below(PAUSE_MS_MAX)));
            fault(self.system, &mut self.dice, kill);
            if kill % FREEZE_EVERY == FREEZE_AT {
                the_broker_freezes(self.system);
            }
            match kill % KILLS {
                ADDED_AT => self.a_process_is_added(),
                REMOVED_AT => self.it_is_removed_for_good(),
                _ => {}
            }
            if !AWAY.contains(&(kill % KILLS)) && self.is_silence_due(kill) {
                self.a_server_goes_silent();
                rebuilt_from_everywhere(self.system, &mut self.dice);
            }
            if kill % KILLS == 0 {
                println!("{kill} of {} kills after {} s", self.kills, began.elapsed().as_secs());
            }
        }
    }

    fn is_silence_due(&self, kill: u64) -> bool {
        let every = (self.kills / SILENCES).clamp(SILENCE_EVERY_MIN, SILENCE_EVERY_MAX);
        self.silences.is_some_and(|(done, _)| done < kill / every)
    }

    /// No connection breaks, and nothing comes over those to the log's database, the views' or the broker: all three, each
    /// in every way, in turn. Every process that needs it says in time that it is not ready, and is well again by itself.
    fn a_server_goes_silent(&mut self) {
        let Some((done, first)) = &mut self.silences else { return };
        let turn = (*first + *done) % SILENCES;
        *done += 1;
        let system = self.system;
        let proxies = system.proxies.as_ref().expect("it runs behind proxies");
        let (server, proxy, roles): (_, _, &[&str]) = match turn % 3 {
            0 => ("log", &proxies.log, &["command", "relay", "projections", "query"]),
            1 => ("views", &proxies.views, &["projections", "query"]),
            _ => ("broker", &proxies.broker, &["relay", "projections"]),
        };
        let silence = Silence::ALL[usize::try_from(turn / 3).expect("small")];
        println!("the {server} goes silent: {silence:?}");
        let all = || system.nodes.iter().chain(&self.extra);
        // A process that leads no relay and keeps no read model does not need the broker.
        let needs = |node: &&Node| roles.contains(&node.role) && (server != "broker" || owns(system, &node.pid()));
        let needing: Vec<&Node> = all().filter(needs).collect();
        let began = Instant::now();
        proxy.fall_silent(silence);
        let says_no = |node: &Node| node.ask("/health/ready").is_some_and(|answer| answer.starts_with("HTTP/1.1 503"));
        for node in needing {
            let left = READY_TURNS_WITHIN.saturating_sub(began.elapsed());
            within(left, &format!("{} {} is not ready", node.role, node.number), || says_no(node));
        }
        // Not a wait for something to happen: the silence is the fault.
        std::thread::sleep(SILENT_FOR.saturating_sub(began.elapsed()));
        proxy.speak();
        let spoke = Instant::now();
        for node in all() {
            let left = READY_TURNS_WITHIN.saturating_sub(spoke.elapsed());
            within(left, &format!("{} {} is ready again", node.role, node.number), || node.is_ready());
        }
    }

    /// One more process of any role, which takes its share of the work.
    fn a_process_is_added(&mut self) {
        let role = ["command", "relay", "projections", "query"][self.dice.index(4)];
        self.added += 1;
        println!("a process is added: {role}");
        self.extra = Some(self.system.add(role, self.added));
    }

    /// It ends in order, or is killed, and does not come back: what it led or kept is another's soon.
    fn it_is_removed_for_good(&mut self) {
        let Some(node) = self.extra.take() else { return };
        within(READY_TURNS_WITHIN, "the process that was added is ready", || node.is_ready());
        let (system, pid, in_order) = (self.system, node.pid(), self.dice.below(2) == 0);
        println!("it is removed, {}", if in_order { "in order" } else { "by a kill" });
        if in_order {
            node.terminate();
            within(READY_TURNS_WITHIN, "it ends", || !node.is_running());
        }
        node.kill();
        until("what it led and kept is another's", || !owns(system, &pid));
    }
}

/// True while the process of this id leads a relay or keeps a read model.
fn owns(system: &System, pid: &str) -> bool {
    let of = [("frontdoor", "care.lease"), ("frontdoor", "access.lease"), ("views", "views.lease")];
    of.iter().any(|(database, table)| {
        // No other process takes the lease of a rebuild that has ended.
        let count = format!("SELECT count(*) FROM {table} WHERE owner LIKE '{pid}-%' AND role NOT LIKE 'rebuild %'");
        system.postgres.run(database, &count) != "0"
    })
}

pub fn end(system: &System, log: &str) -> u64 {
    let end = system.postgres.run("frontdoor", &format!("SELECT coalesce(max(position), 0) FROM {log}.event"));
    end.parse().expect("a number")
}

/// How far the topic of a log is known to be.
pub fn relayed(system: &System, log: &str) -> u64 {
    let marked = format!("SELECT coalesce(max(position), 0) FROM {log}.lease WHERE role = 'relay'");
    system.postgres.run("frontdoor", &marked).parse().expect("a number")
}

pub fn until(what: &str, is_so: impl Fn() -> bool) {
    within(REST_WITHIN, what, is_so);
}

fn within(time: Duration, what: &str, is_so: impl Fn() -> bool) {
    succeeds_within(time, what, || if is_so() { Ok(()) } else { Err(String::new()) });
}

/// Repeats an inquiry until it succeeds. Other processes and databases send no notification, so they are polled.
pub fn succeeds_within<T>(time: Duration, what: &str, inquiry: impl Fn() -> Result<T, String>) -> T {
    let began = Instant::now();
    loop {
        match inquiry() {
            Ok(answer) => return answer,
            Err(why) => assert!(began.elapsed() < time, "not within {} s: {what}. {why}", time.as_secs()),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Nobody answers, and no connection breaks. Commands go on meanwhile: all they need is the log.
fn the_broker_freezes(system: &System) {
    let before = end(system, "care");
    system.kafka.freeze(1);
    std::thread::sleep(BROKER_FROZEN);
    let (after, sent) = (end(system, "care"), relayed(system, "care"));
    system.kafka.thaw(1);
    assert!(after > before, "commands go on without the broker");
    assert!(sent < after, "nothing is sent to a broker that does not answer");
    until("what was stored meanwhile is sent", || relayed(system, "care") >= after);
}

/// The processes that keep read models rebuild them in turn and at once.
fn rebuilt_from_everywhere(system: &System, dice: &mut Dice) {
    let names = system.postgres.run("views", "SELECT DISTINCT name FROM views.projection ORDER BY name");
    let names: Vec<&str> = names.lines().collect();
    let name = names[dice.index(names.len())];
    let rebuilds = system.of("projections").map(|node| {
        let command = ["rebuild", name, "--admin", &node.admin];
        Command::new(BINARY).args(command).stdout(Stdio::null()).spawn().expect("it runs")
    });
    // All at once. One of them may be refused: another rebuild of this read model is under way.
    for mut rebuild in rebuilds.collect::<Vec<_>>() {
        rebuild.wait().expect("it ends");
    }
}

/// One fault: a process is killed and started again, mostly one of ours.
fn fault(system: &System, dice: &mut Dice, kill: u64) {
    match kill % 20 {
        5 => {
            system.kafka.kill(1);
            system.kafka.start_again(1);
        }
        10 => system.postgres.kill(),
        // A process is taken away; the system goes on without it, until it is added again.
        7 => leaving(system, kill).kill(),
        17 => {
            let node = leaving(system, kill);
            node.kill();
            system.start_again(node);
        }
        15 => {
            // A zombie: asleep for longer than its lease, while another takes over.
            let relay = system.of("relay").nth(dice.index(2)).expect("a relay");
            relay.freeze();
            std::thread::sleep(RELAY_FROZEN);
            relay.thaw();
        }
        _ => {
            let node: &Node = &system.nodes[dice.index(system.nodes.len())];
            node.kill();
            system.start_again(node);
        }
    }
}

/// The process that is away during the second half of twenty kills, unless it is started again by chance.
fn leaving(system: &System, kill: u64) -> &Node {
    let role = ["projections", "query", "command"][usize::try_from(kill / 20 % 3).expect("small")];
    system.of(role).nth(1).expect("there are two")
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

    fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).expect("small")
    }
}
