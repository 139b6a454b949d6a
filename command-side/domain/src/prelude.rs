//! Imports that most command files use.

pub use event_core::{
    AccessRule, Command, Context, Decision, Rejected, Rejection, States, Stream, Streams, nothing_new, record,
};
pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};

pub use vocabulary::access::{
    Capability,
    IdentityLevel::{P0, P5, P9},
    Permission, anonymous, operator, patient, proxy, staff, system,
};
