//! Commands that wait for streams to be loaded. They delay no command on other streams.

use std::collections::HashMap;

use event_core::{StateRequest, StreamName};

use super::Job;

#[derive(Default)]
pub(super) struct Parked {
    jobs: HashMap<u64, Waiting>,
    /// The commands that wait for each stream, first come first.
    by_stream: HashMap<StreamName, Vec<u64>>,
    /// The number of the last command that was parked.
    last: u64,
}

struct Waiting {
    job: Job,
    /// How many streams it waits for.
    streams: usize,
}

impl Parked {
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Parks a command until each of these streams of its own has come; gives back those that no command waited for yet.
    pub fn park(&mut self, job: Job, missing: Vec<StateRequest>) -> Vec<StateRequest> {
        self.last += 1;
        self.jobs.insert(self.last, Waiting { job, streams: missing.len() });
        let mut new = Vec::new();
        for wanted in missing {
            let waiting = self.by_stream.entry(wanted.stream.clone()).or_default();
            waiting.push(self.last);
            if waiting.len() == 1 {
                new.push(wanted);
            }
        }
        new
    }

    /// The commands that waited for this stream last.
    pub fn come(&mut self, stream: &StreamName) -> Vec<Job> {
        let mut ready = Vec::new();
        for number in self.by_stream.remove(stream).unwrap_or_default() {
            let Some(waiting) = self.jobs.get_mut(&number) else { continue };
            waiting.streams -= 1;
            if waiting.streams == 0 {
                ready.extend(self.jobs.remove(&number).map(|waiting| waiting.job));
            }
        }
        ready
    }

    /// The commands that wait for this stream, whatever else they wait for.
    pub fn fail(&mut self, stream: &StreamName) -> Vec<Job> {
        let numbers = self.by_stream.remove(stream).unwrap_or_default();
        numbers.iter().filter_map(|number| self.jobs.remove(number)).map(|waiting| waiting.job).collect()
    }
}
