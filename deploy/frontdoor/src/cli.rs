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

/// The front door of a health service.
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
    /// How every process of a system is: roles, relays, read models with their owner and lag. 0 all is well, 1 something
    /// is not.
    Status(Status),
    /// Fold a read model of a running server again, from the first event.
    Rebuild(Rebuild),
    /// Make or bring forward the logs in a PostgreSQL database, as its owner. A server only looks whether they fit.
    Migrate(Migrate),
    /// What concerns the logs as a whole.
    #[command(subcommand)]
    Log(LogTask),
    /// Prove the files of a stopped server, or the tables and topics of a running system: 0 clean, 1 something is wrong, 2 it could not be told.
    Check(Check),
    /// Print what consumers of the logs' topics on Kafka have to know: an AsyncAPI document.
    Asyncapi(Asyncapi),
}

#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// What this process does: `all`, or some of `command` (decides, appends), `relay` (sends the logs to Kafka),
    /// `projections` (follows, writes the views), `query` (answers from the views), separated by commas. With a log or
    /// views in SQLite one process has all of them.
    #[arg(long, env = "FRONTDOOR_ROLES", default_value = "all")]
    pub roles: Roles,
    /// The folder of everything that has no place of its own.
    #[arg(long, env = "FRONTDOOR_DATA", default_value = "frontdoor-data")]
    pub data: PathBuf,
    /// Where the logs are: `sqlite:FOLDER`, or `postgres://ROLE@HOST/DATABASE`, which several processes can share. Absent:
    /// the data folder. Over a network: `…?sslmode=verify-full&sslrootcert=FILE`, where FILE has the certificate of the
    /// authority that vouches for the server (beside those that browsers trust).
    #[arg(long, env = "FRONTDOOR_LOG", hide_env_values = true)]
    pub log: Option<Url>,
    /// Instead of --log: a file that holds it, and so keeps a password out of the list of processes.
    #[arg(long, env = "FRONTDOOR_LOG_FILE")]
    pub log_file: Option<PathBuf>,
    /// Where the views are: `sqlite:FILE`, or `postgres://ROLE@HOST/DATABASE`, which several processes can share. Absent:
    /// `views.db` in the data folder. They can be deleted: they are made again from the log.
    #[arg(long, env = "FRONTDOOR_VIEWS", hide_env_values = true)]
    pub views: Option<Url>,
    /// Instead of --views: a file that holds it.
    #[arg(long, env = "FRONTDOOR_VIEWS_FILE")]
    pub views_file: Option<PathBuf>,
    /// For how many days a repeat of a command that stored nothing (a refusal, or nothing new) gets the same answer. A
    /// command that stored events is remembered permanently.
    #[arg(long, env = "FRONTDOOR_REMEMBER_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    pub remember_days: u16,
    /// The keys of persons. Not in this build.
    #[arg(long, env = "FRONTDOOR_VAULT", hide_env_values = true)]
    pub vault: Option<Url>,
    /// Where followers read from: `kafka://HOST:PORT,HOST:PORT`, to which the role `relay` sends the logs. Absent: from the
    /// log itself. Settings of the client may follow, as in
    /// `kafka://b1:9093?security.protocol=sasl_ssl&sasl.mechanism=SCRAM-SHA-512&sasl.username=U&sasl.password.file=FILE`.
    #[arg(long, env = "FRONTDOOR_FEED", hide_env_values = true)]
    pub feed: Option<Url>,
    /// Instead of --feed: a file that holds it.
    #[arg(long, env = "FRONTDOOR_FEED_FILE")]
    pub feed_file: Option<PathBuf>,
    /// The public address. Port 0 takes a free one, which is printed.
    #[arg(long, env = "FRONTDOOR_LISTEN", default_value = "127.0.0.1:8080", value_parser = address)]
    pub listen: SocketAddr,
    /// The operator's address: rebuilds, the list of projections, /metrics. It asks for no token: keep it inside.
    #[arg(long, env = "FRONTDOOR_ADMIN", default_value = "127.0.0.1:8081", value_parser = address)]
    pub admin: SocketAddr,
    /// A name by which tools ask at the operator's address, like that of a service in a cluster; may be given several times.
    /// IP addresses and `localhost` are always admitted; other names are refused, because a web page can make them lead here.
    #[arg(long = "admin-host", env = "FRONTDOOR_ADMIN_HOST", value_delimiter = ',')]
    pub admin_hosts: Vec<String>,
    /// Whose tokens are admitted: `ISSUER=JWKS_FILE`. May be given several times; in the environment separated by commas.
    #[arg(long = "issuer", env = "FRONTDOOR_ISSUER", value_delimiter = ',')]
    pub issuers: Vec<Issuer>,
    /// How an issuer signs with RSA keys that name no algorithm in its file: `ISSUER=ALGORITHM`, which is RS256 (where
    /// nothing is given), RS384, RS512, PS256, PS384 or PS512. May be given several times; in the environment separated
    /// by commas.
    #[arg(long = "issuer-rsa", env = "FRONTDOOR_ISSUER_RSA", value_delimiter = ',')]
    pub issuers_rsa: Vec<IssuerRsa>,
    /// Fill the data folder with invented practices, sessions and patients, and admit tokens of `frontdoor token`.
    #[arg(long, env = "FRONTDOOR_DEMO", value_parser = clap::builder::BoolishValueParser::new())]
    pub demo: bool,
    /// How log lines are written, to standard error.
    #[arg(long, env = "FRONTDOOR_LOG_FORMAT", value_enum, default_value_t = LogFormat::Json)]
    pub log_format: LogFormat,
    /// Which log lines are written, like `info` or `info,command_engine=debug`.
    #[arg(long, env = "FRONTDOOR_LOG_LEVEL", default_value = "info")]
    pub log_level: String,
    /// Requests at a time; more are answered 503 with Retry-After. Those whose body is still coming do not count.
    #[arg(long, env = "FRONTDOOR_REQUESTS_MAX", default_value_t = 2_048, value_parser = clap::value_parser!(u32).range(1..))]
    pub requests_max: u32,
    /// Requests at a time of one caller, or of one address without a valid token; more are answered 429 with Retry-After.
    #[arg(long, env = "FRONTDOOR_REQUESTS_PER_CALLER_MAX", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub requests_per_caller_max: u32,
    /// Connections at a time on the public address, half of them from one address at most; more wait. Absent: 8192, or
    /// fewer where the process may not open so many files.
    #[arg(long, env = "FRONTDOOR_CONNECTIONS_MAX", value_parser = clap::value_parser!(u32).range(2..))]
    pub connections_max: Option<u32>,
    /// Seconds after which a request is answered 503.
    #[arg(long, env = "FRONTDOOR_REQUEST_SECONDS_MAX", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    pub request_seconds_max: u32,
}

#[derive(Debug, Clone, Args)]
pub struct Migrate {
    /// The database, as the role that is to own the logs: `postgres://OWNER@HOST/DATABASE`.
    #[arg(long, env = "FRONTDOOR_LOG", hide_env_values = true)]
    pub log: Option<Url>,
    /// Instead of --log: a file that holds it, and so keeps a password out of the list of processes.
    #[arg(long, env = "FRONTDOOR_LOG_FILE")]
    pub log_file: Option<PathBuf>,
    /// The role that servers run as, which must exist: it may read the logs and add to them, and nothing else.
    #[arg(long)]
    pub server_role: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum LogTask {
    /// Move the logs of a stopped server from SQLite to PostgreSQL: the same positions, ids, times, lineage and secret. What
    /// was copied is read again and compared. It can be stopped and started again; servers open the copy when it is whole.
    Copy(LogCopy),
    /// Begin a new history in a folder that has lost a log: make the logs that are missing. `frontdoor serve` makes them in
    /// an empty folder only.
    Create(LogCreate),
}

#[derive(Debug, Clone, Args)]
pub struct LogCreate {
    /// The stopped server's folder: `sqlite:FOLDER`.
    pub folder: Url,
}

#[derive(Debug, Clone, Args)]
pub struct LogCopy {
    /// The stopped server's folder: `sqlite:FOLDER`. It stays as it is.
    pub from: Url,
    /// The database, migrated, as the role that owns the logs: `postgres://OWNER@HOST/DATABASE`.
    #[arg(env = "FRONTDOOR_LOG", hide_env_values = true)]
    pub to: Option<Url>,
    /// Instead of TO: a file that holds it, and so keeps a password out of the list of processes.
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
    /// P0, P5 or P9: how surely a patient is who they say they are.
    #[arg(long, value_parser = from_wire::<IdentityLevel>)]
    pub level: Option<IdentityLevel>,
    /// The code of the organisation that a member of staff works for.
    #[arg(long)]
    pub organisation: Option<OrganisationCode>,
    /// practices, practice-admin, registration, clinics, booking, audit; may be given several times
    #[arg(long = "permission", value_delimiter = ',', value_parser = from_wire::<Permission>)]
    pub permissions: Vec<Permission>,
    /// Hours until the token expires.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=24 * 30))]
    pub hours: u32,
    /// The demonstration's data folder, which holds its key.
    #[arg(long, env = "FRONTDOOR_DATA", default_value = "target/demo")]
    pub data: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct Projections {
    /// As JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub server: Server,
}

#[derive(Debug, Clone, Args)]
pub struct Status {
    /// As JSON instead of tables.
    #[arg(long)]
    pub json: bool,
    /// Events that a relay or a read model may be behind without being called unwell.
    #[arg(long, default_value_t = 10_000)]
    pub lag_max: u64,
    /// The operator's addresses of all processes, separated by commas.
    #[arg(long, env = "FRONTDOOR_ADMIN", value_delimiter = ',', default_value = "127.0.0.1:8081", value_parser = address)]
    pub admin: Vec<SocketAddr>,
}

#[derive(Debug, Clone, Args)]
pub struct Rebuild {
    /// The read model's name, as `frontdoor projections` lists it.
    pub name: String,
    #[command(flatten)]
    pub server: Server,
}

#[derive(Debug, Clone, Args)]
pub struct Server {
    /// The running server's operator's address.
    #[arg(long, env = "FRONTDOOR_ADMIN", default_value = "127.0.0.1:8081", value_parser = address)]
    pub admin: SocketAddr,
}

#[derive(Debug, Clone, Args)]
pub struct Check {
    /// The stopped server's data folder.
    #[arg(long, env = "FRONTDOOR_DATA", default_value = "frontdoor-data")]
    pub data: PathBuf,
    /// Instead of a data folder: the logs in PostgreSQL, `postgres://ROLE@HOST/DATABASE`. The system may be running; what
    /// it appends after the check began is not looked at.
    #[arg(long)]
    pub log: Option<Url>,
    /// Instead of --log: a file that holds it, and so keeps a password out of the list of processes.
    #[arg(long)]
    pub log_file: Option<PathBuf>,
    /// With --log: the views, which have to equal the fold of the log: `postgres://ROLE@HOST/DATABASE`, or `sqlite:FILE` of
    /// a stopped server.
    #[arg(long)]
    pub views: Option<Url>,
    /// Instead of --views: a file that holds it.
    #[arg(long)]
    pub views_file: Option<PathBuf>,
    /// With --log: the brokers, `kafka://HOST:PORT`, whose topics have to be the logs: every position, in order when
    /// repeats are left out, nothing else, byte for byte.
    #[arg(long)]
    pub feed: Option<Url>,
    /// Instead of --feed: a file that holds it.
    #[arg(long)]
    pub feed_file: Option<PathBuf>,
    /// What clients were told, a JSON object a line: `{"key", "position", "events": [{"id", "kind", "stream",
    /// "revision", "position"}]}`. Every event of it has to be there, exactly so, and no key may have two effects.
    #[arg(long)]
    pub told: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct Asyncapi {
    /// A kind of event, like `appointment.booked.v1`: its JSON Schema alone.
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

/// Where the parts of an app are, once the configuration is known to make sense.
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
