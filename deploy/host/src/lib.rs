//! A program that hosts an application: it parses the command line, opens the parts that a process's roles need,
//! serves, and provides the operator's commands. The application is a value: its services, commands, read models and
//! queries. This crate depends on the engines and on no service.

pub mod app;
mod application;
pub mod cli;
pub mod demo_key;
pub mod options;
pub mod output;
pub mod parts;
pub mod roles;
pub mod url;

mod admin;
mod admin_policies;
mod demo_receiver;
mod descriptors;
mod health;
mod history;
mod http_client;
mod key_files;
mod log_copy;
mod misconfigured;
mod operations;
mod operator;
mod operator_policies;
mod peers;
mod private;
mod process_status;
mod readiness;
mod receivers;
mod reread;
mod samples;
mod serve;
mod service_files;
mod status;
mod system_status;
mod telemetry;

use std::{ffi::OsString, process::ExitCode};

use clap::Parser;

pub use application::{Application, ApplicationPages, Demo, Demonstration, ServiceFile};
pub use cli::PlatformTask;
pub use misconfigured::Misconfigured;

/// Wrong usage or configuration (sysexits.h, EX_USAGE).
const EXIT_USAGE: u8 = 64;
/// The command failed.
const EXIT_FAILED: u8 = 1;

/// The program of an application without additional commands. It reads the process's command line.
pub fn run(application: &'static Application) -> ExitCode {
    #[derive(Parser)]
    #[command(version)]
    struct Cli {
        #[command(subcommand)]
        task: PlatformTask,
    }
    program(application, std::env::args_os(), |cli: Cli| perform(application, cli.task))
}

/// A program with additional commands: parses the command line, runs the command through `perform`, and turns an error
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
        PlatformTask::Policies(task) => operator_policies::perform(&task)?,
        PlatformTask::Migrate(options) => operator::migrate(&options)?,
        PlatformTask::Log(cli::LogTask::Copy(options)) => log_copy::copy(&options)?,
        PlatformTask::Log(cli::LogTask::Create(options)) => operator::create_logs(application, &options)?,
        PlatformTask::DemoReceiver(options) => demo_receiver::receive(application.name, &options)?,
        PlatformTask::Asyncapi(options) => operator::asyncapi(application, &options)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the location of a panic. Its text may quote data, so it is not printed.
fn panicked(name: &str, panic: &std::panic::PanicHookInfo<'_>) {
    let place =
        panic.location().map_or_else(String::new, |at| format!(" at {}:{}:{}", at.file(), at.line(), at.column()));
    // A panic while panicking would end the process, so a closed standard error must not cause one.
    output::error_line(format_args!("{name}: a panic{place}"));
}

/// Prints help and version as they are, and any other error as one line.
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
