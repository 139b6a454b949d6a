//! The keys and streams of a batch that are looked up before it is decided under the lock.

use event_core::{StreamName, envelope::Hash};

use super::rows::number;
use crate::{
    evaluate::{Head, Heads, known_by},
    port::LogError,
    store::Request,
};

/// The keys by which the requests may be known, each once.
pub(super) fn keys_of(batch: &[Request]) -> Vec<Hash> {
    let mut keys: Vec<_> = batch.iter().flat_map(|request| known_by(&request.append)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The streams of the requests' conditions, each once.
pub(super) fn streams_of(batch: &[Request]) -> Vec<StreamName> {
    let mut streams: Vec<_> =
        batch.iter().flat_map(|request| &request.append.conditions).map(|condition| condition.stream.clone()).collect();
    streams.sort_unstable();
    streams.dedup();
    streams
}

/// The heads of these streams, as `look.sql` gives them.
pub(super) fn heads_of(streams: Vec<StreamName>, revisions: Vec<i64>, positions: Vec<i64>) -> Result<Heads, LogError> {
    let mut heads = Heads::new();
    for ((stream, revision), position) in streams.into_iter().zip(revisions).zip(positions) {
        heads.insert(stream, Head { revision: number(revision)?, position: number(position)? });
    }
    Ok(heads)
}
