//! The one place where queries open personal fields. A query asks its context for an `Opener` of all subjects of its rows,
//! so that their keys are fetched in one call, and then opens field by field without waiting.

use std::time::Duration;

use event_core::{
    Personal, SubjectId,
    personal::{CannotOpen, PersonalData, SubjectKeyRing},
};
use tokio::time::timeout;

use crate::error::QueryError;

/// The maximum time for fetching the keys of an answer.
pub const KEYS_WAIT_MAX: Duration = Duration::from_secs(2);

/// Opens personal fields with the keys that were fetched for an answer.
pub struct Opener<'a> {
    keys: &'a dyn SubjectKeyRing,
}

impl<'a> Opener<'a> {
    /// # Errors
    /// `KeysUnreachable` where a key does not come within `wait_max`.
    pub(crate) async fn of(
        keys: &'a dyn SubjectKeyRing,
        wait_max: Duration,
        subjects: impl IntoIterator<Item = SubjectId>,
    ) -> Result<Opener<'a>, QueryError> {
        let mut subjects: Vec<SubjectId> = subjects.into_iter().collect();
        subjects.sort_unstable();
        subjects.dedup();
        if !subjects.is_empty() {
            let fetched = timeout(wait_max, keys.prefetch(&subjects)).await;
            fetched.ok().and_then(Result::ok).ok_or(QueryError::KeysUnreachable)?;
        }
        Ok(Opener { keys })
    }

    /// The value of a field. `subject` is that of the event that the field comes from. `None` if the person's data was
    /// erased: the answer then omits the field, and shows its other rows as usual.
    ///
    /// # Errors
    /// `KeysUnreachable` where the key is not at hand, `Broken` where the field is damaged.
    pub fn open<T: PersonalData>(&self, subject: SubjectId, field: &Personal<T>) -> Result<Option<T>, QueryError> {
        match field.open(self.keys, subject) {
            Ok(value) => Ok(Some(value)),
            Err(CannotOpen::Erased) => Ok(None),
            Err(CannotOpen::Unreachable) => Err(QueryError::KeysUnreachable),
            Err(damaged @ CannotOpen::Damaged) => Err(QueryError::Broken(damaged.to_string())),
        }
    }

    /// The same for a field that may be absent from its event.
    ///
    /// # Errors
    /// Those of `open`.
    pub fn open_some<T: PersonalData>(
        &self,
        subject: SubjectId,
        field: Option<&Personal<T>>,
    ) -> Result<Option<T>, QueryError> {
        field.map_or(Ok(None), |field| self.open(subject, field))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::{http::header, response::IntoResponse};
    use event_core::{
        personal::sealing,
        testing::{RecordingKeyRing, now, person},
    };
    use http_edge::problem_catalogue::{INTERNAL, VIEW_UNAVAILABLE};
    use uuid::Uuid;

    use super::*;

    event_core::personal_text!(Remark, "Remark", 100, false, Record);

    /// A ring, and a remark of person 1 that the ring has closed.
    async fn closed() -> (Arc<RecordingKeyRing>, Personal<Remark>) {
        let ring = Arc::new(RecordingKeyRing::default());
        ring.prefetch(&[person(1)]).await.expect("reachable");
        let keys: Arc<dyn SubjectKeyRing> = ring.clone();
        let remark: Personal<Remark> = Personal::new("a sore knee".parse().expect("valid"));
        let wire = sealing(&keys, Some(person(1)), Uuid::from_u128(1), || serde_json::to_string(&remark));
        let closed = serde_json::from_str(&wire.expect("at hand").expect("written")).expect("carried");
        ring.forget_all();
        (ring, closed)
    }

    #[tokio::test]
    async fn the_keys_of_an_answer_are_fetched_in_one_call() {
        let (ring, field) = closed().await;
        let subjects = [2, 1, 2, 3, 1].map(person);
        let opener = Opener::of(&*ring, KEYS_WAIT_MAX, subjects).await.expect("reachable");
        let opened = opener.open(person(1), &field).expect("opens").expect("not erased");
        assert_eq!(opened.as_str(), "a sore knee");
        assert_eq!(opener.open_some::<Remark>(person(1), None).expect("nothing to open"), None);
        let mut fetched = ring.prefetches().split_off(1);
        fetched[0].sort_unstable_by_key(|subject| subject.to_string());
        let mut expected = [1, 2, 3].map(person);
        expected.sort_unstable_by_key(ToString::to_string);
        assert_eq!(fetched, [expected]);
    }

    #[tokio::test]
    async fn rows_without_personal_fields_fetch_no_key() {
        let (ring, _) = closed().await;
        ring.set_unreachable(true);
        assert!(Opener::of(&*ring, KEYS_WAIT_MAX, []).await.is_ok());
    }

    #[tokio::test]
    async fn an_erased_persons_field_is_absent() {
        let (ring, field) = closed().await;
        ring.erase(person(1));
        let opener = Opener::of(&*ring, KEYS_WAIT_MAX, [person(1)]).await.expect("reachable");
        assert_eq!(opener.open(person(1), &field).expect("no failure"), None);
    }

    #[tokio::test]
    async fn a_key_that_cannot_be_fetched_is_503_and_the_caller_may_come_again() {
        let (ring, field) = closed().await;
        ring.set_unreachable(true);
        let refused = Opener::of(&*ring, KEYS_WAIT_MAX, [person(1)]).await.err().expect("unreachable");
        let response = refused.into_response();
        assert_eq!(response.status(), VIEW_UNAVAILABLE.status);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        ring.set_unreachable(false);
        // The key of another row's subject was forgotten in the list of subjects.
        let opener = Opener::of(&*ring, KEYS_WAIT_MAX, [person(2)]).await.expect("reachable");
        assert!(matches!(opener.open(person(1), &field), Err(QueryError::KeysUnreachable)));
    }

    #[tokio::test]
    async fn a_key_that_does_not_come_is_given_up() {
        let (ring, _) = closed().await;
        ring.hold_back(person(1));
        let asked = Opener::of(&*ring, Duration::from_millis(1), [person(1)]);
        let given_up = timeout(Duration::from_secs(20), asked).await.expect("after the limit");
        assert!(matches!(given_up, Err(QueryError::KeysUnreachable)));
    }

    #[tokio::test]
    async fn a_damaged_field_and_one_of_another_subject_are_500_and_say_nothing_of_their_text() {
        let (ring, field) = closed().await;
        let opener = Opener::of(&*ring, KEYS_WAIT_MAX, [1, 2].map(person)).await.expect("reachable");
        let damaged: Personal<Remark> = serde_json::from_str("\"p1.c2VjcmV0\"").expect("carried");
        for refused in [opener.open(person(1), &damaged), opener.open(person(2), &field)] {
            let Err(QueryError::Broken(words)) = &refused else { panic!("it opens") };
            assert!(!words.contains("c2VjcmV0") && !words.contains("secret"), "{words}");
            assert_eq!(refused.expect_err("refused").into_response().status(), INTERNAL.status);
        }
    }

    #[test]
    fn what_is_open_needs_no_key() {
        let ring = RecordingKeyRing::default();
        let opener = now(Opener::of(&ring, KEYS_WAIT_MAX, [])).expect("nothing to fetch");
        let open = Personal::new("said".parse::<Remark>().expect("valid"));
        assert!(opener.open(person(1), &open).is_ok_and(|value| value.is_some()));
    }
}
