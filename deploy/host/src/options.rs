//! The configuration of a server: every flag of `serve` is also `FRONTDOOR_<NAME>` in the environment.

use std::{
    net::{SocketAddr, ToSocketAddrs},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use clap::{Args, ValueEnum};
use event_core::policy::POLICY_ISSUER;
use event_kafka::Address;
use http_edge::RsaAlgorithm;

use crate::{
    Misconfigured,
    demo_key::DEMO_ISSUER,
    receivers::GatewayAddress,
    roles::{Role, Roles},
    url::{self, Url},
};

#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Roles of this process, separated by commas: `command` (decides and appends), `relay` (sends the logs to Kafka),
    /// `policies` (gives the commands that follow from events), `projections` (writes the views), `query` (answers from the views), `pages` (serves the web pages, which ask
    /// and command within this process), or `all`. With SQLite a process has all roles.
    #[arg(long, env = "FRONTDOOR_ROLES", default_value = "all")]
    pub roles: Roles,
    /// Data folder. Used for anything without its own URL.
    #[arg(long, env = "FRONTDOOR_DATA", default_value = "frontdoor-data")]
    pub data: PathBuf,
    /// Logs: `sqlite:FOLDER`, or `postgres://ROLE@HOST/DATABASE`, which several processes can share. Default: the data folder.
    /// Over a network, add `?sslmode=verify-full&sslrootcert=FILE`; FILE contains the certificate of the server's authority, in
    /// addition to the public ones. `passwordfile=FILE` names a file with the password, which is read for each new connection, so
    /// that a new password needs no restart.
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
    /// Operator's addresses of all processes of the system, `HOST:PORT`, separated by commas; this process may be among them.
    /// A name that has several addresses stands for a process at each. The pages for operators then show the whole system. Without
    /// them they show this process.
    #[arg(long, env = "FRONTDOOR_PEER_ADMINS", value_delimiter = ',', value_parser = host_and_port)]
    pub peer_admins: Vec<String>,
    /// Receiver of a gateway: `NAME=URL`. Can be repeated; separated by commas in the environment. A gateway without a receiver
    /// does not run, and begins with the events after it was given one.
    #[arg(long = "gateway", env = "FRONTDOOR_GATEWAY", value_delimiter = ',', hide_env_values = true)]
    pub gateways: Vec<GatewayAddress>,
    /// File with certificates (PEM) of authorities that vouch for receivers at https addresses, in addition to the public
    /// authorities.
    #[arg(long, env = "FRONTDOOR_GATEWAY_AUTHORITY")]
    pub gateway_authority: Option<PathBuf>,
    /// Trusted issuer of tokens and its public keys: `ISSUER=JWKS_FILE`. Can be repeated; separated by commas in the
    /// environment.
    #[arg(long = "issuer", env = "FRONTDOOR_ISSUER", value_delimiter = ',')]
    pub issuers: Vec<IssuerFile>,
    /// Algorithm of an issuer's RSA keys that name none: `ISSUER=ALGORITHM` with RS256 (the default), RS384, RS512, PS256,
    /// PS384 or PS512. Can be repeated; separated by commas in the environment.
    #[arg(long = "issuer-rsa", env = "FRONTDOOR_ISSUER_RSA", value_delimiter = ',')]
    pub issuers_rsa: Vec<IssuerRsa>,
    /// File, or folder of files, of a service: `NAME=PATH`, like `passes=FOLDER` with the keys (PEM) that sign passes. Can be repeated;
    /// separated by commas in the environment. It is read again when it changes, and on SIGHUP.
    #[arg(long = "service-file", env = "FRONTDOOR_SERVICE_FILE", value_delimiter = ',')]
    pub service_files: Vec<NamedPath>,
    /// Fill the data folder with invented data, and accept tokens that its key signs.
    #[arg(long, env = "FRONTDOOR_DEMO", value_parser = clap::builder::BoolishValueParser::new())]
    pub demo: bool,
    /// Format of log lines on standard error.
    #[arg(long, env = "FRONTDOOR_LOG_FORMAT", value_enum, default_value_t = LogFormat::Json)]
    pub log_format: LogFormat,
    /// Filter of log lines, such as `info` or `info,command_engine=debug`.
    #[arg(long, env = "FRONTDOOR_LOG_LEVEL", default_value = "info")]
    pub log_level: String,
    /// Concurrent requests. Further ones are answered 503 with Retry-After. Requests with an incomplete body do not
    /// count.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Json,
    Pretty,
}

/// An issuer of tokens, and the file of its public keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerFile {
    pub name: event_core::Issuer,
    pub jwks: PathBuf,
}

impl FromStr for IssuerFile {
    type Err = String;

    fn from_str(text: &str) -> Result<IssuerFile, String> {
        match text.rsplit_once('=') {
            Some((name, file)) if !name.is_empty() && !file.is_empty() => {
                let name = name.parse().map_err(|error: event_core::ids::Malformed| error.to_string())?;
                Ok(IssuerFile { name, jwks: file.into() })
            }
            _ => Err("an issuer is ISSUER=JWKS_FILE".to_owned()),
        }
    }
}

/// `NAME=PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPath {
    pub name: String,
    pub path: PathBuf,
}

impl FromStr for NamedPath {
    type Err = String;

    fn from_str(text: &str) -> Result<NamedPath, String> {
        match text.split_once('=') {
            Some((name, path)) if !name.is_empty() && !path.is_empty() => {
                Ok(NamedPath { name: name.to_owned(), path: path.into() })
            }
            Some(_) | None => Err("it is NAME=PATH, like passes=/etc/frontdoor/pass-keys".to_owned()),
        }
    }
}

/// `ISSUER=ALGORITHM`: the algorithm of an issuer's RSA keys that do not name one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerRsa {
    pub issuer: event_core::Issuer,
    pub algorithm: RsaAlgorithm,
}

impl FromStr for IssuerRsa {
    type Err = String;

    fn from_str(text: &str) -> Result<IssuerRsa, String> {
        let (issuer, algorithm) =
            text.rsplit_once('=').ok_or("it is ISSUER=ALGORITHM, like https://id.example=PS256")?;
        let issuer = issuer.parse().map_err(|error: event_core::ids::Malformed| error.to_string())?;
        Ok(IssuerRsa { issuer, algorithm: algorithm.parse()? })
    }
}

/// Parses `HOST:PORT`, where HOST is an address or a name like `localhost`. If there are several addresses, an IPv4 one
/// is preferred.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let addresses = text.to_socket_addrs().map_err(|error| format!("{text:?} is not HOST:PORT: {error}"))?;
    let addresses: Vec<SocketAddr> = addresses.collect();
    let preferred = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    preferred.copied().ok_or_else(|| format!("{text:?} has no address"))
}

/// Checks the form of `HOST:PORT`. A name is looked up with each use, because a peer may not have an address yet.
pub fn host_and_port(text: &str) -> Result<String, String> {
    let (host, port) = text.trim().rsplit_once(':').ok_or_else(|| format!("{text:?} is not HOST:PORT"))?;
    match port.parse::<u16>() {
        Ok(_) if !host.is_empty() => Ok(text.trim().to_owned()),
        Ok(_) | Err(_) => Err(format!("{text:?} is not HOST:PORT")),
    }
}

/// Used for `--remember-days`.
const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;

/// Locations of the parts of an app, from a validated configuration.
#[derive(Debug, Clone)]
pub struct Places {
    pub log_url: Url,
    pub views_url: Url,
    /// The brokers; absent if followers read the log.
    pub feed: Option<Address>,
    pub roles: Roles,
    /// The receivers of gateways.
    pub gateways: Vec<GatewayAddress>,
    /// The file of the authorities that vouch for receivers, in addition to the public ones.
    pub gateway_authority: Option<PathBuf>,
    /// The time for which a decision that stored no event is remembered.
    pub remember: Duration,
}

impl Serve {
    /// # Errors
    /// A feature that this build does not have, or a contradiction, explained in one line.
    pub fn places(&self) -> Result<Places, Misconfigured> {
        let absent = |flag: &str| Misconfigured(format!("this build has no {flag}; leave it away"));
        if self.vault.is_some() {
            return Err(absent("--vault"));
        }
        let feed = url::given(url::FEED, self.feed.as_ref(), self.feed_file.as_deref())?;
        let feed = feed.map(|feed| feed.exposed().parse::<Address>()).transpose();
        let feed = feed.map_err(|error| Misconfigured(format!("--feed: {error}")))?;
        if self.issuers.iter().any(|issuer| issuer.name.as_str() == DEMO_ISSUER) {
            return Err(Misconfigured(format!("the issuer {} is admitted by --demo alone", DEMO_ISSUER)));
        }
        if self.issuers.iter().any(|issuer| issuer.name.as_str() == POLICY_ISSUER) {
            return Err(Misconfigured(format!("the issuer {POLICY_ISSUER} is that of policies, and signs no tokens")));
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
            gateways: self.gateways.clone(),
            gateway_authority: self.gateway_authority.clone(),
            remember: Duration::from_secs(u64::from(self.remember_days) * SECONDS_OF_A_DAY),
        };
        let is_sqlite = |url: &Url| url.sqlite().is_some();
        let needs_views = [Role::Projections, Role::Query, Role::Pages].iter().any(|role| self.roles.has(*role));
        for (flag, place, url, is_opened) in [
            ("--log", "sqlite:FOLDER", &places.log_url, true),
            ("--views", "sqlite:FILE", &places.views_url, needs_views),
        ] {
            // Addresses are not quoted, because they may contain passwords.
            if !url.is_postgres() && !is_sqlite(url) {
                return Err(Misconfigured(format!("{flag} is {place} or postgres://ROLE@HOST/DATABASE")));
            }
            // A process need not have the files of a database that its roles do not open.
            if url.is_postgres() && is_opened {
                url.checked(flag)?;
            }
        }
        if self.roles != Roles::all() {
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
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        serve: Serve,
    }

    fn parsed(arguments: &[&str]) -> Result<Serve, clap::Error> {
        Cli::try_parse_from(["serve"].iter().chain(arguments)).map(|cli| cli.serve)
    }

    fn serve(arguments: &[&str]) -> Serve {
        parsed(arguments).expect("parses")
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
        assert!(parsed(&["--listen=localhost"]).is_err());
    }

    #[test]
    fn peers_are_addresses_that_need_not_exist_yet() {
        let peers = serve(&["--demo", "--peer-admins=127.0.0.1:8081,peer.invalid:8081"]).peer_admins;
        assert_eq!(peers, ["127.0.0.1:8081", "peer.invalid:8081"]);
        for wrong in ["peer.invalid", ":8081", "peer.invalid:http"] {
            assert!(parsed(&["--peer-admins", wrong]).is_err(), "{wrong}");
        }
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
        assert!(parsed(&["--roles=notary"]).is_err());
    }

    #[test]
    fn a_process_needs_the_files_of_the_databases_that_its_roles_open() {
        let of = |roles: &str| {
            let views = "--views=postgres://views@host/views?passwordfile=/nowhere/password";
            serve(&["--demo", "--roles", roles, "--log=postgres://server@host/logs", views]).places()
        };
        for roles in ["command", "policies"] {
            assert!(of(roles).is_ok(), "{roles}");
        }
        for roles in ["projections", "query", "pages", "command,query"] {
            let refused = of(roles).expect_err("the file is not there").to_string();
            assert!(refused.contains("--views: passwordfile: /nowhere/password"), "{refused}");
        }
    }

    #[test]
    fn an_issuer_may_hold_an_equals_sign() {
        let issuer: IssuerFile = "https://id.example/?a=b=keys.json".parse().expect("an issuer");
        assert_eq!((issuer.name.as_str(), issuer.jwks.to_str()), ("https://id.example/?a=b", Some("keys.json")));
        assert!("keys.json".parse::<IssuerFile>().is_err());
        let rsa: IssuerRsa = "https://id.example/?a=b=PS256".parse().expect("an algorithm");
        assert_eq!(rsa.issuer.as_str(), "https://id.example/?a=b");
        for wrong in ["PS256", "=PS256", "urn:other=ES256", "urn:other="] {
            assert!(wrong.parse::<IssuerRsa>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_flag_of_a_server_has_help_and_a_variable_of_the_environment() {
        for argument in Cli::command().get_arguments().filter(|argument| argument.get_id() != "help") {
            let name = argument.get_id();
            assert!(argument.get_help().is_some(), "{name} says what it is for");
            let variable = argument.get_env().and_then(|name| name.to_str()).expect("can be set by the environment");
            assert!(variable.starts_with("FRONTDOOR_"), "{variable}");
        }
    }
}
