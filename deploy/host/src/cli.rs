//! The commands of the platform, and their help texts.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Subcommand};

use crate::{
    options::{Serve, address, host_and_port},
    system_status::LAG_EVENTS_MAX,
    url::Url,
};

/// Makes a command line treat a blank environment variable as unset.
pub fn without_blank_variables(command: clap::Command) -> clap::Command {
    let is_blank = |argument: &clap::Arg| {
        let value = argument.get_env().and_then(std::env::var_os);
        value.is_some_and(|value| value.to_str().is_some_and(|text| text.trim().is_empty()))
    };
    let command =
        command.mut_args(|argument| if is_blank(&argument) { argument.env(None::<&'static str>) } else { argument });
    command.mut_subcommands(without_blank_variables)
}

#[derive(Debug, Subcommand)]
pub enum PlatformTask {
    /// Serve commands and queries.
    Serve(Box<Serve>),
    /// List the read models of a running server: position, lag, state.
    Projections(Projections),
    /// Show the state of all processes: roles, relays, read models with owner and lag. Exits with 0 if all is well, otherwise
    /// with 1.
    Status(StatusOptions),
    /// Rebuild a read model of a running server from the first event. The old one keeps serving.
    Rebuild(RebuildOptions),
    /// See the policies of a running server, and the commands of theirs that failed.
    #[command(subcommand)]
    Policies(PoliciesTask),
    /// Create or upgrade the logs in a PostgreSQL database, as their owner. Servers only check the version.
    Migrate(Migrate),
    /// Copy logs, or create missing ones.
    #[command(subcommand)]
    Log(LogTask),
    /// Receive what the gateways of a demonstration deliver, and show it on a page.
    DemoReceiver(DemoReceiverOptions),
    /// Print the AsyncAPI document of the logs' topics on Kafka.
    Asyncapi(Asyncapi),
}

#[derive(Debug, Clone, Args)]
pub struct DemoReceiverOptions {
    /// Address of the page and of the receivers: deliveries go to `http://LISTEN/<gateway>`, as in `serve --gateway
    /// sms=http://127.0.0.1:8082/sms`. Port 0 selects a free port, which is printed.
    #[arg(long, env = "FRONTDOOR_RECEIVER", default_value = "127.0.0.1:8082", value_parser = address)]
    pub listen: SocketAddr,
    /// End with the process that started this one.
    #[arg(long)]
    pub until_parent_ends: bool,
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
pub enum PoliciesTask {
    /// List the policies: position, lag, state, and the commands that wait or are parked.
    List(PoliciesList),
    /// List the commands of a policy that are not given any more: parked after too many failures, refused by a rule, or
    /// discarded by an operator; and the deliveries of a gateway that its receiver has. All but parked ones are kept for 30
    /// days.
    Held(PoliciesHeld),
    /// Give parked commands of a policy again: one, or all.
    Retry(PoliciesRetry),
    /// Discard parked commands of a policy: one, or all. They are never given.
    Discard(PoliciesDiscard),
}

#[derive(Debug, Clone, Args)]
pub struct PoliciesList {
    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub server: ServerAddress,
}

#[derive(Debug, Clone, Args)]
pub struct PoliciesHeld {
    /// Name of the policy, as listed by `policies list`.
    pub name: String,
    /// State of the commands.
    #[arg(long, value_parser = ["parked", "refused", "discarded", "delivered"], default_value = "parked")]
    pub state: String,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub server: ServerAddress,
}

#[derive(Debug, Clone, Args)]
pub struct PoliciesRetry {
    /// Name of the policy, as listed by `policies list`.
    pub name: String,
    /// Id of the command, as listed by `policies held`. Default: all parked commands of the policy.
    pub id: Option<String>,
    #[command(flatten)]
    pub server: ServerAddress,
}

#[derive(Debug, Clone, Args)]
pub struct PoliciesDiscard {
    /// Name of the policy, as listed by `policies list`.
    pub name: String,
    /// Id of the command, as listed by `policies held`. Default: all parked commands of the policy.
    pub id: Option<String>,
    /// Reason, which is kept with the commands. It contains nothing personal.
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub server: ServerAddress,
}

#[derive(Debug, Subcommand)]
pub enum LogTask {
    /// Copy the logs of a stopped server from SQLite to PostgreSQL, with positions, ids, times, lineage and secret. The copy is
    /// read again and compared. It can be interrupted and resumed; servers open the copy only when it is complete.
    Copy(LogCopy),
    /// Create the missing logs in a folder that has lost one, which starts a new history. `serve` creates logs in an empty
    /// folder only.
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

#[derive(Debug, Clone, Args)]
pub struct Projections {
    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub server: ServerAddress,
}

#[derive(Debug, Clone, Args)]
pub struct StatusOptions {
    /// Print JSON instead of tables.
    #[arg(long)]
    pub json: bool,
    /// Events by which a relay or a read model may lag.
    #[arg(long, default_value_t = LAG_EVENTS_MAX)]
    pub lag_max: u64,
    /// Operator's addresses of all processes, `HOST:PORT`, separated by commas. A name that has several addresses stands for a
    /// process at each.
    #[arg(long, env = "FRONTDOOR_ADMIN", value_delimiter = ',', default_value = "127.0.0.1:8081", value_parser = host_and_port)]
    pub admin: Vec<String>,
}

#[derive(Debug, Clone, Args)]
pub struct RebuildOptions {
    /// Name of the read model, as listed by `projections`.
    pub name: String,
    #[command(flatten)]
    pub server: ServerAddress,
}

#[derive(Debug, Clone, Args)]
pub struct ServerAddress {
    /// Operator's address of the running server.
    #[arg(long, env = "FRONTDOOR_ADMIN", default_value = "127.0.0.1:8081", value_parser = address)]
    pub admin: SocketAddr,
}

#[derive(Debug, Clone, Args)]
pub struct Asyncapi {
    /// Kind of event, as the document names it: print its JSON Schema only.
    pub kind: Option<String>,
}
