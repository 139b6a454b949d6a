//! `/openapi.json`: OpenAPI 3.1 of everything that is served, generated once from the code: the commands of the
//! catalogue, the queries of `queries`, and the few other paths.

mod answers;
mod components;
mod fixed;
mod generators;
mod operations;
mod plain;

use event_core::CommandDescription;
use serde_json::{Map, Value, json};

use self::components::Components;
use crate::entry::QueryEntry;

pub const VERSION: &str = "3.1.0";

/// The description of an API as a whole.
#[derive(Clone, Copy)]
pub struct About {
    pub title: &'static str,
    pub summary: &'static str,
    /// Information that people need before they use it.
    pub description: &'static str,
}

/// The whole document.
pub fn document(queries: &[QueryEntry], commands: &[CommandDescription], about: &About) -> Value {
    let mut components = Components::default();
    fixed::schemas(&mut components);
    // Queries come first: if a command accepts less than an answer may contain, the schema of the answer has the plain
    // name.
    let operation =
        |entry: &QueryEntry, components: &mut Components| json!({"get": operations::query(entry, components)});
    let asked: Map<String, Value> =
        queries.iter().map(|entry| (entry.path.to_owned(), operation(entry, &mut components))).collect();
    let mut paths = Map::new();
    for command in commands {
        let operation = operations::command(command, &mut components);
        paths.insert(format!("/commands/{}", command.name), json!({"post": operation}));
    }
    paths.extend(asked);
    paths.extend(fixed::paths());
    json!({
        "openapi": VERSION,
        "info": {
            "title": about.title,
            "version": env!("CARGO_PKG_VERSION"),
            "summary": about.summary,
            "description": format!("{}\n\n{}", about.description, fixed::DESCRIPTION),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "tags": fixed::tags(),
        "paths": paths,
        "components": {
            "schemas": components.into_value(),
            "responses": answers::shared(),
            "parameters": fixed::parameters(),
            "headers": fixed::headers(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "Claims: iss, sub, role, permissions, organisation, identity_proofing_level."},
            },
        },
    })
}
