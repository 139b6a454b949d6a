//! Pathways of the symptom check: the format of a release, the check of a release before it is used, the next question for
//! the answers so far, the cases with which clinicians test a release, and five demonstration pathways.
//! Pure: no I/O, no clock, no randomness. A release is a text, and today's date comes in with the demographics.

pub mod answer;
pub mod cases;
pub mod check;
mod compiled;
pub mod decimal;
pub mod demographics;
pub mod disposition;
pub mod document;
pub mod finding;
pub mod mermaid;
pub mod release;
pub mod release_catalogue;
pub mod releases;
pub mod rule;
pub mod step;
pub mod time_frame;

pub use answer::{AnswerValue, PathwayAnswer};
pub use cases::{CaseResult, run_cases};
pub use check::check;
pub use decimal::Decimal;
pub use demographics::{Demographic, Demographics, Party, Sex};
pub use disposition::{Disposition, OnwardLink};
pub use document::{AnswerType, Outcome, PathwayDocument, Question, UnreadablePathway};
pub use finding::{Finding, FindingKind};
pub use mermaid::mermaid;
pub use release::{Release, UnusableRelease};
pub use release_catalogue::{CATALOGUE, ReleaseCatalogue};
pub use releases::RELEASES;
pub use rule_files::{ContentHash, UnreadableCases};
pub use step::{AnswerFault, Because, NextError, Step, next};
pub use time_frame::TimeFrame;
