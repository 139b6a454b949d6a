//! The caller and the name as they are stored in a sign-in's row.

use aws_lc_rs::digest::{Context, SHA256};
use event_core::{Caller, Issuer, ids::OrganisationCode};
use serde::{Deserialize, Serialize};

/// Unknown members are refused: they may restrict the caller in a way that only a newer binary knows.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    issuer: Issuer,
    id: Box<str>,
    role: Box<str>,
    permissions: Vec<Box<str>>,
    organisation: Option<OrganisationCode>,
    level: Option<Box<str>>,
    name: Box<str>,
}

impl Account {
    pub fn of(caller: &Caller, name: &str) -> Account {
        let Caller { issuer, id, role, permissions, organisation, level } = caller.clone();
        Account { issuer, id, role, permissions, organisation, level, name: name.into() }
    }

    /// The caller and the name.
    pub fn parts(self) -> (Caller, Box<str>) {
        let Account { issuer, id, role, permissions, organisation, level, name } = self;
        (Caller { issuer, id, role, permissions, organisation, level }, name)
    }
}

/// A key for the caller, of a fixed width. An id is unique only within its issuer.
pub fn caller_hash(caller: &Caller) -> Vec<u8> {
    let mut hash = Context::new(&SHA256);
    hash.update(&(caller.issuer.as_str().len() as u64).to_be_bytes());
    hash.update(caller.issuer.as_str().as_bytes());
    hash.update(caller.id.as_bytes());
    hash.finish().as_ref().to_vec()
}
