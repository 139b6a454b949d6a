//! The commands by name, without their types: a description of each for the API, and the functions that read and decide
//! it.

use std::{collections::BTreeMap, sync::Arc};

use event_core::{
    Command, CommandDescription, CommandVisitor, Context, Decision, OrganisationCode, Reads, Rejected, Rejection,
    StateRequest, SubjectId, state::AnyState, strictness::strictly, text::TOO_LONG,
};
use http_edge::Fault;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::{
    failure::{ERASED, Failure},
    shape,
};

type Parse = fn(&[u8]) -> Result<Arc<dyn AnyCommand>, Failure>;

/// A command that an engine accepts.
pub struct CommandEntry {
    pub description: CommandDescription,
    parse: Parse,
}

impl CommandEntry {
    /// Reads a command from its body. `json` is the same body.
    ///
    /// # Errors
    /// `Unreadable` or `TextTooLong`, with the place of the fault.
    pub(crate) fn parse(&self, body: &[u8], json: &Value) -> Result<Arc<dyn AnyCommand>, Failure> {
        let command = strictly(|| (self.parse)(body))?;
        shape::check(&self.description.schema, json).map_err(Failure::Unreadable)?;
        Ok(command)
    }
}

/// Every command that an engine accepts.
#[derive(Default)]
pub struct Catalogue {
    entries: BTreeMap<&'static str, CommandEntry>,
}

impl Catalogue {
    /// An empty catalogue; `with` adds commands.
    pub fn new() -> Catalogue {
        Catalogue::default()
    }

    /// The commands that `visit` visits: those of one or more services.
    pub fn of(visit: impl FnOnce(&mut Catalogue)) -> Catalogue {
        let mut catalogue = Catalogue::new();
        visit(&mut catalogue);
        catalogue
    }

    #[must_use]
    pub fn with<C: Command>(mut self) -> Catalogue {
        self.visit::<C>();
        self
    }

    /// The descriptions of the commands, in the order of their names.
    pub fn descriptions(&self) -> impl Iterator<Item = &CommandDescription> {
        self.entries.values().map(|entry| &entry.description)
    }

    /// Every rejection that the commands can give; some occur more than once.
    pub fn rejections(&self) -> impl Iterator<Item = &'static Rejection> {
        self.descriptions().flat_map(|command| command.rejections.iter().copied()).chain([&ERASED])
    }

    pub fn get(&self, name: &str) -> Option<&CommandEntry> {
        self.entries.get(name)
    }
}

impl CommandVisitor for Catalogue {
    fn visit<C: Command>(&mut self) {
        let parse: Parse = |body| Ok(Arc::new(parse::<C>(body)?));
        let entry = CommandEntry { description: CommandDescription::of::<C>(), parse };
        self.entries.insert(C::NAME, entry);
    }
}

/// A command of any type, as the engine decides it.
pub(crate) trait AnyCommand: Send + Sync {
    fn subject(&self) -> Option<SubjectId>;
    fn answers_for(&self) -> Option<SubjectId>;
    fn organisation(&self) -> Option<OrganisationCode>;
    fn wanted(&self, context: &Context) -> Vec<StateRequest>;
    fn gives_up(&self) -> bool;
    /// `None` if the states are not of the types that `wanted` asks for, which is a bug.
    fn decide(&self, states: &[Arc<dyn AnyState>], context: &Context) -> Option<Result<Decision, Rejected>>;
}

impl<C: Command> AnyCommand for C {
    fn subject(&self) -> Option<SubjectId> {
        Command::subject(self)
    }

    fn answers_for(&self) -> Option<SubjectId> {
        Command::answers_for(self)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Command::organisation(self)
    }

    fn wanted(&self, context: &Context) -> Vec<StateRequest> {
        C::Reads::wanted(&self.streams(context))
    }

    fn gives_up(&self) -> bool {
        C::GIVES_UP
    }

    fn decide(&self, states: &[Arc<dyn AnyState>], context: &Context) -> Option<Result<Decision, Rejected>> {
        Some(Command::decide(self, C::Reads::borrow(states)?, context))
    }
}

fn parse<C: Command>(body: &[u8]) -> Result<C, Failure> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let command: C = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| unreadable(pointer(error.path()), error.inner()))?;
    reader.end().map_err(|error| unreadable(String::new(), &error))?;
    Ok(command)
}

fn unreadable(pointer: String, error: &serde_json::Error) -> Failure {
    let detail = error.to_string();
    let too_long = detail.strip_prefix(TOO_LONG).map(|rest| rest.trim_start_matches([':', ' ']).to_owned());
    match too_long {
        Some(detail) => Failure::TextTooLong(Fault { pointer, detail }),
        None => Failure::Unreadable(Fault { pointer, detail }),
    }
}

/// RFC 6901.
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            // A variant is not a step in the JSON, and an unknown segment has no name.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}
