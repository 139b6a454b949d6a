//! The command line of `frontdoor simulate`.

use std::path::PathBuf;

use clap::Args;

/// Drive a running system over HTTP as its users would on a national Monday, and hold what they were told against the log and the
/// views.
///
/// It writes synthetic data: practices SIM00000, SIM00001 …, people with NHS numbers from 999 000 0000 on, clinics, bookings. No
/// command removes them, so it needs the key of a development issuer, and a system on this machine unless --elsewhere is
/// given.
///
/// The load is open: users arrive at moments that are drawn before the run, and an answer's time counts from the moment at which
/// the user meant to ask. A system that stalls is therefore not spared.
///
/// Exits with 0 if no answer was untrue and every limit was kept, with 1 otherwise. The folder gets `report.html`, and
/// `told.ndjson` with every answer, which `frontdoor check --told` also reads.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  \
    frontdoor simulate --data target/demo --patients 20000 --practices 20 --speed 100 --minutes 2\n  \
    frontdoor simulate --data target/demo --only vaccinations --rate 42 --minutes 10 --p99-max-ms 300 --patients 34000\n  \
    frontdoor simulate --data target/demo --rush 20000 --clinics 100 --slots 2000 --patients 20000 --practices 20\n  \
    frontdoor simulate --data target/demo --find-rate --patients 20000 --practices 20\n  \
    . target/local/env; frontdoor simulate --data target/local/data --target $COMMAND_URLS --queries $QUERY_URLS --admin $ADMINS")]
pub struct Simulate {
    /// Address of the system, `http://HOST:PORT`; several, separated by commas, share the users.
    #[arg(long, value_delimiter = ',', default_value = "http://127.0.0.1:8080")]
    pub target: Vec<String>,
    /// Address for queries, if other processes answer them. Default: the value of --target.
    #[arg(long, value_delimiter = ',')]
    pub queries: Vec<String>,
    /// Operator's addresses of all processes, `HOST:PORT`: they say how far the views are behind.
    #[arg(long, env = "FRONTDOOR_ADMIN", value_delimiter = ',', default_value = "127.0.0.1:8081")]
    pub admin: Vec<String>,
    /// Key of the development issuer that signs the users' tokens (Ed25519, PKCS #8).
    #[arg(long)]
    pub issuer_key: Option<PathBuf>,
    /// Issuer of the users' tokens.
    #[arg(long, default_value = "urn:frontdoor:demo")]
    pub issuer: String,
    /// Data folder of a demonstration: its key signs the users' tokens unless --issuer-key is given.
    #[arg(long, env = "FRONTDOOR_DATA", default_value = "target/demo")]
    pub data: PathBuf,
    /// Allow a system on another machine.
    #[arg(long)]
    pub elsewhere: bool,

    /// Registered patients. They are also the active patients of the mix, of which England has 40,000,000.
    #[arg(long, default_value_t = 2_000)]
    pub patients: u32,
    /// Practices, at which the patients are registered evenly.
    #[arg(long, default_value_t = 10)]
    pub practices: u32,
    /// Length of the run.
    #[arg(long, default_value_t = 5.0, value_parser = minutes)]
    pub minutes: f64,
    /// How many times as fast as on a Monday time passes: users arrive more often and think for a shorter time.
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    pub speed: f64,
    /// Mix of activities, a JSON file (see the README). Default: a Monday from 08:00.
    #[arg(long)]
    pub mix: Option<PathBuf>,
    /// Only this activity of the mix; can be repeated.
    #[arg(long)]
    pub only: Vec<String>,
    /// Visits a second, instead of a rate that follows from --patients and --speed; without the burst at eight.
    #[arg(long, value_parser = positive)]
    pub rate: Option<f64>,
    /// Seed of all choices: users of the same activities arrive at the same moments.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Connections to --target, and as many to --queries. A user waits while all are in use, and the wait counts.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub connections: u32,

    /// Eight o'clock instead of the mix: this many people want the slots of clinics that are released in the same second.
    #[arg(long, value_name = "PEOPLE", requires_all = ["clinics", "slots"], conflicts_with_all = ["find_rate", "rate", "only"])]
    pub rush: Option<u32>,
    /// Clinics of the rush: a multiple of --practices.
    #[arg(long, requires = "rush")]
    pub clinics: Option<u32>,
    /// Slots of all clinics of the rush together.
    #[arg(long, requires = "rush")]
    pub slots: Option<u32>,
    /// Seconds from the first clinic's publication to eight o'clock, when slots are released and users come.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub release_in: u32,

    /// Find the highest rate that keeps the limits, instead of running for --minutes: doubled until it fails, then bisected.
    #[arg(long, conflicts_with = "rush")]
    pub find_rate: bool,
    /// Length of each step of --find-rate.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..=3_600))]
    pub step_seconds: u32,
    /// Limit of the time within which 99 % of the requests are answered. Default: 1000; of a rush, 2000.
    #[arg(long)]
    pub p99_max_ms: Option<u64>,
    /// Limit of the longest time to an answer. Default: none; of a rush, 5000.
    #[arg(long)]
    pub longest_max_ms: Option<u64>,
    /// Limit of the lag of each view.
    #[arg(long, default_value_t = 5_000)]
    pub lag_max_ms: u64,

    /// Folder for the report and for what clients were told.
    #[arg(long, default_value = "target/simulate")]
    pub folder: PathBuf,
    /// Only hold the answers in this file, of an earlier run, against the log and the views.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rush", "find_rate"])]
    pub hold: Option<PathBuf>,
}

/// The longest run, in minutes.
const MINUTES_MAX: f64 = 24.0 * 60.0;

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    if number.is_finite() && number > 0.0 { Ok(number) } else { Err("it is greater than 0".to_owned()) }
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes = positive(text)?;
    if minutes <= MINUTES_MAX { Ok(minutes) } else { Err(format!("it is {MINUTES_MAX} at most")) }
}
