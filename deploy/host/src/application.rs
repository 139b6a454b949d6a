//! An application: the services of a program, as a value, and its demonstration.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use axum::Router;
use command_engine::Catalogue;
use event_core::{Caller, Issuer, Service};
use futures::future::BoxFuture;
use http_edge::ErrorLayout;
use page_engine::{DemoPerson, Pages};
use policy_engine::PolicyEntry;
use projection_engine::Model;
use query_engine::{About, QueryEntry, ServiceValues};
use serde_json::json;

use crate::{
    app::App,
    demo_key::{DEMO_ISSUER, DemoKey},
};

/// Validity of a token.
const TOKEN_SECONDS: i64 = 12 * 60 * 60;

/// The services of a program, and the settings that the platform cannot derive from them.
pub struct Application {
    /// The program's name, used in messages and as the audience of tokens.
    pub name: &'static str,
    pub services: &'static [&'static Service],
    pub commands: fn() -> Catalogue,
    pub read_models: fn() -> Vec<Model>,
    pub policies: fn() -> Vec<PolicyEntry>,
    pub queries: fn() -> Vec<QueryEntry>,
    /// Texts for the API description.
    pub about: About,
    /// False for a caller with a role or permissions that the services do not know: such a token is not valid.
    pub accepts: fn(&Caller) -> bool,
    /// The files that services read besides the logs.
    pub service_files: &'static [ServiceFile],
    /// `None` if there is no `serve --demo`.
    pub demonstration: Option<Demonstration>,
    /// `None` if there are no web pages.
    pub pages: Option<ApplicationPages>,
}

/// A file, or a folder of files, that a service reads at the start, and again when it changes: `--service-file NAME=PATH`.
pub struct ServiceFile {
    pub name: &'static str,
    /// Reads it, and puts what its queries need among the values.
    pub read: fn(&Path, &ServiceValues) -> anyhow::Result<()>,
    /// Makes it below the data folder of a demonstration, unless it is there.
    pub demonstration: fn(&Path) -> anyhow::Result<PathBuf>,
}

/// The web pages of an application.
pub struct ApplicationPages {
    /// The routes of the pages.
    pub routes: fn(Pages) -> Router,
    /// The layout of error pages.
    pub error: ErrorLayout,
    /// The invented people of the demonstration, in whose name visitors may sign in.
    pub people: fn(&Issuer) -> Vec<DemoPerson>,
}

/// Fills an app with invented data. Returns a text to print at the start.
pub type Demonstration = for<'a> fn(Demo<'a>) -> BoxFuture<'a, anyhow::Result<Option<String>>>;

/// The server that a demonstration fills.
pub struct Demo<'a> {
    pub app: &'a App,
    pub key: &'a DemoKey,
    /// The data folder.
    pub data: &'a Path,
    /// The public address.
    pub public: SocketAddr,
}

impl Demo<'_> {
    /// A token for a caller with this role, valid for twelve hours.
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn token(&self, subject: &str, role: &str) -> anyhow::Result<String> {
        let (audience, now) = (self.app.application.name, jiff::Timestamp::now().as_second());
        let expires = now + TOKEN_SECONDS;
        self.key.sign(
            &json!({"iss": DEMO_ISSUER, "aud": audience, "sub": subject, "role": role, "iat": now, "exp": expires}),
        )
    }
}
