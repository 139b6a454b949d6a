//! The facts about a person on which eligibility depends. They are personal, and masked in `Debug`.

use std::fmt;

use event_core::LocalDate;

/// A person, as far as a programme looks at them.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonFacts {
    pub born: LocalDate,
    /// Ids of cohorts: those that the person declared, and those that a record says. One that the programme does not know is
    /// without effect.
    pub cohorts: Vec<String>,
    pub contraindications: Vec<DeclaredContraindication>,
    /// All doses that count: those of other programmes may be among them and are left out, voided doses are not among them.
    pub doses: Vec<GivenDose>,
}

/// A question of the programme that was answered with yes.
#[derive(Clone, PartialEq, Eq)]
pub struct DeclaredContraindication {
    pub id: String,
    /// The day from which a deferral counts. A contraindication that excludes needs none.
    pub on: Option<LocalDate>,
}

/// A dose that was given, wherever that was.
#[derive(Clone, PartialEq, Eq)]
pub struct GivenDose {
    pub programme: String,
    /// From 1; in a programme with seasons, in the season of its day.
    pub number: u8,
    /// The vaccine's id. It can be one that the programme does not have, such as one of another country.
    pub vaccine: String,
    pub on: LocalDate,
}

impl fmt::Debug for PersonFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonFacts(***)")
    }
}

impl fmt::Debug for DeclaredContraindication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeclaredContraindication(***)")
    }
}

impl fmt::Debug for GivenDose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GivenDose(***)")
    }
}
