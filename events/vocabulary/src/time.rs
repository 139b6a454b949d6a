//! The civil time of the health service.

use event_core::time::Zone;

/// The zone in which the health service of England keeps its clinics.
pub static LONDON: Zone = Zone::named("Europe/London");

#[cfg(test)]
mod tests {
    use super::*;

    /// A zone of an unknown name would be UTC, without summer time.
    #[test]
    fn the_clocks_of_london_change() {
        let late = "2026-07-01T23:30:00Z".parse().expect("an instant");
        assert_eq!(LONDON.day(late).to_string(), "2026-07-02");
    }
}
