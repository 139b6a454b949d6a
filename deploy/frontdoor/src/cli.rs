//! The command line: the commands of the platform, and those of the health application.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use event_core::OrganisationCode;
use host::url::Url;
use vocabulary::access::{CallerRole, IdentityLevel, Permission};

/// Frontdoor: event-sourced services of a digital front door to health care.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    pub task: Task,
}

#[derive(Debug, Subcommand)]
pub enum Task {
    #[command(flatten)]
    Platform(host::PlatformTask),
    /// Print a token for the demonstration.
    Token(Token),
    /// Verify the files of a stopped server, or the tables and topics of a running system. Exits with 0 if they are sound, 1 if
    /// something is wrong, 2 if it could not be checked.
    Check(Check),
    /// Check and test releases of the symptom check's pathways (events/pathways/README.md has the format). Exits with 0 if all is
    /// well, 1 if something is wrong, 2 if a file cannot be read.
    #[command(subcommand)]
    Pathway(PathwayTask),
    /// Check and test editions of vaccination programmes (events/programmes/README.md has the format). Exits with 0 if all is well,
    /// 1 if something is wrong, 2 if a file cannot be read.
    #[command(subcommand)]
    Programme(ProgrammeTask),
    Simulate(Box<simulate::Simulate>),
    /// Print what this binary is made of: components, licences, and every notice.
    Licences(Licences),
}

#[derive(Debug, Clone, Subcommand)]
pub enum PathwayTask {
    /// Find faults of a release: questions that are not reached, dead ends, loops, rules that overlap or are missing, options that
    /// lead nowhere, red flags that are not asked first, missing texts.
    Check {
        /// The release, a JSON file.
        file: PathBuf,
    },
    /// Run cases, each a person, their answers, and the outcome that a clinician expects.
    Test {
        /// The release, a JSON file.
        file: PathBuf,
        /// A CSV file with the columns `case`, `age`, `sex`, `party`, the ids of questions, and `outcome`.
        cases: PathBuf,
    },
    /// Draw the questions and outcomes of a release as a Mermaid flowchart, also if it has faults.
    Graph {
        /// The release, a JSON file.
        file: PathBuf,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub enum ProgrammeTask {
    /// Find faults of an edition: ids that do not exist, missing texts, gaps and intervals of doses that contradict, dates that overlap,
    /// campaigns that hold for nobody, doses that no campaign offers. Prints the content hash.
    Check {
        /// The edition, a JSON file.
        file: PathBuf,
    },
    /// Run cases, each a person, the date of an appointment, and the answer that a clinician expects. Campaigns, doses and
    /// contraindications without a case are listed.
    Test {
        /// The edition, a JSON file.
        file: PathBuf,
        /// A CSV file with the columns `case`, `born`, `cohorts`, `contraindications`, `doses`, `on`, `site` and `answer`. A dose is
        /// `1:vaccine@2026-03-02`, a contraindication `fever@2026-03-02`, an answer `eligible 1 campaign vaccine`,
        /// `not-yet 2026-10-01 too-soon` or `not contraindicated`; entries of a cell are separated by spaces.
        cases: PathBuf,
    },
}

#[derive(Debug, Clone, Args)]
pub struct Token {
    /// patient, staff, auditor or operator
    #[arg(long, value_parser = from_wire::<CallerRole>)]
    pub role: CallerRole,
    /// A patient's subject id, or the id of a member of staff.
    #[arg(long)]
    pub subject: String,
    /// Identity level of a patient: P0, P5 or P9.
    #[arg(long, value_parser = from_wire::<IdentityLevel>)]
    pub level: Option<IdentityLevel>,
    /// Code of the organisation that employs a member of staff.
    #[arg(long)]
    pub organisation: Option<OrganisationCode>,
    /// practices, practice-admin, registration, clinics, booking or audit; can be repeated
    #[arg(long = "permission", value_delimiter = ',', value_parser = from_wire::<Permission>)]
    pub permissions: Vec<Permission>,
    /// Hours until the token expires.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=24 * 30))]
    pub hours: u32,
    /// Data folder of the demonstration, which contains its key.
    #[arg(long, env = "FRONTDOOR_DATA", default_value = "target/demo")]
    pub data: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct Check {
    /// Data folder of the stopped server.
    #[arg(long, env = "FRONTDOOR_DATA", default_value = "frontdoor-data")]
    pub data: PathBuf,
    /// Logs in PostgreSQL instead of a data folder: `postgres://ROLE@HOST/DATABASE`. The system can be running; what is
    /// appended after the start of the check is ignored.
    #[arg(long)]
    pub log: Option<Url>,
    /// File that contains the value of --log, so that a password does not appear in the process list.
    #[arg(long)]
    pub log_file: Option<PathBuf>,
    /// With --log: views to compare with the fold of the log, `postgres://ROLE@HOST/DATABASE` or `sqlite:FILE` of a stopped
    /// server.
    #[arg(long)]
    pub views: Option<Url>,
    /// File that contains the value of --views.
    #[arg(long)]
    pub views_file: Option<PathBuf>,
    /// With --log: brokers, `kafka://HOST:PORT`. Each topic must equal its log byte for byte: every position in order, apart
    /// from repeats, and nothing else.
    #[arg(long)]
    pub feed: Option<Url>,
    /// File that contains the value of --feed.
    #[arg(long)]
    pub feed_file: Option<PathBuf>,
    /// Answers that clients received, one JSON object per line: `{"key", "position", "events": [{"id", "kind", "stream",
    /// "revision", "position"}]}`. Every event must exist exactly so, and no key may have two effects.
    #[arg(long)]
    pub told: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct Licences {
    /// Print the bill of materials instead, as CycloneDX 1.6 (JSON).
    #[arg(long)]
    pub bill_of_materials: bool,
}

/// Parses a value as in JSON, so that the command line and tokens have the same spelling.
fn from_wire<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|_| format!("{text:?} is none of the values"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn no_command_contradicts_itself() {
        super::Cli::command().debug_assert();
    }
}
