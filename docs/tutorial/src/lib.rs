//! A library that lends books: an application on the platform. `docs/tutorial.md` explains it step by step.

pub mod commands;
pub mod events;
pub mod loans;

use command_engine::Catalogue;
use host::{Application, Demo};
use projection_engine::models;
use query_engine::{About, entry};

pub static APPLICATION: Application = Application {
    name: "library",
    services: &[&events::SERVICE],
    commands: || Catalogue::of(commands::commands),
    read_models: || models(loans::read_models),
    queries: || vec![entry::<loans::ListLoans>()],
    about: About { title: "Library", summary: "Lends books.", description: "The tutorial's service." },
    accepts: |_| true,
    policies: Vec::new,
    pages: None,
    service_files: &[],
    demonstration: Some(|demo| Box::pin(async move { librarian(&demo) })),
};

/// A token to try it with. A real issuer is another program, and `--issuer` names the file of its public keys.
fn librarian(demo: &Demo<'_>) -> anyhow::Result<Option<String>> {
    Ok(Some(format!("TOKEN={}", demo.token("ann", "librarian")?)))
}
