use event_core::Raw;
use uuid::Uuid;

/// The progress of a follower: the last event that it has handled and saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    pub position: u64,
    /// The id of the event at this position. Another id there means another history. `None` at position 0.
    pub event_id: Option<Uuid>,
    /// The time when the event was recorded, in microseconds since 1970; 0 if it is not known.
    pub recorded_at: i64,
}

impl Checkpoint {
    /// Before the first event.
    pub const START: Checkpoint = Checkpoint { position: 0, event_id: None, recorded_at: 0 };

    pub fn at(event: &Raw) -> Checkpoint {
        Checkpoint { position: event.position, event_id: Some(event.id), recorded_at: event.recorded_at.micros() }
    }
}
