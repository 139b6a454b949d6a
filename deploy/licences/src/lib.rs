//! The components of the binary `frontdoor`, their licences, and their notices.

/// The components with their licences, and every notice.
pub const TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/licences.txt"));

/// The bill of materials as CycloneDX 1.6 (JSON).
pub const BILL_OF_MATERIALS: &str = include_str!(concat!(env!("OUT_DIR"), "/sbom.json"));

const COMPONENTS: &str = include_str!(concat!(env!("OUT_DIR"), "/components.txt"));

/// The components by name: name and version, and the licence as an SPDX expression.
pub fn components() -> impl Iterator<Item = (&'static str, &'static str)> {
    COMPONENTS.lines().filter_map(|line| line.split_once('\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_has_a_licence_and_vendored_code_has_its_version() {
        let all: Vec<_> = components().collect();
        assert!(all.len() > 200, "{}", all.len());
        assert!(all.iter().all(|(_, licence)| !licence.is_empty()));
        for library in ["AWS-LC", "SQLite", "librdkafka", "Zstandard", "mimalloc (C library)", "nhsuk-frontend"] {
            let versions = all.iter().filter_map(|(component, _)| component.strip_prefix(library)?.strip_prefix(' '));
            let versions: Vec<_> = versions.collect();
            assert!(
                matches!(versions[..], [version] if version.starts_with(|c: char| c.is_ascii_digit())),
                "{library}: {versions:?}"
            );
        }
    }

    #[test]
    fn the_notices_of_what_has_to_be_mentioned_are_there() {
        for notice in ["Magnus Edenhill", "Crown Copyright", "Meta Platforms", "Daan Leijen", "Copyright (c) 2014"] {
            assert!(TEXT.contains(notice), "{notice}");
        }
    }

    #[test]
    fn the_bill_of_materials_has_each_component() {
        let bill: serde_json::Value = serde_json::from_str(BILL_OF_MATERIALS).expect("JSON");
        assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
        let listed = bill["components"].as_array().expect("components");
        assert_eq!(listed.len(), components().count());
    }
}
