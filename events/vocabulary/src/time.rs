//! The civil time of the health service.

use event_core::time::Zone;

/// The zone in which the health service of England keeps its clinics.
pub static LONDON: Zone = Zone::named("Europe/London");
