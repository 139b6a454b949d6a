//! The configuration, and its manual: every flag of `frontdoor serve` is also `FRONTDOOR_<NAME>` in the environment.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fmt,
    net::{SocketAddr, ToSocketAddrs},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use event_core::OrganisationCode;
use event_kafka::Address;
use vocabulary::access::{CallerRole, IdentityLevel, Permission};

use crate::{
    Misconfigured,
    key_files::IssuerRsa,
    url::{self, Url},
};

/// Frontdoor: event-sourced services of a digital front door to health care.
#[derive(Debug, Parser)]
#[command(name = "frontdoor", version)]
pub struct Cli {
    #[command(subcommand)]
    pub task: Task,
}

impl Cli {
    /// Parses a command line and the environment, in which a blank variable counts as one that is not set.
    ///
    /// # Errors
    /// As clap's.
    pub fn parsed(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
        let matches = without_blank_variables(Cli::command()).try_get_matches_from(arguments)?;
        Cli::from_arg_matches(&matches)
    }
}

fn without_blank_variables(command: clap::Command) -> clap::Command {
    let is_blank = |argument: &clap::Arg| {
        let value = argument.get_env().and_then(std::env::var_os);
        value.is_some_and(|value| value.to_str().is_some_and(|text| text.trim().is_empty()))
    };
    let command =
        command.mut_args(|argument| if is_blank(&argument) { argument.env(None::<&'static str>) } else { argument });
    command.mut_subcommands(without_blank_variables)
}

/// Reads `HOST:PORT`, where HOST is an address or a name like `localhost`. Of several addresses an IPv4 one is taken.
fn address(text: &str) -> Result<SocketAddr, String> {
    let addresses = text.to_socket_addrs().map_err(|error| format!("{text:?} is not HOST:PORT: {error}"))?;
    let addresses: Vec<SocketAddr> = addresses.collect();
    let preferred = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    preferred.copied().ok_or_else(|| format!("{text:?} has no address"))
}

#[derive(Debug, Subcommand)]
pub enum Task {
    /// Serve commands and queries.
    Serve(Box<Serve>),
    /// Print a token for the demonstration.
    Token(Token),
    /// List the read models of a running server: position, lag, state.
    Projections(Projections),
    /// Show the state of all processes: roles, relays, read models with owner and lag. Exits with 0 if all is well, otherwise
    /// with 1.
    Status(Status),
    /// Rebuild a read model of a running server from the first event. The old one keeps serving.
    Rebuild(Rebuild),
    /// Create or upgrade the logs in a PostgreSQL database, as their owner. Servers only check the version.
    Migrate(Migrate),
    /// Copy logs, or create missing ones.
    #[command(subcommand)]
    Log(LogTask),
    /// Verify the files of a stopped server, or the tables and topics of a running system. Exits with 0 if they are sound, 1 if
    /// something is wrong, 2 if it could not be checked.
    Check(Check),
    /// Print the AsyncAPI document of the logs' topics on Kafka.
    Asyncapi(Asyncapi),
}

#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Roles of this process, separated by commas: `command` (decides and appends), `relay` (sends the logs to Kafka),
    /// `projections` (writes the views), `query` (answers from the views), or `all`. With SQLite a process has all roles.
    #[arg(long, env = "FRONTDOOR_ROLES", default_value = "all")]
    pub roles: Roles,
    /// Data folder. Used for anything without its own URL.
    #[arg(long, env = "FRONTDOOR_DATA", default_value = "frontdoor-data")]
    pub data: PathBuf,
    /// Logs: `sqlite:FOLDER`, or `postgres://ROLE@HOST/DATABASE`, which several processes can share. Default: the data folder.
    /// Over a network, add `?sslmode=verify-full&sslrootcert=FILE`; FILE contains the certificate of the server's authority, in
    /// addition to the public ones.
    #[arg(long, env = "FRONTDOOR_LOG", hide_env_values = true)]
    pub log: Option<Url>,
    /// File that contains the value of --log, so that a password does not appear in the process list.
    #[arg(long, env = "FRONTDOOR_LOG_FILE")]
    pub log_file: Option<PathBuf>,
    /// Views: `sqlite:FILE`, or `postgres://ROLE@HOST/DATABASE`, which several processes can share. Default: `views.db` in the
    /// data folder. They can be deleted, and are rebuilt from the log.
    #[arg(long, env = "FRONTDOOR_VIEWS", hide_env_values = true)]
    pub views: Option<Url>,
    /// File that contains the value of --views.
    #[arg(long, env = "FRONTDOOR_VIEWS_FILE")]
    pub views_file: Option<PathBuf>,
    /// Days for which a repeat of a command that stored nothing (a rejection, or nothing new) gets the same answer. Commands
    /// that stored events are remembered permanently.
    #[arg(long, env = "FRONTDOOR_REMEMBER_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    pub remember_days: u16,
    /// Key store for personal data. Not available in this build.
    #[arg(long, env = "FRONTDOOR_VAULT", hide_env_values = true)]
    pub vault: Option<Url>,
    /// Kafka brokers, `kafka://HOST:PORT,HOST:PORT`: the role `relay` sends the logs there, and followers read from there.
    /// Default: followers read the log itself. Client settings can be added, as in
    /// `kafka://b1:9093?security.protocol=sasl_ssl&sasl.mechanism=SCRAM-SHA-512&sasl.username=U&sasl.password.file=FILE`.
    #[arg(long, env = "FRONTDOOR_FEED", hide_env_values = true)]
    pub feed: Option<Url>,
    /// File that contains the value of --feed.
    #[arg(long, env = "FRONTDOOR_FEED_FILE")]
    pub feed_file: Option<PathBuf>,
    /// Public address. Port 0 selects a free port, which is printed.
    #[arg(long, env = "FRONTDOOR_LISTEN", default_value = "127.0.0.1:8080", value_parser = address)]
    pub listen: SocketAddr,
    /// Operator's address: rebuilds, projections, /metrics. It has no authentication, so keep it on an internal network.
    #[arg(long, env = "FRONTDOOR_ADMIN", default_value = "127.0.0.1:8081", value_parser = address)]
    pub admin: SocketAddr,
    /// Host name under which tools use the operator's address, such as a service name in a cluster. Can be repeated. IP
    /// addresses and `localhost` are always allowed; other names are refused, because a web page could resolve them to here.
    #[arg(long = "admin-host", env = "FRONTDOOR_ADMIN_HOST", value_delimiter = ',')]
    pub admin_hosts: Vec<String>,
    /// Trusted issuer of tokens and its public keys: `ISSUER=JWKS_FILE`. Can be repeated; separated by commas in the
    /// environment.
    #[arg(long = "issuer", env = "FRONTDOOR_ISSUER", value_delimiter = ',')]
    pub issuers: Vec<Issuer>,
    /// Algorithm of an issuer's RSA keys that name none: `ISSUER=ALGORITHM` with RS256 (the default), RS384, RS512, PS256,
    /// PS384 or PS512. Can be repeated; separated by commas in the environment.
    #[arg(long = "issuer-rsa", env = "FRONTDOOR_ISSUER_RSA", value_delimiter = ',')]
    pub issuers_rsa: Vec<IssuerRsa>,
    /// Fill the data folder with invented practices, sessions and patients, and accept tokens of `frontdoor token`.
    #[arg(long, env = "FRONTDOOR_DEMO", value_parser = clap::builder::BoolishValueParser::new())]
    pub demo: bool,
    /// Format of log lines on standard error.
    #[arg(long, env = "FRONTDOOR_LOG_FORMAT", value_enum, default_value_t = LogFormat::Json)]
    pub log_format: LogFormat,
    /// Filter of log lines, such as `info` or `info,command_engine=debug`.
    #[arg(long, env = "FRONTDOOR_LOG_LEVEL", default_value = "info")]
    pub log_level: String,
    /// Concurrent requests. Further ones are answered 503 with Retry-After. Requests whose body is incomplete do not count.
    #[arg(long, env = "FRONTDOOR_REQUESTS_MAX", default_value_t = 2_048, value_parser = clap::value_parser!(u32).range(1..))]
    pub requests_max: u32,
    /// Concurrent requests per caller, or per address without a valid token. Further ones are answered 429 with Retry-After.
    #[arg(long, env = "FRONTDOOR_REQUESTS_PER_CALLER_MAX", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub requests_per_caller_max: u32,
    /// Concurrent connections on the public address, half of them from one address at most. Further ones wait. Default: 8192,
    /// or fewer if the limit of open files is lower.
    #[arg(long, env = "FRONTDOOR_CONNECTIONS_MAX", value_parser = clap::value_parser!(u32).range(2..))]
    pub connections_max: Option<u32>,
    /// Seconds after which a request is answered 503.
    #[arg(long, env = "FRONTDOOR_REQUEST_SECONDS_MAX", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    pub request_seconds_max: u32,
}

#[derive(Debug, Clone, Args)]
pub struct Migrate {
    /// Database, as the role that owns the logs: `postgres://OWNER@HOST/DATABASE`.
    #[arg(long, env = "FRONTDOOR_LOG", hide_env_values = true)]
    pub log: Option<Url>,
    /// File that contains the value of --log, so that a password does not appear in the process list.
    #[arg(long, env = "FRONTDOOR_LOG_FILE")]
    pub log_file: Option<PathBuf>,
    /// Role of the servers, which must exist. It gets permission to read the logs and to append, and nothing else.
    #[arg(long)]
    pub server_role: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum LogTask {
    /// Copy the logs of a stopped server from SQLite to PostgreSQL, with positions, ids, times, lineage and secret. The copy is
    /// read again and compared. It can be interrupted and resumed; servers open the copy only when it is complete.
    Copy(LogCopy),
    /// Create the missing logs in a folder that has lost one, which starts a new history. `frontdoor serve` creates logs in an
    /// empty folder only.
    Create(LogCreate),
}

#[derive(Debug, Clone, Args)]
pub struct LogCreate {
    /// Folder of the stopped server: `sqlite:FOLDER`.
    pub folder: Url,
}

#[derive(Debug, Clone, Args)]
pub struct LogCopy {
    /// Folder of the stopped server: `sqlite:FOLDER`. It is not changed.
    pub from: Url,
    /// Migrated database, as the role that owns the logs: `postgres://OWNER@HOST/DATABASE`.
    #[arg(env = "FRONTDOOR_LOG", hide_env_values = true)]
    pub to: Option<Url>,
    /// File that contains the value of TO, so that a password does not appear in the process list.
    #[arg(long = "to-file", env = "FRONTDOOR_LOG_FILE")]
    pub to_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Json,
    Pretty,
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
pub struct Projections {
    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub server: Server,
}

#[derive(Debug, Clone, Args)]
pub struct Status {
    /// Print JSON instead of tables.
    #[arg(long)]
    pub json: bool,
    /// Events by which a relay or a read model may lag.
    #[arg(long, default_value_t = 10_000)]
    pub lag_max: u64,
    /// Operator's addresses of all processes, separated by commas.
    #[arg(long, env = "FRONTDOOR_ADMIN", value_delimiter = ',', default_value = "127.0.0.1:8081", value_parser = address)]
    pub admin: Vec<SocketAddr>,
}

#[derive(Debug, Clone, Args)]
pub struct Rebuild {
    /// Name of the read model, as listed by `frontdoor projections`.
    pub name: String,
    #[command(flatten)]
    pub server: Server,
}

#[derive(Debug, Clone, Args)]
pub struct Server {
    /// Operator's address of the running server.
    #[arg(long, env = "FRONTDOOR_ADMIN", default_value = "127.0.0.1:8081", value_parser = address)]
    pub admin: SocketAddr,
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
pub struct Asyncapi {
    /// Kind of event, such as `appointment.booked.v1`: print its JSON Schema only.
    pub kind: Option<String>,
}

/// Reads a value as it stands in JSON, so that the command line and tokens have one spelling.
fn from_wire<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|_| format!("{text:?} is none of the values"))
}

/// What a process may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Command,
    Relay,
    Projections,
    Query,
}

impl Role {
    const ALL: [(&'static str, Role); 4] = [
        ("command", Role::Command),
        ("relay", Role::Relay),
        ("projections", Role::Projections),
        ("query", Role::Query),
    ];
}

/// The set of roles of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    pub fn all() -> Roles {
        Roles(Role::ALL.into_iter().map(|(_, role)| role).collect())
    }

    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Roles, String> {
        if text == "all" {
            return Ok(Roles::all());
        }
        let role = |name: &str| {
            let known = Role::ALL.into_iter().find(|(known, _)| *known == name.trim()).map(|(_, role)| role);
            known.ok_or_else(|| {
                format!("this build has no role {name:?}; it has all, command, relay, projections, query")
            })
        };
        text.split(',').map(role).collect::<Result<_, _>>().map(Roles)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Role::ALL.into_iter().filter(|(_, role)| self.0.contains(role)).map(|(name, _)| name);
        f.write_str(&names.collect::<Vec<_>>().join(","))
    }
}

/// An issuer of tokens, and the file of its public keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    pub name: event_core::Issuer,
    pub jwks: PathBuf,
}

impl FromStr for Issuer {
    type Err = String;

    fn from_str(text: &str) -> Result<Issuer, String> {
        match text.rsplit_once('=') {
            Some((name, file)) if !name.is_empty() && !file.is_empty() => {
                let name = name.parse().map_err(|error: event_core::ids::Malformed| error.to_string())?;
                Ok(Issuer { name, jwks: file.into() })
            }
            _ => Err("an issuer is ISSUER=JWKS_FILE".to_owned()),
        }
    }
}

/// For `--remember-days`.
const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;

/// Locations of the parts of an app, from a configuration that was checked.
#[derive(Debug, Clone)]
pub struct Places {
    pub log_url: Url,
    pub views_url: Url,
    /// The brokers; absent: followers read the log.
    pub feed: Option<Address>,
    pub roles: Roles,
    /// For how long a decision that stored no event is remembered.
    pub remember: Duration,
}

impl Serve {
    /// # Errors
    /// What this build cannot do, or what contradicts itself, in one line.
    pub fn places(&self) -> Result<Places, Misconfigured> {
        let absent = |flag: &str| Misconfigured(format!("this build has no {flag}; leave it away"));
        if self.vault.is_some() {
            return Err(absent("--vault"));
        }
        let feed = url::given(url::FEED, self.feed.as_ref(), self.feed_file.as_deref())?;
        let feed = feed.map(|feed| feed.exposed().parse::<Address>()).transpose();
        let feed = feed.map_err(|error| Misconfigured(format!("--feed: {error}")))?;
        if self.issuers.iter().any(|issuer| issuer.name.as_str() == crate::tokens::DEMO_ISSUER) {
            return Err(Misconfigured(format!(
                "the issuer {} is admitted by --demo alone",
                crate::tokens::DEMO_ISSUER
            )));
        }
        if self.issuers.is_empty() && !self.demo {
            return Err(Misconfigured("nobody could sign in: give --issuer ISSUER=JWKS_FILE, or --demo".to_owned()));
        }
        let data = self.data.to_str().ok_or_else(|| Misconfigured("--data is not UTF-8".to_owned()))?;
        let places = Places {
            log_url: url::given(url::LOG, self.log.as_ref(), self.log_file.as_deref())?
                .unwrap_or_else(|| format!("sqlite:{data}").into()),
            views_url: url::given(url::VIEWS, self.views.as_ref(), self.views_file.as_deref())?
                .unwrap_or_else(|| format!("sqlite:{data}/views.db").into()),
            feed,
            roles: self.roles.clone(),
            remember: Duration::from_secs(u64::from(self.remember_days) * SECONDS_OF_A_DAY),
        };
        let is_sqlite = |url: &Url| url.sqlite().is_some();
        for (flag, place, url) in
            [("--log", "sqlite:FOLDER", &places.log_url), ("--views", "sqlite:FILE", &places.views_url)]
        {
            // Addresses are not repeated: they may hold passwords.
            if url.is_postgres() {
                url.checked(flag)?;
            } else if !is_sqlite(url) {
                return Err(Misconfigured(format!("{flag} is {place} or postgres://ROLE@HOST/DATABASE")));
            }
        }
        if self.roles != Roles::all() {
            let needs_views = self.roles.has(Role::Projections) || self.roles.has(Role::Query);
            if is_sqlite(&places.log_url) || (needs_views && is_sqlite(&places.views_url)) {
                let why = "with a log or views in SQLite one process has all roles";
                return Err(Misconfigured(format!("--roles {}: {why}", self.roles)));
            }
            if self.roles.has(Role::Relay) && places.feed.is_none() {
                return Err(Misconfigured("--roles relay needs --feed kafka://…".to_owned()));
            }
        }
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(arguments: &[&str]) -> Serve {
        let all = ["frontdoor", "serve"].iter().chain(arguments);
        let Task::Serve(options) = Cli::try_parse_from(all).expect("parses").task else { panic!("this is not serve") };
        *options
    }

    #[test]
    fn the_defaults_make_the_embedded_demonstration_work() {
        let places = serve(&["--demo"]).places().expect("makes sense");
        assert_eq!(places.log_url.exposed(), "sqlite:frontdoor-data");
        assert_eq!(places.views_url.exposed(), "sqlite:frontdoor-data/views.db");
    }

    #[test]
    fn an_address_may_have_a_name() {
        let options = serve(&["--demo", "--listen=localhost:8080"]);
        assert!(options.listen.ip().is_loopback() && options.listen.port() == 8080, "{}", options.listen);
        assert!(Cli::try_parse_from(["frontdoor", "serve", "--listen=localhost"]).is_err());
    }

    #[test]
    fn what_this_build_lacks_is_refused() {
        for arguments in [
            ["--demo", "--roles=command"].as_slice(),
            &["--demo", "--vault=sqlite:vault.db"],
            &["--demo", "--feed=b1:9092"],
            &["--demo", "--feed=kafka://b1?acks=0"],
            &["--demo", "--log=postgres://host/frontdoor", "--roles=relay"],
            &["--demo", "--log=postgres://host/frontdoor", "--roles=query"],
            &["--demo", "--log=mysql://host/frontdoor"],
            &["--demo", "--views=mysql://host/frontdoor"],
            &["--demo", "--views=sqlite:"],
            &["--issuer=urn:frontdoor:demo=keys.json"],
            &[],
        ] {
            let refused = serve(arguments).places().expect_err("is refused");
            assert!(!refused.to_string().contains('\n'), "{arguments:?}");
        }
        assert!(Cli::try_parse_from(["frontdoor", "serve", "--roles=notary"]).is_err());
    }

    #[test]
    fn an_issuer_may_hold_an_equals_sign() {
        let issuer: Issuer = "https://id.example/?a=b=keys.json".parse().expect("an issuer");
        assert_eq!((issuer.name.as_str(), issuer.jwks.to_str()), ("https://id.example/?a=b", Some("keys.json")));
        assert!("keys.json".parse::<Issuer>().is_err());
        let rsa: IssuerRsa = "https://id.example/?a=b=PS256".parse().expect("an algorithm");
        assert_eq!(rsa.issuer.as_str(), "https://id.example/?a=b");
        for wrong in ["PS256", "=PS256", "urn:other=ES256", "urn:other="] {
            assert!(wrong.parse::<IssuerRsa>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_manual_is_complete() {
        Cli::command().debug_assert();
        let command = Cli::command();
        let serve = command.find_subcommand("serve").expect("is there");
        for argument in serve.get_arguments().filter(|argument| argument.get_id() != "help") {
            let name = argument.get_id();
            assert!(argument.get_help().is_some(), "{name} says what it is for");
            let variable = argument.get_env().and_then(|name| name.to_str()).expect("can be set by the environment");
            assert!(variable.starts_with("FRONTDOOR_"), "{variable}");
        }
    }
}
