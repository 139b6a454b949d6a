//! The outcomes of earlier commands, put together from the rows of either store.

use event_core::envelope::Hash;

use crate::{
    columns::OutcomeEvent,
    evaluate::Repeats,
    port::LogError,
    store::{EarlierOutcome, Remembered},
};

/// Adds stored events to the outcomes. They are in the order of the log: the first one of a command has its key.
pub(crate) fn add_stored(
    found: &mut Repeats,
    events: impl IntoIterator<Item = Result<OutcomeEvent, LogError>>,
) -> Result<(), LogError> {
    let mut current = None;
    for event in events {
        let event = event?;
        if let Some((key, request_hash)) = event.first {
            found.insert(key, EarlierOutcome { request_hash, stored: Vec::new(), remembered: None });
            current = Some(key);
        }
        if let Some(outcome) = current.and_then(|key| found.get_mut(&key)) {
            outcome.stored.push(event.stored);
        }
    }
    Ok(())
}

/// The outcome of a row of the table `remembered`, by its command key.
///
/// # Errors
/// If a key or hash is not 32 bytes long.
pub(crate) fn of_remembered(
    command_key: &[u8],
    request_hash: &[u8],
    remembered: Remembered,
) -> Result<(Hash, EarlierOutcome), LogError> {
    let hash = |bytes: &[u8]| -> Result<Hash, LogError> {
        bytes.try_into().map_err(|_| LogError::Unusable("a remembered decision's key is not 32 bytes long".into()))
    };
    let request_hash = Some(hash(request_hash)?);
    Ok((hash(command_key)?, EarlierOutcome { request_hash, stored: Vec::new(), remembered: Some(remembered) }))
}
