//! The commands of the demonstration with their origins: callers, and keys that are derived from what a command makes.

use command_engine::Origin;
use event_core::{Caller, Issuer};
use vocabulary::access::{CallerRole, Permission};

/// A command of the demonstration, and its origin.
pub type DemoCommand<C> = anyhow::Result<(C, Origin)>;

/// The origin of a command, whose key is derived from what it makes.
pub fn origin(caller: Caller, made: &str) -> Origin {
    Origin::new(caller, format!("demonstration-{made}"))
}

pub fn operator(issuer: &Issuer) -> Caller {
    Caller {
        issuer: issuer.clone(),
        id: "operator-demo".into(),
        role: CallerRole::Operator.into(),
        permissions: vec![Permission::Practices.into()],
        organisation: None,
        level: None,
    }
}
