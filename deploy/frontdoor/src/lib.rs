//! The health services as one application on the platform, and their additional commands: tokens for the demonstration,
//! the offline check, the checks of pathways and programmes, vaccination passes, and the simulation of users.

pub mod cli;
pub mod demo;
pub mod tokens;

mod check;
mod pass;
mod pass_keys;
mod pathway;
mod programme;
mod rule_file;
mod simulation;

use std::{ffi::OsString, process::ExitCode, sync::LazyLock};

use command_engine::Catalogue;
use host::{Application, ApplicationPages};
use policy_engine::entries;
use projection_engine::models;

use cli::{Cli, Task};

/// The services of the health application. A service is in these lists through its crates: vocabulary, domain, views,
/// queries.
pub static APPLICATION: Application = Application {
    name: "frontdoor",
    services: vocabulary::SERVICES,
    commands: || {
        // The releases and editions are read and checked now, and not while the first person waits.
        LazyLock::force(&pathways::CATALOGUE);
        LazyLock::force(&programmes::CATALOGUE);
        Catalogue::of(domain::every_command)
    },
    read_models: || models(views::every_read_model),
    policies: || {
        entries(|visitor| {
            policies::every_policy(visitor);
            policies::every_gateway(visitor);
        })
    },
    queries: queries::all,
    about: queries::ABOUT,
    accepts: vocabulary::access::is_known,
    service_files: &[pass_keys::SERVICE_FILE],
    demonstration: Some(demo::fill),
    pages: Some(ApplicationPages { routes: pages::router, error: pages::error_page, people: demo::people_of_pages }),
};

/// Runs the command line.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    host::program(&APPLICATION, arguments, |cli: Cli| match cli.task {
        Task::Platform(task) => host::perform(&APPLICATION, task),
        Task::Token(options) => tokens::print(&options).map(|()| ExitCode::SUCCESS),
        Task::Check(options) => Ok(check::check(&options)),
        Task::Pathway(task) => Ok(pathway::perform(&task)),
        Task::Programme(task) => Ok(programme::perform(&task)),
        Task::Simulate(options) => simulation::perform(&options),
        Task::Pass(task) => Ok(pass::perform(&task)),
        Task::Licences(options) => {
            host::output::text(if options.bill_of_materials { licences::BILL_OF_MATERIALS } else { licences::TEXT });
            Ok(ExitCode::SUCCESS)
        }
    })
}
