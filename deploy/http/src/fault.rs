//! Faults in requests.

/// A fault in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The place in the body: a JSON pointer (RFC 6901); empty for the whole body.
    pub pointer: String,
    /// A description of the fault. It may quote the body, so it is sent to the client and never logged.
    pub detail: String,
}
