//! The same small domain for both peers: a decision that is changed, with an event of about 155 bytes.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    pub session: String,
    #[serde(rename = "startsAt")]
    pub starts_at: String,
    pub by: String,
    pub channel: String,
    pub service: String,
}

impl Decided {
    pub fn example() -> Decided {
        Decided {
            session: "A12345.9KTW3M0ZQ1BC".to_owned(),
            starts_at: "2026-03-30T09:00:00Z".to_owned(),
            by: "8f14e45f-ceea-467f-a9b5-0123456789ab".to_owned(),
            channel: "in-person".to_owned(),
            service: "gp".to_owned(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("it has been decided too often")]
pub struct TooOften;

/// The state of a stream, and the content of a view, in both peers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decisions {
    pub count: u64,
    pub last: String,
}

impl Decisions {
    pub fn decide(&self) -> Result<Decided, TooOften> {
        if self.count < u64::MAX { Ok(Decided::example()) } else { Err(TooOften) }
    }

    pub fn apply(&mut self, event: Decided) {
        self.count += 1;
        self.last = event.service;
    }
}
