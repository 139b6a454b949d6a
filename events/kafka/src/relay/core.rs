//! What a relay does next, decided without I/O: hold the lease, compare the topic's tail with the log, send in order, and
//! begin again after whatever goes wrong. Times are milliseconds of any clock that never goes back.

use std::collections::VecDeque;

use event_log::lease::{Lease, Mark};
use uuid::Uuid;

/// How long a lease lasts. Another relay takes over when it has run out.
pub const LEASE_MS: u64 = 6_000;
/// How often it is renewed.
pub const RENEW_MS: u64 = 1_500;
/// What is left of a lease is not used: the clocks of this process and of the database may run apart so much.
pub const MARGIN_MS: u64 = 1_000;
/// How long somebody who was refused the lease waits before he asks again.
pub const ASK_AGAIN_MS: u64 = 1_000;
/// How long everything rests after a failure.
pub const REST_MS: u64 = 500;
/// Records that may be on their way at once.
pub const IN_FLIGHT_MAX: usize = 30_000;
/// Bytes of data that may be on their way at once. It lies below the producer's own limit, whose refusal is the exception.
pub const IN_FLIGHT_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long none of the records on their way may be confirmed before the relay begins again.
pub const SILENCE_MS_MAX: u64 = 30_000;
/// How long none of them may be confirmed before that is told: a broker may take so long for one request.
pub const SILENCE_MS_TOLD: u64 = 10_000;

/// What there is to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayAction {
    /// Renew the lease of this epoch, or ask for it under a new one; then `held`.
    Hold { epoch: Option<u64> },
    /// Read the topic's tail after this mark and compare it with the log; then `compared`.
    Compare(Mark),
    /// Send the events after this position, as many at most; `sent` after each.
    Send { after: u64, at_most: usize },
    /// Nothing until this moment, or until something is confirmed, or the log grows.
    Wait { until_ms: u64 },
}

/// A record that was sent, and where it ended up, once that is known.
struct InFlightRecord {
    position: u64,
    bytes: usize,
    place: Option<u64>,
}

/// One producer's work: from a comparison to the next failure.
struct Sending {
    sent: u64,
    flights: VecDeque<InFlightRecord>,
    /// The data of all of them.
    bytes: usize,
    /// The producer took no more, and nothing has been confirmed since.
    is_full: bool,
    /// Everything up to here is confirmed, in order.
    done: Mark,
    heard_ms: u64,
}

impl Sending {
    /// How many records may be sent now.
    fn room(&self) -> usize {
        if self.is_full || self.bytes >= IN_FLIGHT_BYTES_MAX {
            return 0;
        }
        IN_FLIGHT_MAX.saturating_sub(self.flights.len())
    }

    fn is_silent(&self, now_ms: u64) -> bool {
        !self.flights.is_empty() && now_ms >= self.heard_ms + SILENCE_MS_MAX
    }
}

struct HeldEpoch {
    lease: Lease,
    /// A producer has sent under this epoch, and was given up: what it left on its way may come late. The next one has
    /// an epoch of its own, so that in a topic the positions of one epoch only grow.
    is_used: bool,
    until_ms: u64,
    renew_at_ms: u64,
}

/// The state of one relay of one log.
#[derive(Default)]
pub struct Core {
    held: Option<HeldEpoch>,
    sending: Option<Sending>,
    /// Not before this moment is anything tried again.
    rest_until_ms: u64,
}

impl Core {
    pub fn todo(&mut self, now_ms: u64, log_end: u64) -> RelayAction {
        let Some(held) = self.held.as_ref().filter(|held| now_ms + MARGIN_MS < held.until_ms) else {
            self.held = None;
            self.sending = None;
            let rests = now_ms < self.rest_until_ms;
            return if rests {
                RelayAction::Wait { until_ms: self.rest_until_ms }
            } else {
                RelayAction::Hold { epoch: None }
            };
        };
        if now_ms < self.rest_until_ms {
            return RelayAction::Wait { until_ms: self.rest_until_ms };
        }
        if held.is_used {
            return RelayAction::Hold { epoch: None };
        }
        // Before anything else: as long as the log grows there is always something else to do.
        if self.sending.as_ref().is_some_and(|sending| sending.is_silent(now_ms)) {
            self.failed(now_ms);
            return RelayAction::Wait { until_ms: self.rest_until_ms };
        }
        if now_ms >= held.renew_at_ms {
            return RelayAction::Hold { epoch: Some(held.lease.epoch) };
        }
        let Some(sending) = &self.sending else { return RelayAction::Compare(held.lease.mark) };
        let room = sending.room();
        if sending.sent < log_end && room > 0 {
            return RelayAction::Send { after: sending.sent, at_most: room };
        }
        RelayAction::Wait { until_ms: held.renew_at_ms }
    }

    /// The answer to a question for the lease that was asked at `asked_ms`: its time runs from then at the latest.
    pub fn held(&mut self, asked_ms: u64, lease: Option<Lease>) {
        let (until_ms, renew_at_ms) = (asked_ms + LEASE_MS, asked_ms + RENEW_MS);
        let renewed = |lease| HeldEpoch { lease, is_used: false, until_ms, renew_at_ms };
        match lease {
            None => {
                self.held = None;
                self.sending = None;
                self.rest_until_ms = asked_ms + ASK_AGAIN_MS;
            }
            Some(lease) => {
                // Under another epoch somebody else may have sent meanwhile: what he wrote has to be looked at.
                if self.epoch() != Some(lease.epoch) {
                    self.sending = None;
                }
                self.held = Some(renewed(lease));
            }
        }
    }

    /// The lease could not be asked for. What is held is held until its time runs out.
    pub fn unanswered(&mut self, now_ms: u64) {
        match &mut self.held {
            Some(held) if !held.is_used => held.renew_at_ms = now_ms + REST_MS,
            Some(_) | None => self.rest_until_ms = now_ms + ASK_AGAIN_MS,
        }
    }

    /// The topic is missing: the lease's mark belonged to it, and is reset in the lease, too.
    pub fn forget_mark(&mut self) {
        if let Some(held) = &mut self.held {
            held.lease.mark = Mark::default();
        }
    }

    /// The topic holds everything up to `mark`, in order, and is the log's.
    pub fn compared(&mut self, now_ms: u64, mark: Mark) {
        if self.held.is_some() {
            self.sending = Some(Sending {
                sent: mark.position,
                flights: VecDeque::new(),
                bytes: 0,
                is_full: false,
                done: mark,
                heard_ms: now_ms,
            });
        }
    }

    /// The event after the last one that was sent is on its way, with so much data. False when that is enough for now.
    pub fn sent(&mut self, now_ms: u64, position: u64, bytes: usize) -> bool {
        if let Some(sending) = &mut self.sending {
            if sending.flights.is_empty() {
                sending.heard_ms = now_ms;
            }
            sending.sent = position;
            sending.bytes += bytes;
            sending.flights.push_back(InFlightRecord { position, bytes, place: None });
        }
        self.sending.as_ref().is_some_and(|sending| sending.room() > 0)
    }

    /// The producer takes no more records. Only a confirmation makes room.
    pub fn full(&mut self, now_ms: u64) {
        match &mut self.sending {
            Some(sending) if !sending.flights.is_empty() => sending.is_full = true,
            // Nothing is on its way, so nothing would ever make room.
            Some(_) => self.failed(now_ms),
            None => {}
        }
    }

    /// A record of this producer is in the topic, at the place before `place`.
    pub fn confirmed(&mut self, now_ms: u64, position: u64, place: u64) {
        let Some(sending) = &mut self.sending else { return };
        // Places only grow in one topic: this one was made anew.
        if place <= sending.done.place {
            return self.failed(now_ms);
        }
        sending.heard_ms = now_ms;
        sending.is_full = false;
        let Some(first) = sending.flights.front().map(|flight| flight.position) else { return };
        let at = position.checked_sub(first).and_then(|at| usize::try_from(at).ok());
        if let Some(flight) = at.and_then(|at| sending.flights.get_mut(at)) {
            flight.place = Some(place);
        }
        while let Some((position, place)) =
            sending.flights.front().and_then(|flight| Some((flight.position, flight.place?)))
        {
            sending.done = Mark { position, place };
            let done = sending.flights.pop_front();
            sending.bytes -= done.map_or(0, |flight| flight.bytes);
        }
    }

    /// The topic ended at this place, which was asked when `confirmed` was the place of what had been confirmed by then.
    /// Where it ended before that, it was lost and made anew. What was confirmed since says nothing: the answer may be old.
    pub fn ends_at(&mut self, now_ms: u64, confirmed: Mark, place: u64) {
        if self.sending.is_some() && place < confirmed.place {
            self.failed(now_ms);
        }
    }

    /// A record was given up, or something could not be read: the producer is dropped, and the tail is compared again.
    /// Nothing is ever sent past a record that failed.
    pub fn failed(&mut self, now_ms: u64) {
        if let (Some(_), Some(held)) = (self.sending.take(), &mut self.held) {
            held.is_used = true;
        }
        self.rest_until_ms = now_ms + REST_MS;
    }

    /// What is known to be in the topic, for the next owner. `None` while nothing is being sent.
    pub fn done(&self) -> Option<Mark> {
        self.sending.as_ref().map(|sending| sending.done)
    }

    /// Whether the producer that sends now may go on.
    pub fn is_sending(&self) -> bool {
        self.sending.is_some()
    }

    /// Whether records are on their way and none was confirmed for longer than a broker may take.
    pub fn is_waiting(&self, now_ms: u64) -> bool {
        let sending = self.sending.as_ref().filter(|sending| !sending.flights.is_empty());
        sending.is_some_and(|sending| now_ms >= sending.heard_ms + SILENCE_MS_TOLD)
    }

    pub fn in_flight(&self) -> usize {
        self.sending.as_ref().map_or(0, |sending| sending.flights.len())
    }

    /// The epoch under which it sends.
    pub fn epoch(&self) -> Option<u64> {
        self.held.as_ref().map(|held| held.lease.epoch)
    }
}

/// The comparison of a topic's tail with the log, record by record. The last record alone proves nothing: one before it
/// may be missing (librdkafka #4134).
#[derive(Debug, Clone, Copy)]
pub struct Tail {
    mark: Mark,
}

/// What the log has at a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InLog {
    Event(Uuid),
    /// The log ends before it.
    Nothing,
}

impl Tail {
    /// Everything up to the mark is in the topic, in order.
    pub fn after(mark: Mark) -> Tail {
        Tail { mark }
    }

    /// The next record, at `offset`, and what the log has at its position.
    ///
    /// # Errors
    /// When the two tell different histories: nothing may be written to this topic.
    pub fn record(&mut self, offset: u64, position: u64, id: Uuid, in_log: InLog) -> Result<(), String> {
        match in_log {
            InLog::Event(expected) if expected == id => {}
            InLog::Event(_) => {
                return Err(format!("the topic holds another event at position {position} than the log: {RESTORED}"));
            }
            InLog::Nothing => {
                return Err(format!("the topic holds position {position}, and the log ends before it: {RESTORED}"));
            }
        }
        if position == self.mark.position + 1 {
            self.mark = Mark { position, place: offset + 1 };
        }
        Ok(())
    }

    /// Up to where the topic holds everything in order.
    pub fn mark(&self) -> Mark {
        self.mark
    }
}

/// What an operator has to think of.
pub const RESTORED: &str = "the log was restored to an older point, or this is another log's topic";

#[cfg(test)]
mod tests {
    use super::*;

    fn leased(epoch: u64) -> Lease {
        Lease { epoch, mark: Mark::default() }
    }

    fn sending() -> Core {
        let mut core = Core::default();
        assert_eq!(core.todo(0, 10), RelayAction::Hold { epoch: None });
        core.held(0, Some(leased(1)));
        assert_eq!(core.todo(0, 10), RelayAction::Compare(Mark::default()));
        core.compared(0, Mark::default());
        core
    }

    #[test]
    fn a_topic_that_is_made_anew_is_compared_from_its_beginning() {
        let (mut core, mark) = (Core::default(), Mark { position: 3, place: 3 });
        core.held(0, Some(Lease { epoch: 1, mark }));
        assert_eq!(core.todo(0, 10), RelayAction::Compare(mark));
        core.forget_mark();
        assert_eq!(core.todo(0, 10), RelayAction::Compare(Mark::default()));
    }

    #[test]
    fn a_relay_sends_what_the_topic_lacks_and_waits_when_it_is_through() {
        let mut core = sending();
        assert_eq!(core.todo(0, 2), RelayAction::Send { after: 0, at_most: IN_FLIGHT_MAX });
        core.sent(0, 1, 1);
        core.sent(0, 2, 1);
        assert_eq!(core.todo(1, 2), RelayAction::Wait { until_ms: RENEW_MS });
        core.confirmed(1, 2, 2);
        assert_eq!(core.done(), Some(Mark::default()));
        core.confirmed(1, 1, 1);
        assert_eq!(core.done(), Some(Mark { position: 2, place: 2 }));
    }

    #[test]
    fn after_a_failure_the_tail_is_compared_and_sent_on_under_a_new_epoch() {
        let mut core = sending();
        core.sent(0, 1, 1);
        core.failed(0);
        assert_eq!(core.todo(0, 9), RelayAction::Wait { until_ms: REST_MS });
        assert_eq!(core.todo(REST_MS, 9), RelayAction::Hold { epoch: None });
        core.unanswered(REST_MS);
        let later = REST_MS + ASK_AGAIN_MS;
        assert_eq!(core.todo(REST_MS, 9), RelayAction::Wait { until_ms: later });
        let mark = Mark { position: 1, place: 1 };
        core.held(later, Some(Lease { epoch: 2, mark }));
        assert_eq!(core.todo(later, 9), RelayAction::Compare(mark));
        // Nothing was sent under this one yet: it is kept.
        core.failed(later);
        assert_eq!(core.todo(later + RENEW_MS, 9), RelayAction::Hold { epoch: Some(2) });
    }

    #[test]
    fn a_topic_that_was_lost_is_compared_again() {
        let mut core = sending();
        core.sent(0, 1, 1);
        core.confirmed(0, 1, 1);
        let confirmed = core.done().expect("it sends");
        core.ends_at(0, confirmed, 1);
        assert!(core.is_sending());
        // The answer to a question from before the first record came.
        core.ends_at(0, Mark::default(), 0);
        assert!(core.is_sending());
        core.ends_at(0, confirmed, 0);
        assert!(!core.is_sending());
        let mut core = sending();
        core.compared(0, Mark { position: 5, place: 5 });
        core.sent(0, 6, 1);
        core.confirmed(0, 6, 1);
        assert!(!core.is_sending());
    }

    #[test]
    fn a_lease_that_was_not_renewed_ends_by_itself_and_before_its_time() {
        let mut core = sending();
        core.sent(0, 1, 1);
        core.unanswered(RENEW_MS);
        assert_eq!(core.todo(LEASE_MS - MARGIN_MS, 9), RelayAction::Hold { epoch: None });
        assert!(!core.is_sending());
        core.held(LEASE_MS, None);
        assert_eq!(core.todo(LEASE_MS, 9), RelayAction::Wait { until_ms: LEASE_MS + ASK_AGAIN_MS });
        // Another epoch: somebody else had it.
        core.held(2 * LEASE_MS, Some(leased(3)));
        assert_eq!(core.todo(2 * LEASE_MS, 9), RelayAction::Compare(Mark::default()));
    }

    /// Whether the log grows meanwhile or not.
    #[test]
    fn a_broker_that_confirms_nothing_is_not_waited_for_without_end() {
        for log_end in [1, 9] {
            let mut core = sending();
            core.sent(0, 1, 1);
            let mut now = 0;
            while now < SILENCE_MS_MAX {
                assert!(core.is_sending());
                core.held(now, Some(leased(1)));
                core.todo(now, log_end);
                now += RENEW_MS;
            }
            core.held(now, Some(leased(1)));
            assert_eq!(core.todo(now, log_end), RelayAction::Wait { until_ms: now + REST_MS });
            assert!(!core.is_sending());
        }
    }

    #[test]
    fn a_producer_that_is_full_is_left_alone_until_something_is_confirmed() {
        let mut core = sending();
        core.sent(0, 1, 1);
        core.sent(0, 2, 1);
        core.full(0);
        assert_eq!(core.todo(1, 9), RelayAction::Wait { until_ms: RENEW_MS });
        core.confirmed(2, 1, 1);
        assert_eq!(core.todo(2, 9), RelayAction::Send { after: 2, at_most: IN_FLIGHT_MAX - 1 });
        // One that is full of nothing is of no use.
        let mut core = sending();
        core.full(0);
        assert!(!core.is_sending());
    }

    #[test]
    fn what_is_on_its_way_is_bounded_in_bytes() {
        let mut core = sending();
        assert!(core.sent(0, 1, IN_FLIGHT_BYTES_MAX / 2));
        assert!(!core.sent(0, 2, IN_FLIGHT_BYTES_MAX / 2));
        assert_eq!(core.todo(0, 9), RelayAction::Wait { until_ms: RENEW_MS });
        core.confirmed(0, 1, 1);
        assert_eq!(core.todo(0, 9), RelayAction::Send { after: 2, at_most: IN_FLIGHT_MAX - 1 });
    }

    /// The trap: producer reorders, and the tail's last record looks fine. The comparison goes back to the gap.
    #[test]
    fn the_comparison_ends_before_the_first_gap() {
        let id = |n: u64| Uuid::from_u128(n.into());
        let mut tail = Tail::after(Mark { position: 1, place: 1 });
        for (offset, position) in [(1, 2), (2, 4), (3, 5)] {
            assert_eq!(tail.record(offset, position, id(position), InLog::Event(id(position))), Ok(()));
        }
        assert_eq!(tail.mark(), Mark { position: 2, place: 2 });
    }

    /// The trap: a log restored to an older point.
    #[test]
    fn a_topic_that_tells_another_history_is_refused() {
        let mut tail = Tail::after(Mark::default());
        assert!(tail.record(0, 1, Uuid::from_u128(1), InLog::Nothing).is_err());
        assert!(tail.record(0, 1, Uuid::from_u128(1), InLog::Event(Uuid::from_u128(2))).is_err());
    }
}
