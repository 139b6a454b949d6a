//! The ids of symptom checks, and of the pathways' releases that they follow. A check names its release, so that each command
//! to it reads whether the release was recalled.

use std::{fmt, str::FromStr, sync::Arc};

use event_core::{
    Malformed,
    personal::{KeyKind, PersonalData},
    text_id,
};
use serde::{Deserialize, Serialize};

const NUMBER: usize = 12;
const NAME_MAX: usize = 60;

/// `^[a-z0-9][a-z0-9-]{0,59}$`: the rule of ids in a release.
fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('-')
}

/// A release of a pathway: `<pathway>.<number>`, like `headache.1`. It tells which symptoms a person has, so it is never in a
/// log line beside a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathwayReleaseId {
    pathway: Arc<str>,
    number: u32,
}

text_id!(PathwayReleaseId, "PathwayReleaseId", "^[a-z0-9][a-z0-9-]{0,59}[.][1-9][0-9]{0,8}$");

impl PathwayReleaseId {
    pub fn pathway(&self) -> &str {
        &self.pathway
    }

    pub fn number(&self) -> u32 {
        self.number
    }
}

impl fmt::Display for PathwayReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.pathway, self.number)
    }
}

impl FromStr for PathwayReleaseId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed("a release is <pathway>.<number>, like headache.1".into());
        let (pathway, number) = text.split_once('.').ok_or_else(malformed)?;
        let digits = (1..=9).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        if !is_name(pathway) || !digits || number.starts_with('0') {
            return Err(malformed());
        }
        Ok(PathwayReleaseId { pathway: pathway.into(), number: number.parse().map_err(|_| malformed())? })
    }
}

/// A symptom check: `<its release>.<12 characters of Crockford base32>`, chosen by the app that starts it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SymptomCheckId {
    release: PathwayReleaseId,
    number: SymptomCheckNumber,
}

text_id!(SymptomCheckId, "SymptomCheckId", "^[a-z0-9][a-z0-9-]{0,59}[.][1-9][0-9]{0,8}[.][0-9A-HJKMNP-TV-Z]{12}$");

impl SymptomCheckId {
    pub fn new(release: PathwayReleaseId, number: SymptomCheckNumber) -> SymptomCheckId {
        SymptomCheckId { release, number }
    }

    /// The release that the check follows from its start to its end.
    pub fn release(&self) -> &PathwayReleaseId {
        &self.release
    }

    /// The check among those of its person, without a word about symptoms: addresses have it beside the person.
    pub fn number(&self) -> &SymptomCheckNumber {
        &self.number
    }
}

impl fmt::Display for SymptomCheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.release, self.number)
    }
}

impl FromStr for SymptomCheckId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || {
            Malformed(
                "a symptom check is <its release>.<12 characters of Crockford base32>, like headache.1.9KTW3M0ZQ1BC"
                    .into(),
            )
        };
        let (release, number) = text.rsplit_once('.').ok_or_else(malformed)?;
        let number = number.parse().map_err(|_| malformed())?;
        Ok(SymptomCheckId { release: release.parse().map_err(|_| malformed())?, number })
    }
}

/// The number of a symptom check: 12 characters of Crockford base32, chosen by the app that starts it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SymptomCheckNumber(Arc<str>);

text_id!(SymptomCheckNumber, "SymptomCheckNumber", "^[0-9A-HJKMNP-TV-Z]{12}$");

impl fmt::Display for SymptomCheckNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SymptomCheckNumber {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let crockford = |b: u8| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"ILOU".contains(&b));
        if text.len() == NUMBER && text.bytes().all(crockford) {
            Ok(SymptomCheckNumber(text.into()))
        } else {
            Err(Malformed("the number of a symptom check is 12 characters of Crockford base32".into()))
        }
    }
}

/// A question, an option or an outcome of a pathway, by its id there: 1 to 60 characters of `a-z0-9-`. The questions that a
/// person is asked follow from their answers, so it is personal data, and prints masked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathwayItemId(Box<str>);

text_id!(PathwayItemId, "PathwayItemId", "^[a-z0-9][a-z0-9-]{0,59}$");

impl PathwayItemId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PersonalData for PathwayItemId {
    const KEY: KeyKind = KeyKind::Record;
}

impl fmt::Display for PathwayItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PathwayItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl FromStr for PathwayItemId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        if is_name(text) {
            Ok(PathwayItemId(text.into()))
        } else {
            Err(Malformed(
                "an id in a pathway is 1 to 60 characters of a-z, 0-9 and '-', and does not begin with '-'".into(),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use event_core::StreamName;
    use pathways::RELEASES;

    use super::*;

    #[test]
    fn a_check_names_its_release_and_a_release_its_pathway() {
        let check: SymptomCheckId = "minor-skin-problem.12.9KTW3M0ZQ1BC".parse().expect("a check");
        assert_eq!(check.to_string(), "minor-skin-problem.12.9KTW3M0ZQ1BC");
        assert_eq!((check.release().pathway(), check.release().number()), ("minor-skin-problem", 12));
        for wrong in ["headache.1", "headache.9KTW3M0ZQ1BC", "headache.1.9KTW3M0ZQ1B", "headache.1.9KTW3M0ZQ1BI"] {
            assert!(wrong.parse::<SymptomCheckId>().is_err(), "{wrong}");
        }
        for wrong in
            ["headache", "headache.0", "headache.01", "headache.+1", "-ache.1", "Headache.1", "headache.1234567890"]
        {
            assert!(wrong.parse::<PathwayReleaseId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_longest_ids_fit_into_the_name_of_a_stream() {
        let longest = format!("{}.999999999.9KTW3M0ZQ1BC", "a".repeat(NAME_MAX));
        assert!(longest.parse::<SymptomCheckId>().is_ok());
        assert!(format!("symptoms-{longest}").parse::<StreamName>().is_ok());
    }

    #[test]
    fn every_release_of_the_build_has_an_id() {
        for (name, _) in RELEASES {
            assert_eq!(name.parse::<PathwayReleaseId>().expect("a release").to_string(), name);
        }
    }
}
