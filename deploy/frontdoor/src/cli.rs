//! The command line: the commands of the platform, and those of the health application.

use std::path::PathBuf;

use clap::{
    Args, Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use event_core::{OrganisationCode, Timestamp};
use host::url::Url;
use passes::CountryCode;
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
    /// Make keys of an issuer of vaccination passes and the lists that verifiers fetch, and check a pass (events/passes/README.md).
    /// Exits with 0 if all is well, 1 if a pass is refused, 2 if something cannot be read or done.
    #[command(subcommand)]
    Pass(PassTask),
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

#[derive(Debug, Clone, Subcommand)]
pub enum PassTask {
    /// Make a key that signs passes, with a certificate that it signs itself. The file FOLDER/KID.pem holds both, and only this user
    /// can read it (mode 0600): the private key is a secret.
    Key {
        /// The country of the issuer: two letters of ISO 3166-1.
        #[arg(long)]
        country: CountryCode,
        /// Days for which the key signs passes. Its certificate is valid for 30 days more, until the last pass has expired.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3_650))]
        days: u32,
        /// When it begins to sign: now, if it is not given. Let it be when all verifiers have the next trust list.
        #[arg(long)]
        from: Option<Timestamp>,
        /// The folder of the keys, which is made if it is missing.
        #[arg(long, default_value = "pass-keys")]
        out: PathBuf,
    },
    /// Print the trust list: the public keys with which verifiers check passes, of all keys whose passes can still be valid.
    TrustList {
        /// The folder of the keys, or one file.
        #[arg(long)]
        keys: PathBuf,
        /// The time of the list, such as 2026-11-27T08:00:00Z: now, if it is not given.
        #[arg(long)]
        at: Option<Timestamp>,
    },
    /// Print a revocation list of these passes.
    RevocationList {
        /// A file with the identifier (UVCI) of a pass on each line, or - for standard input.
        file: PathBuf,
        /// The time of the list: now, if it is not given.
        #[arg(long)]
        at: Option<Timestamp>,
    },
    /// Sign a pass and print its text, for tests and demonstrations: a server signs by itself.
    Issue {
        /// The folder of the keys, or one file. The newest key signs that is valid for the whole time of the pass.
        #[arg(long)]
        keys: PathBuf,
        /// The contents, a JSON file (events/passes/README.md has an example), or - for standard input.
        #[arg(long)]
        contents: PathBuf,
        /// Write the QR code to this file, too, as SVG.
        #[arg(long)]
        svg: Option<PathBuf>,
        /// Write the QR code to this file, too, as PNG.
        #[arg(long)]
        png: Option<PathBuf>,
    },
    /// Say whether a pass is valid, and if it is refused, why. Needs no network. Prints nothing of the person.
    Check {
        /// A file with the text of the pass, HC1:…, or - for standard input.
        file: PathBuf,
        /// The trust list.
        #[arg(long)]
        trust: PathBuf,
        /// The revocation list.
        #[arg(long)]
        revoked: PathBuf,
        /// The time of the check: now, if it is not given.
        #[arg(long)]
        at: Option<Timestamp>,
        /// Print the contents of a valid pass, too: the name, the date of birth and the vaccination.
        #[arg(long)]
        show: bool,
    },
}

#[derive(Debug, Clone, Args)]
pub struct Token {
    /// patient, anonymous, staff, auditor or operator
    #[arg(long, value_parser = from_wire::<CallerRole>)]
    pub role: CallerRole,
    /// The subject id of a patient or of an anonymous person, or the id of a member of staff.
    #[arg(long)]
    pub subject: String,
    /// Identity level of a patient: P0, P5 or P9.
    #[arg(long, value_parser = from_wire::<IdentityLevel>)]
    pub level: Option<IdentityLevel>,
    /// Code of the organisation that employs a member of staff.
    #[arg(long)]
    pub organisation: Option<OrganisationCode>,
    /// Can be repeated.
    #[arg(long = "permission", value_delimiter = ',', value_parser = permission())]
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

/// Reads the name of a permission. The help lists all.
fn permission() -> impl TypedValueParser<Value = Permission> {
    let names = Permission::ALL.iter().map(|permission| permission.as_str());
    PossibleValuesParser::new(names).try_map(|name| Permission::named(&name).ok_or("there is no such permission"))
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
