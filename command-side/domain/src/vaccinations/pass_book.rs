//! The vaccination passes of one person.

use std::collections::BTreeMap;

use event_core::{Rejected, State, SubjectId, Timestamp};
use passes::RevocationHash;
use vocabulary::vaccinations::{DoseId, PassEvent, PassId, PassRevoked, RevocationCause};

use super::rejections::TOO_MANY_PASSES;

/// The passes of one dose that are valid at the same time: a phone or two, paper, and some that were lost.
pub const VALID_PASSES_MAX: usize = 10;
/// The passes of one person: two a month for 40 years. A stream holds 10,000 events.
pub const PASSES_MAX: usize = 1_000;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PassBook {
    passes: BTreeMap<PassId, KnownPass>,
}

/// A pass that was issued.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownPass {
    pub dose: DoseId,
    pub revocation: RevocationHash,
    pub expires_at: Timestamp,
    pub is_revoked: bool,
}

impl KnownPass {
    pub fn is_valid(&self, now: Timestamp) -> bool {
        !self.is_revoked && now < self.expires_at
    }

    pub fn revoked(&self, subject: SubjectId, id: &PassId, cause: RevocationCause, now: Timestamp) -> PassRevoked {
        let (pass, revocation, expires_at) = (id.clone(), self.revocation, self.expires_at);
        PassRevoked { subject, pass, revocation, expires_at, cause, revoked_at: now }
    }
}

impl State for PassBook {
    type Event = PassEvent;

    fn evolve(&mut self, event: &PassEvent) {
        match event {
            PassEvent::Issued(issued) => {
                let (dose, revocation, expires_at) = (issued.dose.clone(), issued.revocation, issued.expires_at);
                let pass = KnownPass { dose, revocation, expires_at, is_revoked: false };
                self.passes.insert(issued.pass.clone(), pass);
            }
            PassEvent::Revoked(revoked) => {
                if let Some(pass) = self.passes.get_mut(&revoked.pass) {
                    pass.is_revoked = true;
                }
            }
        }
    }
}

impl PassBook {
    pub fn pass(&self, id: &PassId) -> Option<&KnownPass> {
        self.passes.get(id)
    }

    /// # Errors
    /// `too-many-passes`.
    pub fn may_issue(&self, dose: &DoseId, now: Timestamp) -> Result<(), Rejected> {
        let valid = self.passes.values().filter(|pass| pass.dose == *dose && pass.is_valid(now)).count();
        if valid >= VALID_PASSES_MAX {
            return Err(TOO_MANY_PASSES.with("limit", VALID_PASSES_MAX));
        }
        if self.passes.len() >= PASSES_MAX { Err(TOO_MANY_PASSES.with("limit", PASSES_MAX)) } else { Ok(()) }
    }

    /// The revocations of all valid passes of a dose.
    pub fn revocations(
        &self,
        subject: SubjectId,
        dose: &DoseId,
        cause: RevocationCause,
        now: Timestamp,
    ) -> Vec<PassRevoked> {
        let of_dose = self.passes.iter().filter(|(_, pass)| pass.dose == *dose && pass.is_valid(now));
        of_dose.map(|(id, pass)| pass.revoked(subject, id, cause, now)).collect()
    }
}
