//! The programmes of a build, by id and edition.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::{editions::EDITIONS, programme::Programme};

/// The editions of this build, read and checked when the first of them is needed. Old ones stay in it, because decisions are
/// explained with the edition with which they were made. One with a fault would be missing; a test finds it.
pub static CATALOGUE: LazyLock<ProgrammeCatalogue> =
    LazyLock::new(|| EDITIONS.iter().filter_map(|(_, text)| Programme::parse(text).ok()).collect());

#[derive(Debug, Default)]
pub struct ProgrammeCatalogue {
    by_id: BTreeMap<String, BTreeMap<u32, Programme>>,
}

impl ProgrammeCatalogue {
    pub fn edition(&self, programme: &str, number: u32) -> Option<&Programme> {
        self.by_id.get(programme)?.get(&number)
    }

    /// The edition with which appointments are booked.
    pub fn newest(&self, programme: &str) -> Option<&Programme> {
        self.by_id.get(programme)?.last_key_value().map(|(_, edition)| edition)
    }

    /// Every edition, those of a programme from the first to the newest.
    pub fn all(&self) -> impl Iterator<Item = &Programme> {
        self.by_id.values().flat_map(BTreeMap::values)
    }
}

impl FromIterator<Programme> for ProgrammeCatalogue {
    fn from_iter<I: IntoIterator<Item = Programme>>(editions: I) -> ProgrammeCatalogue {
        let mut catalogue = ProgrammeCatalogue::default();
        for edition in editions {
            let programme = catalogue.by_id.entry(edition.id().to_owned()).or_default();
            programme.insert(edition.edition(), edition);
        }
        catalogue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edition_of_the_build_is_found_by_its_programme_and_number() {
        let names: Vec<String> =
            CATALOGUE.all().map(|edition| format!("{}.{}", edition.id(), edition.edition())).collect();
        assert_eq!(names, EDITIONS.map(|(name, _)| name));
        for edition in CATALOGUE.all() {
            let found = CATALOGUE.edition(edition.id(), edition.edition()).expect("in the catalogue");
            assert_eq!(found.content_hash(), edition.content_hash());
        }
        assert!(CATALOGUE.edition("mmr", 0).is_none() && CATALOGUE.newest("measles").is_none());
    }

    #[test]
    fn appointments_use_the_newest_edition_and_older_ones_stay() {
        let text = EDITIONS[2].1;
        let later = |number: u32| text.replace("\"edition\": 1", &format!("\"edition\": {number}"));
        let editions = [10, 1, 9].map(|number| Programme::parse(&later(number)).expect("in order"));
        let catalogue: ProgrammeCatalogue = editions.into_iter().collect();
        assert_eq!(catalogue.newest("mmr").map(Programme::edition), Some(10));
        assert_eq!(catalogue.edition("mmr", 1).map(Programme::edition), Some(1));
        assert_eq!(catalogue.all().count(), 3);
    }
}
