//! The port of activities, the purposes of visits. An activity is a file in `activities`, and a line in its list.

use async_trait::async_trait;

use crate::visit::{UserVisit, VisitEnded};

/// The requests of an average visit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VisitLoad {
    pub queries: f64,
    pub commands: f64,
}

/// Something that an activity uses up, so that the preparation has to provide it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Supply {
    Nothing,
    /// Places in clinics of this kind, one for each visit.
    Places(&'static SimulatedClinic),
    /// Repeat plans, for each patient that comes.
    RepeatPlans,
}

/// A kind of clinic.
#[derive(Debug, PartialEq)]
pub struct SimulatedClinic {
    /// The service type of its sessions.
    pub service: &'static str,
    pub practitioner: &'static str,
    pub role: &'static str,
    /// Each session is from 09:00 to this time.
    pub until: &'static str,
    pub slot_minutes: u16,
    pub capacity: u16,
    /// The places of one session.
    pub places: u32,
    /// True if its slots are released at the beginning of the run (eight o'clock).
    pub released_at_start: bool,
}

/// A purpose of a visit.
#[async_trait]
pub trait Activity: Send + Sync {
    /// The name in the mix.
    fn name(&self) -> &'static str;

    fn load(&self) -> VisitLoad;

    fn supply(&self) -> Supply {
        Supply::Nothing
    }

    /// One visit, from its first request to its last.
    ///
    /// # Errors
    /// If a step has no answer.
    async fn visit(&self, visit: &mut UserVisit) -> Result<(), VisitEnded>;
}
