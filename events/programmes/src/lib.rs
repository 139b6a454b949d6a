//! Vaccination programmes: the format of a programme, the check of a programme before it is used, the eligibility of a person on the
//! date of an appointment, two doses that are booked together, the review of a dose that is recorded, the cases with which clinicians
//! test a programme, and demonstration programmes.
//! Pure: no I/O, no clock, no randomness. A programme is a text, and all dates come in as data.

pub mod age;
mod case_row;
pub mod cases;
pub mod check;
mod day;
pub mod document;
pub mod dose_review;
pub mod editions;
pub mod eligibility;
pub mod facts;
pub mod finding;
pub mod lot;
pub mod obstacle;
pub mod programme;
pub mod programme_catalogue;
pub mod together;
pub mod vaccine;

pub use age::{AgeLimit, AgeRange};
pub use cases::{EligibilityCase, run_cases};
pub use check::check;
pub use document::{
    Campaign, CampaignGroup, Cohort, Contraindication, ContraindicationEffect, DoseInterval, PairedDoses,
    ProgrammeDocument, ScheduledDose, Season, UnreadableProgramme,
};
pub use dose_review::{DoseFault, NewDose, OutsideSchedule, review_dose};
pub use editions::EDITIONS;
pub use eligibility::{Eligibility, eligibility};
pub use facts::{DeclaredContraindication, GivenDose, PersonFacts};
pub use finding::{ProgrammeFinding, ProgrammeFindingKind};
pub use lot::LotNumber;
pub use obstacle::Obstacle;
pub use programme::{Programme, UnusableProgramme};
pub use programme_catalogue::{CATALOGUE, ProgrammeCatalogue};
pub use rule_files::{ContentHash, UnreadableCases};
pub use together::{NotTogether, SecondDates, together};
pub use vaccine::{PassCodes, Vaccine, VaccineRoute};
