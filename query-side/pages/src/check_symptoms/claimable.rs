//! The symptom checks that a visitor has made without an account, with the codes by which they can be kept. The codes are secrets:
//! they are in a draft of the visit, which goes on with the sign-in that follows.

use page_engine::{PageError, Pages, Visitor};
use serde::{Deserialize, Serialize};
use vocabulary::symptom_checks::{ClaimCode, SymptomCheckId};

/// The name of the draft.
pub const CLAIMABLE_DRAFT: &str = "symptom checks to keep";
/// As many as one person starts on one day.
const CHECKS_MAX: usize = 20;

#[derive(Default, Serialize, Deserialize)]
pub struct ClaimableChecks(Vec<ClaimableCheck>);

#[derive(Clone, Serialize, Deserialize)]
pub struct ClaimableCheck {
    pub check: SymptomCheckId,
    pub code: ClaimCode,
}

impl ClaimableChecks {
    /// # Errors
    /// If the draft cannot be read.
    pub async fn kept(pages: &Pages, visitor: &Visitor) -> Result<ClaimableChecks, PageError> {
        Ok(pages.kept(visitor, CLAIMABLE_DRAFT).await?.unwrap_or_default())
    }

    /// # Errors
    /// If the draft cannot be kept.
    pub async fn keep(&self, pages: &Pages, visitor: &Visitor) -> Result<(), PageError> {
        pages.keep(visitor, CLAIMABLE_DRAFT, self).await
    }

    /// The newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &ClaimableCheck> {
        self.0.iter().rev()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The check with this id, as a form names it.
    pub fn find(&self, check: &str) -> Option<&ClaimableCheck> {
        self.0.iter().find(|known| known.check.to_string() == check)
    }

    /// Adds a check. The oldest is left out if there are too many.
    #[must_use]
    pub fn with(self, added: ClaimableCheck) -> ClaimableChecks {
        let mut checks = self.without(&added.check).0;
        checks.push(added);
        ClaimableChecks(checks.split_off(checks.len().saturating_sub(CHECKS_MAX)))
    }

    #[must_use]
    pub fn without(mut self, check: &SymptomCheckId) -> ClaimableChecks {
        self.0.retain(|known| known.check != *check);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(number: usize) -> ClaimableCheck {
        let check = format!("headache.1.{number:012}").parse().expect("a check");
        ClaimableCheck { check, code: "0123456789ABCDEFGHJKMNPQRS".parse().expect("a code") }
    }

    #[test]
    fn the_newest_20_checks_can_be_kept() {
        let checks = (0..25).map(check).fold(ClaimableChecks::default(), ClaimableChecks::with);
        let ids: Vec<_> = checks.newest_first().map(|one| one.check.clone()).collect();
        assert_eq!(ids, (5..25).rev().map(|number| check(number).check).collect::<Vec<_>>());
        let again = checks.with(check(7));
        assert_eq!(again.newest_first().count(), CHECKS_MAX);
        assert!(again.find("headache.1.000000000007").is_some() && again.find("headache.1.000000000004").is_none());
        assert!(again.without(&check(7).check).find("headache.1.000000000007").is_none());
    }
}
