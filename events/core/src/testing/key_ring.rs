//! A key ring for tests, and the contract that every key ring keeps.

use std::{
    collections::HashSet,
    future::poll_fn,
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{
    ids::SubjectId,
    personal::{CannotOpen, CannotSeal, KeyKind, KeysUnreachable, SubjectKeyRing},
};

/// The result of a future that does not wait.
pub fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits"),
    }
}

/// A subject with this number.
pub fn person(number: u8) -> SubjectId {
    SubjectId::new(uuid::Builder::from_random_bytes([number; 16]).into_uuid()).expect("version 4")
}

/// A ring that encrypts nothing. It records the calls, and can act as a vault that is slow, unreachable, or has erased
/// a person. A key is at hand once it was fetched. A text is `p1.` and the base64url of the event's id, a checksum over
/// subject, event, kind and value, and the value.
#[derive(Default)]
pub struct RecordingKeyRing(Mutex<RingState>);

#[derive(Default)]
struct RingState {
    at_hand: HashSet<SubjectId>,
    erased: HashSet<SubjectId>,
    held_back: HashSet<SubjectId>,
    unreachable: bool,
    prefetches: Vec<Vec<SubjectId>>,
    seals: Vec<(SubjectId, Uuid)>,
    wakers: Vec<Waker>,
}

impl RecordingKeyRing {
    fn state(&self) -> MutexGuard<'_, RingState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes every task that waits for a change of it.
    fn change<R>(&self, change: impl FnOnce(&mut RingState) -> R) -> R {
        let mut state = self.state();
        let result = change(&mut state);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        result
    }

    /// Waits until `answer` returns a value.
    async fn until<R>(&self, answer: impl Fn(&RingState) -> Option<R>) -> R {
        poll_fn(|context| {
            let mut state = self.state();
            match answer(&state) {
                Some(answer) => Poll::Ready(answer),
                None => {
                    state.wakers.push(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    pub fn erase(&self, subject: SubjectId) {
        self.change(|state| state.erased.insert(subject));
    }

    /// Forgets all keys, as if they had reached their maximum age.
    pub fn forget_all(&self) {
        self.change(|state| state.at_hand.clear());
    }

    pub fn set_unreachable(&self, unreachable: bool) {
        self.change(|state| state.unreachable = unreachable);
    }

    /// Makes fetches of this key wait until `release`; the other keys of the same call are at hand at once.
    pub fn hold_back(&self, subject: SubjectId) {
        self.change(|state| state.held_back.insert(subject));
    }

    pub fn release(&self, subject: SubjectId) {
        self.change(|state| state.held_back.remove(&subject));
    }

    /// The subjects of each fetch so far.
    pub fn prefetches(&self) -> Vec<Vec<SubjectId>> {
        self.state().prefetches.clone()
    }

    /// Waits until this number of fetches have begun.
    pub async fn until_prefetches(&self, count: usize) {
        self.until(|state| (state.prefetches.len() >= count).then_some(())).await;
    }

    /// The subject and the event's id of each field that was sealed.
    pub fn seals(&self) -> Vec<(SubjectId, Uuid)> {
        self.state().seals.clone()
    }
}

fn checksum(subject: SubjectId, event: &[u8], kind: KeyKind, plain: &[u8]) -> [u8; 8] {
    // FNV-1a.
    let bytes = subject.uuid().into_bytes().into_iter().chain(event.iter().copied());
    let bytes = bytes.chain([kind as u8]).chain(plain.iter().copied());
    let sum = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    sum.to_be_bytes()
}

#[async_trait]
impl SubjectKeyRing for RecordingKeyRing {
    async fn prefetch(&self, subjects: &[SubjectId]) -> Result<(), KeysUnreachable> {
        self.change(|state| {
            state.prefetches.push(subjects.to_vec());
            let come = subjects.iter().filter(|subject| !state.unreachable && !state.held_back.contains(subject));
            state.at_hand.extend(come);
        });
        let answered = |state: &RingState| match state.unreachable {
            true => Some(Err(KeysUnreachable)),
            false => subjects.iter().all(|subject| !state.held_back.contains(subject)).then_some(Ok(())),
        };
        self.until(answered).await?;
        self.change(|state| state.at_hand.extend(subjects));
        Ok(())
    }

    fn seal(&self, subject: SubjectId, event: Uuid, kind: KeyKind, plain: &[u8]) -> Result<String, CannotSeal> {
        let mut state = self.state();
        if !state.at_hand.contains(&subject) {
            return Err(CannotSeal::Unreachable);
        }
        if state.erased.contains(&subject) {
            return Err(CannotSeal::Erased);
        }
        state.seals.push((subject, event));
        let sum = checksum(subject, event.as_bytes(), kind, plain);
        Ok(format!("p1.{}", URL_SAFE_NO_PAD.encode([event.as_bytes(), sum.as_slice(), plain].concat())))
    }

    fn open(&self, subject: SubjectId, kind: KeyKind, closed: &str) -> Result<Vec<u8>, CannotOpen> {
        let state = self.state();
        if state.erased.contains(&subject) {
            return Err(CannotOpen::Erased);
        }
        if !state.at_hand.contains(&subject) {
            return Err(CannotOpen::Unreachable);
        }
        let text = closed.strip_prefix("p1.").ok_or(CannotOpen::Damaged)?;
        let sealed = URL_SAFE_NO_PAD.decode(text).map_err(|_| CannotOpen::Damaged)?;
        let (event, rest) = sealed.split_at_checked(16).ok_or(CannotOpen::Damaged)?;
        let (sum, plain) = rest.split_at_checked(8).ok_or(CannotOpen::Damaged)?;
        if sum == checksum(subject, event, kind, plain) { Ok(plain.to_vec()) } else { Err(CannotOpen::Damaged) }
    }
}

/// The contract of a key ring, on subjects that nothing was sealed for yet and that it can make keys for.
pub async fn key_ring_contract(keys: &dyn SubjectKeyRing) {
    let (alice, event) = (person(0xa1), Uuid::from_u128(0xe1));
    let (kind, plain) = (KeyKind::Record, br#""a sore knee""#.as_slice());
    keys.prefetch(&[]).await.expect("there is nothing to fetch");
    keys.prefetch(&[alice, person(0xb0)]).await.expect("reachable");
    keys.prefetch(&[alice]).await.expect("once more");
    let closed = keys.seal(alice, event, kind, plain).expect("the key is at hand");
    assert_eq!(keys.open(alice, kind, &closed).as_deref(), Ok(plain), "what was sealed opens");
    assert!(closed.starts_with("p0.") || closed.starts_with("p1."), "a form that `/events` masks: {closed}");
    let empty = keys.seal(alice, event, KeyKind::Account, b"").expect("the key is at hand");
    assert_eq!(keys.open(alice, KeyKind::Account, &empty).as_deref(), Ok(b"".as_slice()), "an empty value, too");
    for damaged in ["", "p", "p0", "p9.YQ", "a sore knee", "p0.*", "p1.*", &format!("{closed}*")] {
        assert_eq!(keys.open(alice, kind, damaged), Err(CannotOpen::Damaged), "{damaged}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::personal::Unsealed;

    const EVENT: Uuid = Uuid::from_u128(7);

    fn fetched(numbers: &[u8]) -> RecordingKeyRing {
        let ring = RecordingKeyRing::default();
        let subjects: Vec<SubjectId> = numbers.iter().copied().map(person).collect();
        now(ring.prefetch(&subjects)).expect("reachable");
        ring
    }

    #[test]
    fn every_key_ring_keeps_the_contract() {
        now(key_ring_contract(&Unsealed));
        now(key_ring_contract(&RecordingKeyRing::default()));
    }

    #[test]
    fn a_text_opens_for_its_own_subject_and_kind_only() {
        let ring = fetched(&[1, 2]);
        let closed = ring.seal(person(1), EVENT, KeyKind::Record, b"17").expect("sealed");
        assert_eq!(ring.open(person(1), KeyKind::Record, &closed).as_deref(), Ok(b"17".as_slice()));
        assert_eq!(ring.open(person(2), KeyKind::Record, &closed), Err(CannotOpen::Damaged));
        assert_eq!(ring.open(person(1), KeyKind::Account, &closed), Err(CannotOpen::Damaged));
    }

    #[test]
    fn a_text_that_was_changed_anywhere_is_damaged() {
        let ring = fetched(&[1]);
        let closed = ring.seal(person(1), EVENT, KeyKind::Record, b"17").expect("sealed");
        for at in 0..closed.len() {
            let mut changed = closed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'Q' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(ring.open(person(1), KeyKind::Record, &changed), Err(CannotOpen::Damaged), "at {at}");
        }
    }

    #[test]
    fn an_erased_subject_is_erased_and_a_key_that_is_not_at_hand_is_unreachable() {
        let ring = fetched(&[1, 2]);
        let closed = ring.seal(person(1), EVENT, KeyKind::Record, b"17").expect("sealed");
        ring.forget_all();
        assert_eq!(ring.open(person(1), KeyKind::Record, &closed), Err(CannotOpen::Unreachable));
        assert_eq!(ring.seal(person(1), EVENT, KeyKind::Record, b"17"), Err(CannotSeal::Unreachable));
        ring.set_unreachable(true);
        assert_eq!(now(ring.prefetch(&[person(1)])), Err(KeysUnreachable));
        assert_eq!(ring.open(person(1), KeyKind::Record, &closed), Err(CannotOpen::Unreachable));
        ring.set_unreachable(false);
        ring.erase(person(1));
        assert_eq!(now(ring.prefetch(&[person(1)])), Ok(()), "an erased subject is no failure");
        assert_eq!(ring.open(person(1), KeyKind::Record, &closed), Err(CannotOpen::Erased));
        assert_eq!(ring.seal(person(1), EVENT, KeyKind::Record, b"17"), Err(CannotSeal::Erased));
    }

    #[test]
    fn a_key_that_is_held_back_comes_when_it_is_released() {
        let ring = RecordingKeyRing::default();
        ring.hold_back(person(1));
        let subjects = [person(1)];
        let mut fetch = ring.prefetch(&subjects);
        let mut context = Context::from_waker(Waker::noop());
        assert!(fetch.as_mut().poll(&mut context).is_pending());
        assert_eq!(now(ring.prefetch(&[person(2)])), Ok(()), "it delays no other");
        ring.release(person(1));
        assert_eq!(fetch.as_mut().poll(&mut context), Poll::Ready(Ok(())));
        assert_eq!(ring.prefetches(), [vec![person(1)], vec![person(2)]]);
    }
}
