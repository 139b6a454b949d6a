//! A decision that stores no event, in the form in which the log keeps it with the command's key. A repeat of the
//! command gets the same answer, whatever has changed since.
//!
//! A denial by the gate is deliberately not remembered: access is always decided on the current state. A command that
//! was not decided (an unreadable body, a full queue, a conflict) is not remembered either.

use bytes::Bytes;
use event_core::{Rejected, Rejection};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::failure::Failure;

/// JSON, stored for as long as the log keeps it: variants and fields may be added, and never change.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "decision")]
enum RememberedDecision {
    NothingNew,
    Rejected {
        code: String,
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        details: Map<String, Value>,
    },
}

/// The remembered form of a decision without events; `None` if it was not made by the rules.
pub(super) fn encode(refusal: Option<&Failure>) -> Option<Bytes> {
    let remembered = match refusal {
        None => RememberedDecision::NothingNew,
        Some(Failure::Rejected(rejected)) => {
            RememberedDecision::Rejected { code: rejected.rejection.code.to_owned(), details: rejected.details.clone() }
        }
        Some(
            Failure::UnknownCommand
            | Failure::UnfitKey
            | Failure::Unreadable(_)
            | Failure::TextTooLong(_)
            | Failure::Denied(_)
            | Failure::RejectedBefore(_)
            | Failure::KeyReused
            | Failure::Erased
            | Failure::StreamFull
            | Failure::Contended
            | Failure::Overloaded
            | Failure::Unavailable
            | Failure::Broken,
        ) => return None,
    };
    let encoded = serde_json::to_vec(&remembered);
    encoded.inspect_err(|_| tracing::error!("a decision could not be written")).ok().map(Bytes::from)
}

/// The remembered decision: nothing new, or the rejection.
pub(super) fn decode(outcome: &[u8], rejections: &[&'static Rejection]) -> Result<(), Failure> {
    let Ok(remembered) = serde_json::from_slice(outcome) else {
        tracing::error!("a remembered decision cannot be read by this binary");
        return Err(Failure::Broken);
    };
    match remembered {
        RememberedDecision::NothingNew => Ok(()),
        RememberedDecision::Rejected { code, details } => {
            let Some(rejection) = rejections.iter().copied().find(|known| known.code == code) else {
                tracing::error!(code, "a remembered decision has a code that this binary does not know");
                return Err(Failure::Broken);
            };
            Err(Failure::RejectedBefore(Rejected { rejection, details }))
        }
    }
}
