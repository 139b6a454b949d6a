//! The programmes of a build, by id and edition.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::{editions::EDITIONS, programme::Programme, vaccine::PassCodes};

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

    /// The codes of a vaccine for passes, and the doses of the course, from the newest edition that has them. `None` if there are no
    /// passes for it.
    pub fn pass_codes(&self, programme: &str, vaccine: &str) -> Option<(&PassCodes, u8)> {
        let mut newest_first = self.by_id.get(programme)?.values().rev();
        newest_first.find_map(|edition| Some((edition.vaccine(vaccine)?.pass.as_ref()?, edition.course())))
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
    fn a_vaccine_of_an_older_edition_keeps_its_pass() {
        let covid = EDITIONS[0].1;
        let without = covid.replace("\"edition\": 1", "\"edition\": 2").replace("comirnaty\"", "comirnaty-2\"");
        let editions = [covid.to_owned(), without].map(|text| Programme::parse(&text).expect("in order"));
        let catalogue: ProgrammeCatalogue = editions.into_iter().collect();
        assert!(catalogue.newest("covid-19").is_some_and(|newest| newest.vaccine("comirnaty").is_none()));
        let (codes, course) = catalogue.pass_codes("covid-19", "comirnaty").expect("codes");
        assert_eq!((codes.mp.as_str(), course), ("EU/1/20/1528", 2));
        assert!(catalogue.pass_codes("mmr", "mmr").is_none() && catalogue.pass_codes("mumps", "mmr").is_none());
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
