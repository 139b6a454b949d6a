//! A release that is in order, ready for use. It does not change: a correction is another release.

use rule_files::ContentHash;

use crate::{
    check::compile,
    compiled::CompiledQuestion,
    demographics::Demographics,
    document::{Outcome, PathwayDocument, Question, UnreadablePathway},
    finding::Finding,
};

/// A release without findings. In every situation exactly one of a question's rules holds, and the questions have no loop, so
/// every walk ends at an outcome after at most as many answers as there are questions.
#[derive(Debug)]
pub struct Release {
    document: PathwayDocument,
    content_hash: ContentHash,
    questions: Vec<CompiledQuestion>,
}

/// A text from which no release can be made.
#[derive(Debug, thiserror::Error)]
pub enum UnusableRelease {
    #[error(transparent)]
    Unreadable(#[from] UnreadablePathway),
    #[error("the release has faults: {}", sentences(.0))]
    Faulty(Vec<Finding>),
}

fn sentences(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl Release {
    /// Reads, checks and compiles a release. The check takes milliseconds, seconds at its limits: do this once.
    ///
    /// # Errors
    /// The text is not a release, or `check` finds a fault.
    pub fn parse(text: &str) -> Result<Release, UnusableRelease> {
        let document = PathwayDocument::parse(text)?;
        let questions = compile(&document).map_err(UnusableRelease::Faulty)?;
        let content_hash = document.content_hash();
        Ok(Release { document, content_hash, questions })
    }

    /// The pathway's id.
    pub fn pathway(&self) -> &str {
        &self.document.pathway
    }

    /// The number of the release, from 1.
    pub fn number(&self) -> u32 {
        self.document.release
    }

    /// The release as it was written: title, ages, questions, outcomes.
    pub fn document(&self) -> &PathwayDocument {
        &self.document
    }

    /// SHA-256 of the release's canonical form (RFC 8785). Formatting does not change it; every text and rule does.
    pub fn content_hash(&self) -> ContentHash {
        self.content_hash
    }

    pub fn question(&self, id: &str) -> Option<&Question> {
        self.document.questions.iter().find(|question| question.id == id)
    }

    pub fn outcome(&self, id: &str) -> Option<&Outcome> {
        self.document.outcomes.iter().find(|outcome| outcome.id == id)
    }

    /// Is the release made for this age, sex and party?
    pub fn is_for(&self, demographics: &Demographics) -> bool {
        let document = &self.document;
        (document.ages.min..=document.ages.max).contains(&demographics.age_years)
            && document.sexes.contains(&demographics.sex)
            && document.parties.contains(&demographics.party)
    }

    pub(crate) fn compiled(&self) -> &[CompiledQuestion] {
        &self.questions
    }
}
