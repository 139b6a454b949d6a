//! Decides, without I/O, what a relay does next: hold the lease, compare the topic's tail with the log, send in order,
//! and begin again after any failure. Times are milliseconds of any clock that never goes back.

use std::collections::VecDeque;

use event_log::lease::{Lease, Mark};
use uuid::Uuid;

/// How long a lease lasts. Another relay takes over when it has expired.
pub const LEASE_MS: u64 = 6_000;
/// The time between two renewals.
pub const RENEW_MS: u64 = 1_500;
/// The last part of a lease, which is not used: the clocks of this process and of the database may differ by this much.
pub const MARGIN_MS: u64 = 1_000;
/// The pause before a relay that was refused the lease asks again.
pub const ASK_AGAIN_MS: u64 = 1_000;
/// The pause of all work after a failure.
pub const REST_MS: u64 = 500;
/// Records that may be in flight at the same time.
pub const IN_FLIGHT_MAX: usize = 30_000;
/// Bytes of data that may be in flight at the same time. This is below the producer's own limit, which is rarely met.
pub const IN_FLIGHT_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long none of the records in flight may be confirmed before the relay begins again.
pub const SILENCE_MS_MAX: u64 = 30_000;
/// How long none of them may be confirmed before this is reported: a broker may take this long for one request.
pub const SILENCE_MS_TOLD: u64 = 10_000;

/// The next action of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayAction {
    /// Renew the lease of this epoch, or ask for it under a new one; then call `held`.
    Hold { epoch: Option<u64> },
    /// Read the topic's tail after this mark and compare it with the log; then call `compared`.
    Compare(Mark),
    /// Send the events after this position, `at_most` at most; call `sent` after each.
    Send { after: u64, at_most: usize },
    /// Wait until this time, or until a record is confirmed or the log grows.
    Wait { until_ms: u64 },
}

/// A record that was sent, and its place in the topic once that is known.
struct InFlightRecord {
    position: u64,
    bytes: usize,
    place: Option<u64>,
}

/// The state of one producer, from a comparison to the next failure.
struct Sending {
    sent: u64,
    flights: VecDeque<InFlightRecord>,
    /// The bytes of data of all records in flight.
    bytes: usize,
    /// The producer's queue was full, and no record has been confirmed since.
    is_full: bool,
    /// Everything up to here is confirmed, in order.
    done: Mark,
    heard_ms: u64,
}

impl Sending {
    /// The number of records that may be sent now.
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
    /// A producer has sent under this epoch, and was dropped: its records in flight may arrive late. The next producer
    /// gets an epoch of its own, so that in a topic the positions of one epoch only grow.
    is_used: bool,
    until_ms: u64,
    renew_at_ms: u64,
}

/// The state of one relay of one log.
#[derive(Default)]
pub struct Core {
    held: Option<HeldEpoch>,
    sending: Option<Sending>,
    /// Nothing is tried again before this time.
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
        // Checked first: while the log grows there is always other work.
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

    /// Handles the response to a lease request. The expiry is counted from `asked_ms`, when the request was sent.
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
                // Under another epoch, another relay may have sent records in the meantime, so the topic is compared
                // again.
                if self.epoch() != Some(lease.epoch) {
                    self.sending = None;
                }
                self.held = Some(renewed(lease));
            }
        }
    }

    /// The lease request was not answered. A held lease stays held until it expires.
    pub fn unanswered(&mut self, now_ms: u64) {
        match &mut self.held {
            Some(held) if !held.is_used => held.renew_at_ms = now_ms + REST_MS,
            Some(_) | None => self.rest_until_ms = now_ms + ASK_AGAIN_MS,
        }
    }

    /// Forgets the lease's mark, which belonged to a topic that is now missing. The caller resets the mark in the
    /// lease.
    pub fn forget_mark(&mut self) {
        if let Some(held) = &mut self.held {
            held.lease.mark = Mark::default();
        }
    }

    /// The comparison is done: the topic belongs to the log, and holds everything up to `mark`, in order.
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

    /// The event after the last one sent is in flight, with this many bytes of data. False if no more may be sent for
    /// now.
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

    /// The producer's queue is full. Only a confirmation makes room.
    pub fn full(&mut self, now_ms: u64) {
        match &mut self.sending {
            Some(sending) if !sending.flights.is_empty() => sending.is_full = true,
            // No record is in flight, so no confirmation would ever make room.
            Some(_) => self.failed(now_ms),
            None => {}
        }
    }

    /// A record of this producer is in the topic; `place` is the offset after it.
    pub fn confirmed(&mut self, now_ms: u64, position: u64, place: u64) {
        let Some(sending) = &mut self.sending else { return };
        // Places only grow within one topic: this topic has been created again.
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

    /// The topic ended at this place. `confirmed` is the mark at the time of the request: if the topic ended before it,
    /// the topic was lost and created again. Later confirmations do not count, because the answer may be old.
    pub fn ends_at(&mut self, now_ms: u64, confirmed: Mark, place: u64) {
        if self.sending.is_some() && place < confirmed.place {
            self.failed(now_ms);
        }
    }

    /// A record failed, or a read failed: the producer is dropped, and the tail is compared again. Nothing is ever sent
    /// past a record that failed.
    pub fn failed(&mut self, now_ms: u64) {
        if let (Some(_), Some(held)) = (self.sending.take(), &mut self.held) {
            held.is_used = true;
        }
        self.rest_until_ms = now_ms + REST_MS;
    }

    /// The part of the log that is known to be in the topic, for the next owner. `None` while nothing is being sent.
    pub fn done(&self) -> Option<Mark> {
        self.sending.as_ref().map(|sending| sending.done)
    }

    /// True while the current producer may continue.
    pub fn is_sending(&self) -> bool {
        self.sending.is_some()
    }

    /// True if records are in flight and none has been confirmed for longer than a broker may take.
    pub fn is_waiting(&self, now_ms: u64) -> bool {
        let sending = self.sending.as_ref().filter(|sending| !sending.flights.is_empty());
        sending.is_some_and(|sending| now_ms >= sending.heard_ms + SILENCE_MS_TOLD)
    }

    pub fn in_flight(&self) -> usize {
        self.sending.as_ref().map_or(0, |sending| sending.flights.len())
    }

    /// The epoch of the lease that is held.
    pub fn epoch(&self) -> Option<u64> {
        self.held.as_ref().map(|held| held.lease.epoch)
    }
}

/// The comparison of a topic's tail with the log, record by record. Comparing only the last record would prove nothing:
/// one before it may be missing (librdkafka #4134).
#[derive(Debug, Clone, Copy)]
pub struct Tail {
    mark: Mark,
}

/// The content of the log at a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InLog {
    Event(Uuid),
    /// The log ends before it.
    Nothing,
}

impl Tail {
    /// A comparison that begins after the mark: everything up to it is in the topic, in order.
    pub fn after(mark: Mark) -> Tail {
        Tail { mark }
    }

    /// Compares the next record, at `offset`, with the content of the log at its position.
    ///
    /// # Errors
    /// When topic and log hold different histories: nothing may be written to this topic.
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

    /// The mark up to which the topic holds everything, in order.
    pub fn mark(&self) -> Mark {
        self.mark
    }
}

/// The possible causes, for the operator.
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
        // Nothing was sent under this epoch yet, so it is kept.
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
        // The answer to a request from before the first confirmation.
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
        // Another epoch: another relay had the lease in the meantime.
        core.held(2 * LEASE_MS, Some(leased(3)));
        assert_eq!(core.todo(2 * LEASE_MS, 9), RelayAction::Compare(Mark::default()));
    }

    /// This holds even while the log grows.
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
        // A producer that is full without records in flight is dropped.
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

    /// The trap: the producer reorders records, and the tail's last record looks right. The comparison ends at the gap.
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
