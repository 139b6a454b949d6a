//! The reason that a symptom check suggests for the booking that follows from it. It is personal, so it is kept as a draft until the
//! details of the booking are shown.

use event_core::Timestamp;
use page_engine::{PageError, Pages, Visitor};
use serde::{Deserialize, Serialize};

/// The name of the draft.
const DRAFT: &str = "reason from a symptom check";
/// The time for which a booking is taken to follow from the check.
const KEPT_MINUTES: i64 = 60;

#[derive(Default, Serialize, Deserialize)]
struct SuggestedReason {
    reason: String,
    made_at: Option<Timestamp>,
}

/// Keeps the reason.
///
/// # Errors
/// If it cannot be kept.
pub async fn suggest(pages: &Pages, visitor: &Visitor, reason: String) -> Result<(), PageError> {
    pages.keep(visitor, DRAFT, &SuggestedReason { reason, made_at: Some(pages.now()) }).await
}

/// The reason for the booking that follows. Empty if there is none.
///
/// # Errors
/// If the draft cannot be read.
pub async fn suggested(pages: &Pages, visitor: &Visitor) -> Result<String, PageError> {
    let kept: SuggestedReason = pages.kept(visitor, DRAFT).await?.unwrap_or_default();
    let is_new = kept.made_at.is_some_and(|made_at| made_at.plus_minutes(KEPT_MINUTES) > pages.now());
    Ok(if is_new { kept.reason } else { String::new() })
}

/// Forgets the reason: a booking has it.
///
/// # Errors
/// If the draft cannot be kept.
pub async fn used(pages: &Pages, visitor: &Visitor) -> Result<(), PageError> {
    pages.keep(visitor, DRAFT, &SuggestedReason::default()).await
}
