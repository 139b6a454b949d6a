//! The releases of a build, by pathway and number.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::{release::Release, releases::RELEASES};

/// The releases of this build, read and checked when the first of them is needed. Old ones stay in it, because symptom checks
/// go on and are replayed with the release with which they began. One with a fault would be missing; a test finds it.
pub static CATALOGUE: LazyLock<ReleaseCatalogue> =
    LazyLock::new(|| RELEASES.iter().filter_map(|(_, text)| Release::parse(text).ok()).collect());

#[derive(Debug, Default)]
pub struct ReleaseCatalogue {
    by_pathway: BTreeMap<String, BTreeMap<u32, Release>>,
}

impl ReleaseCatalogue {
    pub fn release(&self, pathway: &str, number: u32) -> Option<&Release> {
        self.by_pathway.get(pathway)?.get(&number)
    }

    /// The release with which symptom checks begin.
    pub fn newest(&self, pathway: &str) -> Option<&Release> {
        self.by_pathway.get(pathway)?.last_key_value().map(|(_, release)| release)
    }

    /// Every release, those of a pathway from the first to the newest.
    pub fn all(&self) -> impl Iterator<Item = &Release> {
        self.by_pathway.values().flat_map(BTreeMap::values)
    }
}

impl FromIterator<Release> for ReleaseCatalogue {
    fn from_iter<I: IntoIterator<Item = Release>>(releases: I) -> ReleaseCatalogue {
        let mut catalogue = ReleaseCatalogue::default();
        for release in releases {
            let pathway = catalogue.by_pathway.entry(release.pathway().to_owned()).or_default();
            pathway.insert(release.number(), release);
        }
        catalogue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_release_of_the_build_is_found_by_its_pathway_and_number() {
        let names: Vec<String> =
            CATALOGUE.all().map(|release| format!("{}.{}", release.pathway(), release.number())).collect();
        assert_eq!(names, RELEASES.map(|(name, _)| name));
        for release in CATALOGUE.all() {
            let found = CATALOGUE.release(release.pathway(), release.number()).expect("in the catalogue");
            assert_eq!(found.content_hash(), release.content_hash());
        }
        assert!(CATALOGUE.release("headache", 0).is_none() && CATALOGUE.newest("toothache").is_none());
    }

    #[test]
    fn a_check_begins_with_the_newest_release_and_older_ones_stay() {
        let text = RELEASES[3].1;
        let later = |number: u32| text.replace("\"release\": 1", &format!("\"release\": {number}"));
        let releases = [10, 1, 9].map(|number| Release::parse(&later(number)).expect("in order"));
        let catalogue: ReleaseCatalogue = releases.into_iter().collect();
        assert_eq!(catalogue.newest("headache").map(Release::number), Some(10));
        assert_eq!(catalogue.release("headache", 1).map(Release::number), Some(1));
        assert_eq!(catalogue.all().count(), 3);
    }
}
