//! The civil time of the health service.

use event_core::time::Zone;

/// The time zone of the clinics of the health service in England.
pub static LONDON: Zone = Zone::named("Europe/London");

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if the zone name is unknown: such a zone would be UTC, without summer time.
    #[test]
    fn the_clocks_of_london_change() {
        let late = "2026-07-01T23:30:00Z".parse().expect("an instant");
        assert_eq!(LONDON.day(late).to_string(), "2026-07-02");
    }
}
