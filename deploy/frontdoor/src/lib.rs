//! The one place that knows all: roles, URLs, configuration, listeners, and the operator's commands. It decides nothing
//! about the health service, and holds no SQL but that of the offline check.

pub mod app;
pub mod cli;
pub mod demo;

mod admin;
mod check;
mod descriptors;
mod health;
mod history;
mod key_files;
mod log_copy;
mod operator;
mod output;
mod private;
mod serve;
mod status;
mod telemetry;
pub mod tokens;
pub mod url;

use std::{ffi::OsString, process::ExitCode};

use cli::{Cli, LogTask, Task};

/// Wrong usage or configuration (sysexits.h, EX_USAGE).
const EXIT_USAGE: u8 = 64;
/// It could not be done.
const EXIT_FAILED: u8 = 1;

/// Wrong configuration: one line that says what.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misconfigured(pub String);

/// Does what the command line asks for.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    std::panic::set_hook(Box::new(panicked));
    let task = match Cli::parsed(arguments) {
        Ok(cli) => cli.task,
        Err(error) => return unparsed(&error),
    };
    let outcome = match task {
        Task::Serve(options) => serve::serve(options).map(|()| ExitCode::SUCCESS),
        Task::Token(options) => tokens::print(&options).map(|()| ExitCode::SUCCESS),
        Task::Projections(options) => operator::projections(&options).map(|()| ExitCode::SUCCESS),
        Task::Status(options) => status::status(&options),
        Task::Rebuild(options) => operator::rebuild(&options).map(|()| ExitCode::SUCCESS),
        Task::Migrate(options) => operator::migrate(&options).map(|()| ExitCode::SUCCESS),
        Task::Log(LogTask::Copy(options)) => log_copy::copy(&options).map(|()| ExitCode::SUCCESS),
        Task::Log(LogTask::Create(options)) => history::create(&options).map(|()| ExitCode::SUCCESS),
        Task::Check(options) => Ok(check::check(&options)),
        Task::Asyncapi(options) => operator::asyncapi(&options).map(|()| ExitCode::SUCCESS),
    };
    let code = outcome.unwrap_or_else(|error| {
        let code = if error.is::<Misconfigured>() { EXIT_USAGE } else { EXIT_FAILED };
        output::error_line(format_args!("frontdoor: {}", url::masked(&one_line(&format!("{error:#}")))));
        ExitCode::from(code)
    });
    output::rest();
    code
}

/// Says where a panic was. Its text may quote data, so it is not printed.
fn panicked(panic: &std::panic::PanicHookInfo<'_>) {
    let place =
        panic.location().map_or_else(String::new, |at| format!(" at {}:{}:{}", at.file(), at.line(), at.column()));
    // A panic while panicking ends the process, so a closed standard error is not a reason for one.
    output::error_line(format_args!("frontdoor: a panic{place}"));
}

/// Help and version are answers; all else is one line.
fn unparsed(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        output::text(format_args!("{error}"));
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    output::error_line(format_args!("frontdoor: {}", url::masked(&one_line(first.trim_start_matches("error: ")))));
    ExitCode::from(EXIT_USAGE)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
