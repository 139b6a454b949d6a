//! A program that hosts an application: it parses the command line, opens the parts that a process's roles need, serves,
//! and has the operator's commands. The application is a value: its services, commands, read models and queries. This
//! crate knows the engines and no service.

pub mod app;
pub mod cli;
pub mod demo;
pub mod options;
pub mod output;
pub mod parts;
pub mod roles;
pub mod url;

mod admin;
mod descriptors;
mod health;
mod history;
mod key_files;
mod log_copy;
mod operator;
mod private;
mod serve;
mod status;
mod telemetry;

use std::{ffi::OsString, process::ExitCode};

use clap::Parser;
use command_engine::Catalogue;
use event_core::{Caller, Service};
use projection_engine::Model;
use query_engine::{About, Entry};

pub use cli::PlatformTask;

/// Wrong usage or configuration (sysexits.h, EX_USAGE).
const EXIT_USAGE: u8 = 64;
/// The command failed.
const EXIT_FAILED: u8 = 1;

/// The services of a program, and what the platform cannot know of them.
pub struct Application {
    /// The program's name: in messages, and the audience of its callers' tokens.
    pub name: &'static str,
    pub services: &'static [&'static Service],
    pub commands: fn() -> Catalogue,
    pub read_models: fn() -> Vec<Model>,
    pub queries: fn() -> Vec<Entry>,
    /// Texts of the API's description.
    pub about: About,
    /// False for a caller whose role or permissions the services do not know: such a token is not valid.
    pub accepts: fn(&Caller) -> bool,
    /// `None`: there is no `serve --demo`.
    pub demonstration: Option<demo::Demonstration>,
}

/// Wrong configuration: one line that says what.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misconfigured(pub String);

/// The program of an application that has no commands beside the platform's. It reads the process's command line.
pub fn run(application: &'static Application) -> ExitCode {
    #[derive(Parser)]
    #[command(version)]
    struct Cli {
        #[command(subcommand)]
        task: PlatformTask,
    }
    program(application, std::env::args_os(), |cli: Cli| perform(application, cli.task))
}

/// A program with commands of its own: it parses the command line, runs the command that this stands for, and turns an error
/// into one line and an exit code (64: wrong usage or configuration; 1: the command failed).
pub fn program<C: Parser>(
    application: &'static Application,
    arguments: impl IntoIterator<Item = OsString>,
    command: impl FnOnce(C) -> anyhow::Result<ExitCode>,
) -> ExitCode {
    let name = application.name;
    std::panic::set_hook(Box::new(|panic| panicked(name, panic)));
    let definition = cli::without_blank_variables(C::command().name(name));
    let parsed = definition.try_get_matches_from(arguments).and_then(|matches| C::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return unparsed(name, &error),
    };
    let code = command(cli).unwrap_or_else(|error| {
        let code = if error.is::<Misconfigured>() { EXIT_USAGE } else { EXIT_FAILED };
        output::error_line(format_args!("{name}: {}", url::masked(&one_line(&format!("{error:#}")))));
        ExitCode::from(code)
    });
    output::rest();
    code
}

/// Runs one of the platform's commands.
///
/// # Errors
/// `Misconfigured`, or the reason why the command failed.
pub fn perform(application: &'static Application, task: PlatformTask) -> anyhow::Result<ExitCode> {
    match task {
        PlatformTask::Serve(options) => serve::serve(application, &options)?,
        PlatformTask::Projections(options) => operator::projections(&options)?,
        PlatformTask::Status(options) => return status::status(&options),
        PlatformTask::Rebuild(options) => operator::rebuild(&options)?,
        PlatformTask::Migrate(options) => operator::migrate(&options)?,
        PlatformTask::Log(cli::LogTask::Copy(options)) => log_copy::copy(&options)?,
        PlatformTask::Log(cli::LogTask::Create(options)) => history::create(application, &options)?,
        PlatformTask::Asyncapi(options) => operator::asyncapi(application, &options)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Says where a panic was. Its text may quote data, so it is not printed.
fn panicked(name: &str, panic: &std::panic::PanicHookInfo<'_>) {
    let place =
        panic.location().map_or_else(String::new, |at| format!(" at {}:{}:{}", at.file(), at.line(), at.column()));
    // A panic while panicking ends the process, so a closed standard error is not a reason for one.
    output::error_line(format_args!("{name}: a panic{place}"));
}

/// Help and version are answers; all else is one line.
fn unparsed(name: &str, error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        output::text(format_args!("{error}"));
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    output::error_line(format_args!("{name}: {}", url::masked(&one_line(first.trim_start_matches("error: ")))));
    ExitCode::from(EXIT_USAGE)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
