//! Commands: the requests of people. A command is one file: its fields, the streams it reads, the callers it admits,
//! `decide`.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    access::{AccessRule, Caller},
    event::AnyEvent,
    event::{Event, EventData},
    ids::{OrganisationCode, StreamName, SubjectId},
    rejection::{Rejected, Rejection},
    state::Reads,
    strictness::strictly,
    time::Timestamp,
};

/// The inputs of a decision besides the command and the states.
#[derive(Debug, Clone)]
pub struct Context {
    /// The time at which the command was taken to be decided; the same when it is decided again.
    pub now: Timestamp,
    pub caller: Caller,
}

/// A command. Its doc comment and those of its fields are part of the API's description.
pub trait Command: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// As in `POST /commands/lend-copy`.
    const NAME: &'static str;
    /// The rule that admits its callers.
    const WHO: &'static dyn AccessRule;
    /// Every rejection that `decide` can return.
    const REJECTIONS: &'static [&'static Rejection];
    /// True for a command that only gives up something that its caller has. The log keeps room for it in streams that
    /// are full for other commands.
    const GIVES_UP: bool = false;
    type Reads: Reads;

    /// The person concerned, and the subject of the events.
    fn subject(&self) -> Option<SubjectId> {
        None
    }

    /// The person that the caller needs a relationship to. Differs from `subject` only if the person concerned does not
    /// have that relationship yet, because this command creates it.
    fn answers_for(&self) -> Option<SubjectId> {
        self.subject()
    }

    /// The organisation concerned.
    fn organisation(&self) -> Option<OrganisationCode> {
        None
    }

    /// The streams that it reads. They follow from the command's own fields and, if a daily limit has a stream for each
    /// day, from the day. `decide` gets the same context.
    fn streams(&self, context: &Context) -> Streams<Self>;

    /// Applies the rules to the states of its streams.
    ///
    /// # Errors
    /// One of `REJECTIONS`.
    fn decide(&self, states: States<'_, Self>, context: &Context) -> Result<Decision, Rejected>;
}

/// The streams that a command reads, in the order of its `Reads`.
pub type Streams<C> = <<C as Command>::Reads as Reads>::Streams;
/// The states of these streams.
pub type States<'a, C> = <<C as Command>::Reads as Reads>::States<'a>;

/// The events of a granted command, in order. The data of each event names its stream, which is one that the command
/// reads. A decision without events means that there is nothing new.
#[derive(Default)]
pub struct Decision {
    pub events: Vec<(StreamName, Box<dyn AnyEvent>)>,
}

/// Grants a command that would change nothing.
pub fn nothing_new() -> Decision {
    Decision::default()
}

/// Grants a command, and records this event.
pub fn record(event: impl EventData) -> Decision {
    nothing_new().and(event)
}

impl Decision {
    /// Adds an event.
    #[must_use]
    pub fn and<D: EventData>(mut self, event: D) -> Decision {
        let event: D::Event = event.into();
        self.events.push((event.stream(), Box::new(event)));
        self
    }

    /// Adds several events.
    #[must_use]
    pub fn and_all(self, events: impl IntoIterator<Item = impl EventData>) -> Decision {
        events.into_iter().fold(self, Decision::and)
    }
}

/// A command as the API describes it, without its type.
#[derive(Clone)]
pub struct CommandDescription {
    pub name: &'static str,
    pub who: &'static dyn AccessRule,
    pub rejections: &'static [&'static Rejection],
    /// JSON Schema (2020-12) of its body.
    pub schema: Value,
}

impl CommandDescription {
    pub fn of<C: Command>() -> CommandDescription {
        // The schema is that of today's rules, because the body is read by them.
        let schema = strictly(|| SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<C>());
        CommandDescription { name: C::NAME, who: C::WHO, rejections: C::REJECTIONS, schema: schema.into() }
    }

    /// The command's first sentence.
    pub fn summary(&self) -> &str {
        self.schema["description"].as_str().and_then(|text| text.lines().next()).unwrap_or_default()
    }
}

/// Visits the type of each command.
pub trait CommandVisitor {
    fn visit<C: Command>(&mut self);
}

impl CommandVisitor for Vec<CommandDescription> {
    fn visit<C: Command>(&mut self) {
        self.push(CommandDescription::of::<C>());
    }
}

/// The commands of a service: `file::Type`. The files are declared outside the macro, because rustfmt does not see a
/// `mod` that a macro writes.
#[macro_export]
macro_rules! commands {
    ($($file:ident::$command:ident,)+) => {
        $(pub use $file::$command;)+

        /// Visits every command of this service.
        pub fn commands(visitor: &mut impl $crate::command::CommandVisitor) {
            $(visitor.visit::<$command>();)+
        }
    };
}
