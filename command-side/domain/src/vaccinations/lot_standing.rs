//! The standing of a lot of a vaccine: in use, or recalled. A recall is final.

use event_core::State;
use vocabulary::vaccinations::LotEvent;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LotStanding {
    #[default]
    InUse,
    Recalled,
}

impl State for LotStanding {
    type Event = LotEvent;

    fn evolve(&mut self, event: &LotEvent) {
        match event {
            LotEvent::Recalled(_) => *self = LotStanding::Recalled,
        }
    }
}
