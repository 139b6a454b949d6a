//! A programme that is in order, ready for use. It does not change: a correction, also of a campaign, is another edition.

use event_core::LocalDate;
use rule_files::ContentHash;

use crate::{
    check::check,
    document::{Cohort, Contraindication, ProgrammeDocument, ScheduledDose, Season, UnreadableProgramme},
    facts::{GivenDose, PersonFacts},
    finding::ProgrammeFinding,
    vaccine::Vaccine,
};

/// An edition of a programme without findings: every id that it names exists, and every campaign can hold for some age.
/// A decision keeps the number and the content hash of the edition with which it was made, so that a later edition changes nothing
/// about it.
#[derive(Debug)]
pub struct Programme {
    document: ProgrammeDocument,
}

/// A text from which no programme can be made.
#[derive(Debug, thiserror::Error)]
pub enum UnusableProgramme {
    #[error(transparent)]
    Unreadable(#[from] UnreadableProgramme),
    #[error("the programme has faults: {}", sentences(.0))]
    Faulty(Vec<ProgrammeFinding>),
}

fn sentences(findings: &[ProgrammeFinding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl Programme {
    /// Reads and checks an edition.
    ///
    /// # Errors
    /// The text is not an edition of a programme, or `check` finds a fault.
    pub fn parse(text: &str) -> Result<Programme, UnusableProgramme> {
        let document = ProgrammeDocument::parse(text)?;
        let findings = check(&document);
        if findings.is_empty() { Ok(Programme { document }) } else { Err(UnusableProgramme::Faulty(findings)) }
    }

    /// The programme's id.
    pub fn id(&self) -> &str {
        &self.document.programme
    }

    /// The number of the edition, from 1.
    pub fn edition(&self) -> u32 {
        self.document.edition
    }

    /// The service type of its appointments: `vaccination-<id>`, at most 50 characters.
    pub fn service_type(&self) -> String {
        format!("vaccination-{}", self.document.programme)
    }

    /// The programme as it was written.
    pub fn document(&self) -> &ProgrammeDocument {
        &self.document
    }

    /// SHA-256 of the edition's canonical form (RFC 8785). Formatting does not change it; every text and rule does.
    pub fn content_hash(&self) -> ContentHash {
        self.document.content_hash()
    }

    pub fn vaccine(&self, id: &str) -> Option<&Vaccine> {
        self.document.vaccines.iter().find(|vaccine| vaccine.id == id)
    }

    /// The doses of the course before its boosters, which have one rule for all of them.
    pub fn course(&self) -> u8 {
        self.document.schedule.iter().filter(|entry| entry.up_to.is_none()).map(|entry| entry.dose).max().unwrap_or(1)
    }

    pub fn contraindication(&self, id: &str) -> Option<&Contraindication> {
        self.document.contraindications.iter().find(|contraindication| contraindication.id == id)
    }

    pub fn cohort(&self, id: &str) -> Option<&Cohort> {
        self.document.cohorts.iter().find(|cohort| cohort.id == id)
    }

    /// The rule of a dose with this number.
    pub fn scheduled(&self, dose: u8) -> Option<&ScheduledDose> {
        self.document.scheduled(dose)
    }

    pub fn season(&self, on: LocalDate) -> Option<&Season> {
        self.document.seasons.iter().find(|season| (season.from..=season.until).contains(&on))
    }

    /// The person's doses of this programme.
    pub(crate) fn own<'a>(&'a self, facts: &'a PersonFacts) -> impl Iterator<Item = &'a GivenDose> {
        facts.doses.iter().filter(|dose| dose.programme == self.document.programme)
    }

    /// The doses of this programme among which a dose on this day is counted: those of its season, or all. None on a day
    /// that is in no season.
    pub(crate) fn counted<'a>(&'a self, facts: &'a PersonFacts, on: LocalDate) -> impl Iterator<Item = &'a GivenDose> {
        let (season, is_seasonal) = (self.season(on), !self.document.seasons.is_empty());
        self.own(facts).filter(move |dose| {
            !is_seasonal || season.is_some_and(|season| (season.from..=season.until).contains(&dose.on))
        })
    }
}
