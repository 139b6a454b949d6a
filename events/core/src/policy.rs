//! Policies. A policy defines which commands follow from an event, at once or later.

use serde_json::Value;

use crate::{
    access::Caller,
    command::Command,
    envelope::Recorded,
    event::Followed,
    ids::{Issuer, Malformed},
    time::Timestamp,
};

/// A policy. It is pure: it sees one event at a time and keeps no state, because the command that it gives reads the
/// state and decides. It never opens personal data, and its commands hold none.
pub trait Policy: Send + Sync + 'static {
    /// Names its checkpoint and its caller, `system:<name>`: `[a-z-]{1,40}`.
    const NAME: &'static str;
    /// The categories that it follows: an enum of their events, matched without wildcard.
    type Event: Followed;

    /// The commands that follow from this event. Their places are part of their idempotency keys: a later release may
    /// add commands at the end, and moves none.
    fn react(fact: &Recorded<Self::Event>) -> Reactions;
}

/// The commands that follow from one event, in order.
#[derive(Debug, Default, PartialEq)]
pub struct Reactions(Vec<Reaction>);

/// A command that follows from an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Reaction {
    /// [`Command::NAME`]
    pub command: &'static str,
    /// The command's JSON.
    pub body: Value,
    /// The earliest time at which it is given; at once if `None`. It is not cancelled: the command decides again when it
    /// is due, and finds nothing to do if it is no longer needed.
    pub due_at: Option<Timestamp>,
    /// The name whose release it waits for, if it does not follow by itself.
    pub awaits: Option<String>,
}

/// The command name of a reaction that releases waiting commands; its body is the name that they wait for. The engine carries it
/// out itself, and no service has a command of this name.
pub const RELEASE: &str = "release";

impl Reaction {
    /// This command, at once.
    pub fn to<C: Command>(command: &C) -> Reaction {
        // A command that cannot be written is refused when it is given, and is recorded as such.
        Reaction {
            command: C::NAME,
            body: serde_json::to_value(command).unwrap_or_default(),
            due_at: None,
            awaits: None,
        }
    }
}

impl Reactions {
    /// The maximum number of commands that follow from one event.
    pub const MAX: usize = 2_000;

    /// Nothing follows.
    pub fn none() -> Reactions {
        Reactions::default()
    }

    /// This follows.
    pub fn of(reaction: Reaction) -> Reactions {
        Reactions(vec![reaction])
    }

    /// This command follows at once.
    pub fn give(command: &impl Command) -> Reactions {
        Reactions::none().and(command)
    }

    /// This command follows when it is due.
    pub fn give_at(due_at: Timestamp, command: &impl Command) -> Reactions {
        Reactions::none().and_at(due_at, command)
    }

    /// Adds a command that follows at once.
    #[must_use]
    pub fn and(self, command: &impl Command) -> Reactions {
        self.with(command, None)
    }

    /// Adds a command that follows when it is due.
    #[must_use]
    pub fn and_at(self, due_at: Timestamp, command: &impl Command) -> Reactions {
        self.with(command, Some(due_at))
    }

    /// This command follows once a later event releases `name` ([`Reactions::release`]). Until then it is a row of the policy that
    /// costs nothing else, so that one event can release more commands than [`Reactions::MAX`].
    pub fn give_after(name: impl Into<String>, command: &impl Command) -> Reactions {
        Reactions::of(Reaction { awaits: Some(name.into()), ..Reaction::to(command) })
    }

    /// The commands of this policy that wait for `name` follow now, the oldest first. One of a later event waits again.
    pub fn release(name: impl Into<String>) -> Reactions {
        Reactions::of(Reaction { command: RELEASE, body: Value::String(name.into()), due_at: None, awaits: None })
    }

    fn with<C: Command>(mut self, command: &C, due_at: Option<Timestamp>) -> Reactions {
        self.0.push(Reaction { due_at, ..Reaction::to(command) });
        self
    }

    pub fn list(&self) -> &[Reaction] {
        &self.0
    }
}

impl IntoIterator for Reactions {
    type Item = Reaction;
    type IntoIter = std::vec::IntoIter<Reaction>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Visits the type of each policy.
pub trait PolicyVisitor {
    fn visit<P: Policy>(&mut self);
}

/// The issuer of policies. No token can have it: an issuer of tokens with this name is refused at the start.
pub const POLICY_ISSUER: &str = "urn:frontdoor:policies";
/// The role of policies. Services accept no token with it.
pub const SYSTEM_ROLE: &str = "system";

/// The caller as which the policy of this name gives commands.
///
/// # Errors
/// Never for the constant above.
pub fn policy_caller(name: &str) -> Result<Caller, Malformed> {
    let issuer: Issuer = POLICY_ISSUER.parse()?;
    let id = format!("system:{name}").into();
    Ok(Caller { issuer, id, role: SYSTEM_ROLE.into(), permissions: Vec::new(), organisation: None, level: None })
}
