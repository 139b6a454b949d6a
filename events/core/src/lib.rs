//! The platform's terms, in which services are written: events and their envelope, streams and positions, time and
//! personal data, commands, states and rejections, projections, access rules. Pure: no I/O, no clock, no randomness.
//! Nothing here is specific to a service.

pub mod access;
pub mod asyncapi;
pub mod command;
pub mod envelope;
pub mod event;
pub mod gateway;
#[cfg(any(test, feature = "testing"))]
pub mod given;
pub mod ids;
pub mod personal;
pub mod policy;
pub mod projection;
pub mod rejection;
pub mod state;
pub mod strictness;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
pub mod time;
pub mod visible;

pub use access::{AccessRequest, AccessRule, Caller, Denied};
pub use command::{
    Command, CommandDescription, CommandVisitor, Context, Decision, States, Streams, nothing_new, record,
};
pub use envelope::{Actor, LogName, LogPosition, Raw, Recorded};
pub use event::{Category, Event, EventData, Followed, Service, Undecodable};
pub use gateway::{Gateway, GatewayVisitor};
pub use ids::{Issuer, Malformed, OrganisationCode, StreamName, SubjectId};
pub use personal::Personal;
pub use policy::{Policy, PolicyVisitor, Reaction, Reactions};
pub use projection::{Key, Keys, Projection, ProjectionVisitor};
pub use rejection::{Class, Rejected, Rejection};
pub use state::{Reads, State, StateRequest, Stream};
pub use time::{LocalDate, Timestamp};
