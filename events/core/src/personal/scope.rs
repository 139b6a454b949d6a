//! The scope in which events are written or read with keys. Serde has no parameter through which a key could reach a
//! field, so the scope is a thread-local variable that is set for the duration of one call.

use std::{cell::RefCell, marker::PhantomData, sync::Arc};

use uuid::Uuid;

use super::key_ring::{CannotOpen, CannotSeal, KeyKind, SubjectKeyRing};
use crate::ids::SubjectId;

struct Scope {
    keys: Arc<dyn SubjectKeyRing>,
    /// The subject of the event that is written or read.
    subject: Option<SubjectId>,
    work: Work,
}

enum Work {
    Seal { event: Uuid, refused: Option<CannotSeal> },
    Open { missing: Vec<SubjectId> },
}

thread_local! {
    static SCOPE: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

/// Runs `work` in the scope, and returns the scope as it is afterwards. The outer scope is restored even after a panic.
fn within<R>(scope: Scope, work: impl FnOnce() -> R) -> (R, Option<Scope>) {
    struct Restore(Option<Scope>);
    impl Drop for Restore {
        fn drop(&mut self) {
            SCOPE.set(self.0.take());
        }
    }
    let _restore = Restore(SCOPE.replace(Some(scope)));
    let result = work();
    (result, SCOPE.take())
}

/// Runs `write`, which encodes the event with this id and subject: its personal fields are sealed. Outside this call an open
/// field cannot be written, so plain text never leaks by omission.
///
/// # Errors
/// When a field could not be sealed. An event without a subject has no key: an open field in it is an error of `write`.
pub fn sealing<R>(
    keys: &Arc<dyn SubjectKeyRing>,
    subject: Option<SubjectId>,
    event: Uuid,
    write: impl FnOnce() -> R,
) -> Result<R, CannotSeal> {
    let scope = Scope { keys: Arc::clone(keys), subject, work: Work::Seal { event, refused: None } };
    let (written, scope) = within(scope, write);
    match scope.map(|scope| scope.work) {
        Some(Work::Seal { refused: Some(refused), .. }) => Err(refused),
        Some(Work::Seal { refused: None, .. } | Work::Open { .. }) | None => Ok(written),
    }
}

/// The subjects of the keys that were needed and are not at hand, each once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the keys of {} persons are not at hand", .0.len())]
pub struct KeysMissing(pub Vec<SubjectId>);

/// Proves that events are read with keys, and sets the subject of the next event.
pub struct OpeningScope {
    /// It belongs to its thread.
    _thread: PhantomData<*const ()>,
}

impl OpeningScope {
    /// The events that are decoded from here on have this subject in their envelope.
    pub fn event_of(&self, subject: Option<SubjectId>) {
        SCOPE.with_borrow_mut(|scope| {
            if let Some(scope) = scope {
                scope.subject = subject;
            }
        });
    }
}

/// Runs `read`, which decodes events: their personal fields are opened. The fields of an erased subject stay closed, so
/// that the event can still be read. A damaged field, or one in an event without a subject, is an error of decoding.
///
/// # Errors
/// When keys are not at hand. All events were read to find out which; `prefetch` the keys and read again.
pub fn opening<R>(keys: &Arc<dyn SubjectKeyRing>, read: impl FnOnce(&OpeningScope) -> R) -> Result<R, KeysMissing> {
    let scope = Scope { keys: Arc::clone(keys), subject: None, work: Work::Open { missing: Vec::new() } };
    let (result, scope) = within(scope, || read(&OpeningScope { _thread: PhantomData }));
    match scope.map(|scope| scope.work) {
        Some(Work::Open { missing }) if !missing.is_empty() => Err(KeysMissing(missing)),
        Some(Work::Open { .. } | Work::Seal { .. }) | None => Ok(result),
    }
}

/// Seals a field of the event that this thread is writing in its scope.
///
/// # Errors
/// The error is for developers, and does not contain the field's text.
pub(super) fn seal(kind: KeyKind, plain: &[u8]) -> Result<String, &'static str> {
    SCOPE.with_borrow_mut(|scope| {
        let Some(Scope { keys, subject, work: Work::Seal { event, refused } }) = scope else {
            return Err("an open personal value is written outside its event");
        };
        let subject = subject.ok_or("an event without a subject has a personal value")?;
        keys.seal(subject, *event, kind, plain).map_err(|why| {
            *refused = Some(why);
            "a personal value could not be sealed"
        })
    })
}

/// Opens a field of the event that this thread is reading in its scope; `None` if the field stays closed.
///
/// # Errors
/// `Damaged` only. A subject without a key at hand is recorded in the scope.
pub(super) fn open(kind: KeyKind, closed: &str) -> Result<Option<Vec<u8>>, CannotOpen> {
    SCOPE.with_borrow_mut(|scope| {
        let Some(Scope { keys, subject, work: Work::Open { missing } }) = scope else { return Ok(None) };
        let subject = subject.ok_or(CannotOpen::Damaged)?;
        match keys.open(subject, kind, closed) {
            Ok(plain) => Ok(Some(plain)),
            Err(CannotOpen::Erased) => Ok(None),
            Err(CannotOpen::Unreachable) => {
                if !missing.contains(&subject) {
                    missing.push(subject);
                }
                Ok(None)
            }
            Err(CannotOpen::Damaged) => Err(CannotOpen::Damaged),
        }
    })
}
