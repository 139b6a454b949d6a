//! The faults of a run under load, in sequence, all derived from one seed.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use local::{
    silence::Silence,
    system::{Node, System},
};

use crate::common::{BINARY, REST_WITHIN, succeeds_within, until, within};

/// The number of kills of one run, which includes a fault of every kind. `FRONTDOOR_KILLS` sets more (`make chaos`).
pub const KILLS: u64 = 20;
/// The second process of a role is down during these kills of each twenty.
const AWAY: std::ops::Range<u64> = 7..17;
/// At these kills of each twenty, an additional process is started, and is permanently removed.
const ADDED_AT: u64 = 3;
const REMOVED_AT: u64 = 16;
/// The minimum and maximum number of kills between silences. A silence takes 50 seconds: 200 kills with all nine took
/// 19 minutes, so a run has all of them from 450 kills on, and a shorter run has some, which its seed selects.
const SILENCE_EVERY_MIN: u64 = 50;
const SILENCE_EVERY_MAX: u64 = 100;
/// Each of three servers, silent in each of three ways.
const SILENCES: u64 = 9;
/// The duration of a silence: longer than every limit of a call, a connection or a watchdog.
const SILENT_FOR: Duration = Duration::from_secs(40);
/// The time limit for a process to report that it is not ready, and that it is ready again.
const READY_TURNS_WITHIN: Duration = Duration::from_secs(30);
/// The number of lines of a process's log that a failure shows.
const LOG_LINES_SHOWN: usize = 40;
/// The maximum pause between two faults.
const PAUSE_MS_MAX: u64 = 400;
/// One in this many kills is followed by a broker that does not answer for a while.
const FREEZE_EVERY: u64 = 250;
/// The kill with the first freeze. It is not one of the kills of a server.
const FREEZE_AT: u64 = 12;
const BROKER_FROZEN: Duration = Duration::from_secs(45);
/// The time for which a relay is frozen: longer than its lease.
const RELAY_FROZEN: Duration = Duration::from_secs(7);

/// A run's faults.
pub struct Faults<'a> {
    system: &'a System,
    dice: Dice,
    kills: u64,
    /// The number of silences so far, and the first combination; `None` if there are none.
    silences: Option<(u64, u64)>,
    /// The process that was added, and the number of processes that were added so far.
    extra: Option<Node>,
    added: usize,
}

impl<'a> Faults<'a> {
    pub fn new(system: &'a System, seed: u64, kills: u64, with_silence: bool) -> Faults<'a> {
        let silences = with_silence.then_some((0, seed % SILENCES));
        Faults { system, dice: Dice(seed), kills, silences, extra: None, added: 0 }
    }

    /// Runs all faults.
    pub fn happen(mut self) {
        let began = Instant::now();
        for kill in 1..=self.kills {
            // This does not wait for an event: the random moment is part of the fault.
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

    /// A server goes silent: connections stay open but deliver nothing. The log's database, the views' database and the
    /// broker take turns, each in every way. Every process that needs the server must report in time that it is not
    /// ready, and recover by itself.
    fn a_server_goes_silent(&mut self) {
        let Some((done, first)) = &mut self.silences else { return };
        let turn = (*first + *done) % SILENCES;
        *done += 1;
        let system = self.system;
        let proxies = system.proxies.as_ref().expect("it runs behind proxies");
        let (server, proxy, roles): (_, _, &[&str]) = match turn % 3 {
            0 => ("log", &proxies.log, &["command", "relay", "policies", "projections", "query"]),
            1 => ("views", &proxies.views, &["projections", "query"]),
            _ => ("broker", &proxies.broker, &["relay", "policies", "projections"]),
        };
        let silence = Silence::ALL[usize::try_from(turn / 3).expect("small")];
        println!("the {server} goes silent: {silence:?}");
        let all = || system.nodes.iter().chain(&self.extra);
        // A process that leads no relay and follows no read model does not need the broker.
        let needs = |node: &&Node| roles.contains(&node.role) && (server != "broker" || owns(system, &node.pid()));
        let needing: Vec<&Node> = all().filter(needs).collect();
        let began = Instant::now();
        proxy.fall_silent(silence);
        let says_no = |node: &Node| node.ask("/health/ready").is_some_and(|answer| answer.starts_with("HTTP/1.1 503"));
        for node in needing {
            let left = READY_TURNS_WITHIN.saturating_sub(began.elapsed());
            within(left, &format!("{} {} is not ready", node.role, node.number), || says_no(node));
        }
        // This does not wait for an event: the silence is the fault.
        std::thread::sleep(SILENT_FOR.saturating_sub(began.elapsed()));
        proxy.speak();
        let spoke = Instant::now();
        for node in all() {
            let left = READY_TURNS_WITHIN.saturating_sub(spoke.elapsed());
            becomes_ready(node, left);
        }
    }

    /// Starts an additional process of any role, which takes its share of the work.
    fn a_process_is_added(&mut self) {
        let role = ["command", "relay", "policies", "projections", "query"][self.dice.index(5)];
        self.added += 1;
        println!("a process is added: {role}");
        self.extra = Some(self.system.add(role, self.added));
    }

    /// The added process is shut down or killed, and does not come back: other processes must take over its leases
    /// soon.
    fn it_is_removed_for_good(&mut self) {
        let Some(node) = self.extra.take() else { return };
        // It may have been without the broker and the database a moment ago. How soon it is ready then is measured by silences.
        becomes_ready(&node, REST_WITHIN);
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

/// Waits until a process that runs is ready. If it is not in time, the message contains its reasons and the end of its log.
fn becomes_ready(node: &Node, time: Duration) {
    succeeds_within(time, &format!("{} {} is ready", node.role, node.number), || {
        if node.is_ready() {
            return Ok(());
        }
        let log = node.log_lines();
        let newest = log[log.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n");
        Err(format!("runs: {}, answers: {:?}; its log:\n{newest}", node.is_running(), node.ask("/health/ready")))
    });
}

/// True while the process with this id leads a relay or follows a read model.
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

/// The known position of the topic of a log.
pub fn relayed(system: &System, log: &str) -> u64 {
    let marked = format!("SELECT coalesce(max(position), 0) FROM {log}.lease WHERE role = 'relay'");
    system.postgres.run("frontdoor", &marked).parse().expect("a number")
}

/// The broker does not answer, but no connection breaks. Commands continue, because they need the log only.
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

/// All processes with the role `projections` rebuild the same read model at once.
fn rebuilt_from_everywhere(system: &System, dice: &mut Dice) {
    let names = system.postgres.run("views", "SELECT DISTINCT name FROM views.projection ORDER BY name");
    let names: Vec<&str> = names.lines().collect();
    let name = names[dice.index(names.len())];
    let rebuilds = system.of("projections").map(|node| {
        let command = ["rebuild", name, "--admin", &node.admin];
        Command::new(BINARY).args(command).stdout(Stdio::null()).spawn().expect("it runs")
    });
    // All rebuilds run at once. One may be refused because another rebuild of this read model is in progress.
    for mut rebuild in rebuilds.collect::<Vec<_>>() {
        rebuild.wait().expect("it ends");
    }
}

/// One fault: a process is killed and started again, in most cases a process of Frontdoor.
fn fault(system: &System, dice: &mut Dice, kill: u64) {
    match kill % 20 {
        5 => {
            system.kafka.kill(1);
            system.kafka.start_again(1);
        }
        10 => system.postgres.kill(),
        // A process is stopped; the system continues without it until it is started again.
        7 => leaving(system, kill).kill(),
        17 => {
            let node = leaving(system, kill);
            node.kill();
            system.start_again(node);
        }
        15 => {
            // A zombie: frozen for longer than its lease, while another process takes over.
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

/// The process that is down between kills 7 and 17 of each twenty, unless a random fault starts it again.
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
