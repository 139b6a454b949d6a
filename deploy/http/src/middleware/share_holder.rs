//! The holder of a share of the limits.

use std::net::IpAddr;

use event_core::Issuer;

/// The owner of a share of the limits: the caller of a valid token, otherwise the client's address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ShareHolder {
    Caller(Issuer, Box<str>),
    Address(IpAddr),
}
