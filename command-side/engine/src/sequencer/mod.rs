//! The one task that decides all commands on the state as already proposed: five hundred people who want one session
//! are a few batches of the log, not five hundred. A command whose streams have to be loaded first, or whose keys have to
//! be fetched, is parked, and delays no other command.
//!
//! Keys are fetched when a field turns out to need one: a state whose events could not all be opened is loaded once more,
//! and a decision whose events could not be sealed is made once more. So a stream without sealed fields waits for no key,
//! however many persons are in it.
//!
//! While a proposal's outcome is unknown, what is decided on it names its ticket, and the log stores nothing that
//! rests on what was not stored. Every decision is validated by the log, a refusal and "nothing new" too, so a stale
//! state never refuses wrongly: it is forgotten, read again, and the command decided again.
//!
//! Traps that are closed here: a pipelined decision on a proposal that failed; a wrong refusal from a stale cache;
//! success answered but nothing stored; a caller who goes away in the middle.

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

/// Streams of one command: six states, and the gate's.
const STREAMS_MAX: usize = 7;

pub(crate) struct Sequencer {
    log: Log,
    waiting: mpsc::Receiver<QueuedCommand>,
    /// No engine is left that could give a command.
    closed: bool,
    /// What is decided next: first what has to be decided again.
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
    /// Since they were last counted.
    reads: StateReads,
    options: EngineOptions,
}

/// Counts of states, by their source.
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

    /// Until no engine is left and everything is answered.
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

    /// Parks a command until the key is fetched with which its events are sealed; then it is decided once more.
    fn park_for_key(&mut self, mut job: Job, subject: SubjectId) {
        if job.key_fetched {
            return job.answer(Err(Failure::Unavailable));
        }
        job.key_fetched = true;
        self.unsealed.park(job, [subject]);
        self.key_fetches.ask(subject);
    }

    /// Leaves a stream's commands parked until the keys are fetched with which its events are opened.
    fn wait_for_keys(&mut self, wanted: StateRequest, subjects: Vec<SubjectId>) {
        for subject in &subjects {
            self.key_fetches.ask(*subject);
        }
        self.locked.park(wanted, subjects);
    }

    /// A fetch of keys has ended: goes on with what waited for them, which tells whether they have come.
    fn keys_fetched(&mut self, subjects: &[SubjectId]) {
        for subject in subjects {
            for wanted in self.locked.come(subject) {
                self.loads.ask(LoadRequest { wanted, keys_fetched: true });
            }
            self.next.extend(self.unsealed.come(subject));
        }
    }

    /// The streams of a read have come: decides the commands that waited for them.
    fn loaded(&mut self, load: Load) {
        self.heed_history();
        let current = load.history == self.history;
        for (LoadRequest { wanted, keys_fetched }, loaded) in load.streams {
            let stream = wanted.stream.clone();
            match loaded {
                Ok(loaded) if current => self.states.loaded(stream.clone(), loaded),
                // Read again, by the commands that go on without it.
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

    /// Empties the states after the log has lost events. A decision that is made meanwhile names
    /// the history that it was made in, and the log does not store it.
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

    /// Waits for a command, a load or an outcome; false when none will come.
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

    /// What became of a decision.
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

/// What a refusal of the log, which deciding again would not change, means to who gave the command.
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

/// Every command is stored in this log.
fn care(position: u64) -> LogPosition {
    LogPosition { log: LogName::Care, position }
}
