//! The one task that decides all commands, each on the state as already proposed: five hundred bookings in one session
//! need a few batches of the log, not five hundred. A command that needs streams to be loaded or keys to be fetched is
//! parked, and does not delay other commands.
//!
//! Keys are fetched when a field turns out to need one: a state is loaded again if some of its events could not be
//! opened, and a decision is made again if its events could not be sealed. A stream without sealed fields therefore
//! waits for no key, however many persons are in it.
//!
//! While the outcome of a proposal is unknown, a decision that is based on it names its ticket, and the log stores
//! nothing that depends on a request that was not stored. The log validates every decision, also a refusal and "nothing
//! new", so a stale state never causes a wrong refusal: it is dropped and read again, and the command is decided again.
//!
//! Traps that are closed here: a pipelined decision on a proposal that failed; a wrong refusal from a stale cache; a
//! success that was answered but not stored; a caller that disconnects in the middle.

mod decide;
mod job;
mod key_fetches;
mod loads;
mod outcome;
mod parked;
mod states;

use std::{collections::VecDeque, sync::Arc};

use event_core::{LogName, LogPosition, StateRequest, StreamName, SubjectId, personal::SubjectKeyRing};
use event_log::{Granted, Log, Refused};
use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use tokio::sync::mpsc;

pub(crate) use self::{
    job::{AccessCheck, Job, QueuedCommand},
    states::fold,
};
use self::{
    job::{InFlightAppend, SubmittedDecision},
    key_fetches::KeyFetches,
    loads::{Complaints, Load, LoadRequest, Loads, Unloaded},
    parked::Parked,
    states::StateCache,
};
use crate::{answer::Answer, failure::Failure, options::EngineOptions};

/// The maximum number of streams of one command: six states, and the gate's.
const STREAMS_MAX: usize = 7;

pub(crate) struct Sequencer {
    log: Log,
    waiting: mpsc::Receiver<QueuedCommand>,
    /// True if no engine is left that could send a command.
    closed: bool,
    /// The commands to decide next. New ones are added only when the list is empty, so commands that are decided again
    /// come first.
    next: VecDeque<Job>,
    /// Commands that wait for streams.
    parked: Parked<StreamName, Job>,
    loads: Loads,
    /// Commands that wait for the keys with which their events are sealed.
    unsealed: Parked<SubjectId, Job>,
    /// Streams that wait for the keys with which their events are opened.
    locked: Parked<SubjectId, StateRequest>,
    key_fetches: KeyFetches,
    in_flight: FuturesUnordered<InFlightAppend>,
    /// The number of the log's history in which the states were read.
    history: u64,
    states: StateCache,
    keys: Arc<dyn SubjectKeyRing>,
    complaints: Complaints,
    /// The counts since the last update of the metrics.
    reads: StateReads,
    options: EngineOptions,
}

/// The number of states that were read, by their source.
#[derive(Default)]
struct StateReads {
    from_memory: u64,
    from_log: u64,
}

impl Sequencer {
    pub fn new(log: Log, waiting: mpsc::Receiver<QueuedCommand>, options: EngineOptions) -> Sequencer {
        // The cache has to hold the states of one whole read, or a command could never be decided.
        let states_max = options.states_max.max(options.batch_max.max(1) * STREAMS_MAX);
        let keys = Arc::clone(&options.keys);
        Sequencer {
            history: log.history(),
            loads: Loads::new(log.clone(), Arc::clone(&keys), options.batch_max),
            log,
            waiting,
            closed: false,
            next: VecDeque::new(),
            parked: Parked::default(),
            unsealed: Parked::default(),
            locked: Parked::default(),
            key_fetches: KeyFetches::new(Arc::clone(&keys), options.keys_wait_max),
            in_flight: FuturesUnordered::new(),
            states: StateCache::new(states_max),
            keys,
            complaints: Complaints::default(),
            reads: StateReads::default(),
            options,
        }
    }

    /// Runs until no engine is left and every command is answered.
    pub async fn run(mut self) {
        while self.something_to_do().await {
            while let Some(Some(known)) = self.in_flight.next().now_or_never() {
                self.settle(known);
            }
            while let Some(Some(load)) = self.loads.ended().now_or_never() {
                self.loaded(load);
            }
            while let Some(Some(subjects)) = self.key_fetches.ended().now_or_never() {
                self.keys_fetched(&subjects);
            }
            self.heed_history();
            let size = self.next.len().min(self.options.batch_max.max(1));
            for job in self.next.drain(..size).collect::<Vec<Job>>() {
                self.take(job);
            }
            self.loads.begin(self.history);
            self.key_fetches.begin();
            self.measure();
        }
    }

    /// Decides a command, or parks it until its streams are loaded.
    fn take(&mut self, job: Job) {
        if let Some(read) = self.read(&job) {
            self.reads.from_memory += job.streams.len() as u64;
            return self.decide(job, read);
        }
        let missing: Vec<StateRequest> =
            job.streams.iter().filter(|wanted| !self.states.holds(&wanted.stream)).cloned().collect();
        let (streams, names) =
            (job.streams.len(), missing.iter().map(|wanted| wanted.stream.clone()).collect::<Vec<_>>());
        let new: Vec<StateRequest> = missing.into_iter().filter(|wanted| !self.parked.awaits(&wanted.stream)).collect();
        self.parked.park(job, names);
        self.reads.from_log += new.len() as u64;
        self.reads.from_memory += (streams - new.len()) as u64;
        for wanted in new {
            self.loads.ask(LoadRequest { wanted, keys_fetched: false });
        }
    }

    /// Parks a command until the key that seals its events is fetched; then it is decided again.
    fn park_for_key(&mut self, mut job: Job, subject: SubjectId) {
        if job.key_fetched {
            return job.answer(Err(Failure::Unavailable));
        }
        job.key_fetched = true;
        self.unsealed.park(job, [subject]);
        self.key_fetches.ask(subject);
    }

    /// Leaves the commands of a stream parked until the keys that open its events are fetched.
    fn wait_for_keys(&mut self, wanted: StateRequest, subjects: Vec<SubjectId>) {
        for subject in &subjects {
            self.key_fetches.ask(*subject);
        }
        self.locked.park(wanted, subjects);
    }

    /// Continues with the streams and commands that waited for a fetch of keys. Opening and sealing show if the keys
    /// have arrived.
    fn keys_fetched(&mut self, subjects: &[SubjectId]) {
        for subject in subjects {
            for wanted in self.locked.come(subject) {
                self.loads.ask(LoadRequest { wanted, keys_fetched: true });
            }
            self.next.extend(self.unsealed.come(subject));
        }
    }

    /// Takes over the streams of a read, and decides the commands that waited for them.
    fn loaded(&mut self, load: Load) {
        self.heed_history();
        let current = load.history == self.history;
        for (LoadRequest { wanted, keys_fetched }, loaded) in load.streams {
            let stream = wanted.stream.clone();
            match loaded {
                Ok(loaded) if current => self.states.loaded(stream.clone(), loaded),
                // The state is of an earlier history: the commands that waited for it have it read again.
                Ok(_) => {}
                Err(Unloaded::Keys(missing)) if !keys_fetched => {
                    self.wait_for_keys(wanted, missing.0);
                    continue;
                }
                Err(why) => {
                    self.complaints.make(&stream, &why);
                    for job in self.parked.fail(&stream) {
                        job.answer(Err(why.failure()));
                    }
                }
            }
            for job in self.parked.come(&stream) {
                match self.read(&job) {
                    Some(read) => self.decide(job, read),
                    None => self.again(job),
                }
            }
        }
    }

    /// Drops all states after the log has lost events. A decision that was made before this names the history that it
    /// was made in, so the log does not store it.
    fn heed_history(&mut self) {
        let history = self.log.history();
        if history != self.history {
            tracing::warn!("the log has lost events that were seen here: every state is read again");
            self.history = history;
            self.states.clear();
        }
    }

    fn measure(&mut self) {
        let reads = std::mem::take(&mut self.reads);
        metrics::counter!("command_state_reads_total", "from" => "memory").increment(reads.from_memory);
        metrics::counter!("command_state_reads_total", "from" => "log").increment(reads.from_log);
        metrics::gauge!("commands_waiting").set((self.waiting.len() + self.next.len()) as f64);
        metrics::gauge!("commands_parked").set((self.parked.len() + self.unsealed.len()) as f64);
        metrics::gauge!("commands_in_flight").set(self.in_flight.len() as f64);
        metrics::gauge!("command_states_cached").set(self.states.len() as f64);
    }

    /// Waits for a command, a load, a fetch of keys or an outcome; false if none will come.
    async fn something_to_do(&mut self) -> bool {
        if !self.next.is_empty() {
            return true;
        }
        let undecided = self.in_flight.len() + self.parked.len() + self.unsealed.len();
        let room = self.options.in_flight_max.max(1).saturating_sub(undecided);
        let mut come = Vec::new();
        tokio::select! {
            biased;
            Some(known) = self.in_flight.next() => self.settle(known),
            Some(load) = self.loads.ended() => self.loaded(load),
            Some(subjects) = self.key_fetches.ended() => self.keys_fetched(&subjects),
            count = self.waiting.recv_many(&mut come, room.min(self.options.batch_max.max(1))),
                if room > 0 && !self.closed => self.closed = count == 0,
            else => return false,
        }
        if !come.is_empty() {
            let now = (self.options.clock)();
            self.next.extend(come.into_iter().map(|given| Job::new(given, now)));
        }
        true
    }

    /// Handles the outcome of a decision.
    fn settle(&mut self, known: Option<(SubmittedDecision, Result<Granted, Refused>)>) {
        let Some((sent, outcome)) = known else { return };
        match outcome {
            Ok(Granted::Stored(events)) => {
                self.states.resolve(&sent.dependencies, sent.ticket);
                sent.job.answer(Ok(answer(events, false)));
            }
            Ok(Granted::Holds { position }) => {
                let nothing_new = Answer { position: care(position), events: Vec::new(), replayed: false };
                sent.job.answer(sent.refusal.map_or(Ok(nothing_new), Err));
            }
            Ok(Granted::Repeated(events)) => {
                self.states.invalidate(&sent.dependencies, None);
                sent.job.answer(Ok(answer(events, true)));
            }
            Ok(Granted::Remembered { position, outcome }) => {
                self.states.invalidate(&sent.dependencies, None);
                let before = outcome::decode(&outcome, sent.job.rejections);
                let answer = Answer { position: care(position), events: Vec::new(), replayed: true };
                sent.job.answer(before.map(|()| answer));
            }
            Err(Refused::Conflict { stream, .. }) => {
                self.states.invalidate(&sent.dependencies, Some(&stream));
                self.again(sent.job);
            }
            Err(Refused::DependencyFailed) => {
                self.states.invalidate(&sent.dependencies, None);
                self.again(sent.job);
            }
            Err(refused) => {
                self.states.invalidate(&sent.dependencies, None);
                sent.job.answer(Err(failure(&refused)));
            }
        }
    }

    fn again(&mut self, mut job: Job) {
        if job.again >= self.options.decisions_again_max {
            return job.answer(Err(Failure::Contended));
        }
        metrics::counter!("command_decisions_again_total", "command" => job.name).increment(1);
        job.again += 1;
        job.key_fetched = false;
        self.next.push_back(job);
    }
}

/// The failure of a command that the log refused and that is not decided again.
fn failure(refused: &Refused) -> Failure {
    match refused {
        Refused::Conflict { .. } | Refused::DependencyFailed => Failure::Contended,
        Refused::KeyReused => Failure::KeyReused,
        Refused::StreamFull { .. } => Failure::StreamFull,
        Refused::Invalid(why) => {
            tracing::error!(why, "the engine made a request that the log cannot store");
            Failure::Broken
        }
        Refused::Unavailable(why) => {
            tracing::warn!(why, "the log stores nothing now");
            Failure::Unavailable
        }
    }
}

fn answer(events: Vec<event_log::Stored>, replayed: bool) -> Answer {
    let position = events.iter().map(|event| event.position).max().unwrap_or_default();
    Answer { position: care(position), events, replayed }
}

/// A position in the log `care`, in which every command is stored.
fn care(position: u64) -> LogPosition {
    LogPosition { log: LogName::Care, position }
}
