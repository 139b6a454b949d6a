//! The number of connections that the process can have: each is a file descriptor, and the operating system limits
//! them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Misconfigured;

/// The default limit of the public listener's connections, if there are enough descriptors.
const CONNECTIONS: usize = 8_192;
/// The limit of the operator's listener.
pub const ADMIN_CONNECTIONS: usize = 64;
/// The number of descriptors that are reserved for logs, views, brokers and threads.
const OTHER_DESCRIPTORS: u64 = 512;
/// The minimum number of connections for a useful server.
const CONNECTIONS_MIN: u64 = 64;

/// Raises the process's limit of descriptors to the maximum, and returns the number of connections that fit in addition
/// to the other descriptors.
///
/// # Errors
/// If `wanted` is too high, or too few are left for any server.
pub fn connections_max(wanted: Option<u32>) -> Result<usize, Misconfigured> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let descriptors = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let connections = fit(wanted.map(|wanted| wanted as usize), descriptors.unwrap_or(u64::MAX))?;
    if wanted.is_none() && connections < CONNECTIONS {
        tracing::warn!(connections, usual = CONNECTIONS, "the limit of open files (ulimit -n) allows few connections");
    }
    Ok(connections)
}

fn fit(wanted: Option<usize>, descriptors: u64) -> Result<usize, Misconfigured> {
    let left = descriptors.saturating_sub(OTHER_DESCRIPTORS + ADMIN_CONNECTIONS as u64);
    let room = usize::try_from(left).unwrap_or(usize::MAX);
    let at_least = |connections: u64| connections + OTHER_DESCRIPTORS + ADMIN_CONNECTIONS as u64;
    match wanted {
        Some(wanted) if wanted > room => Err(Misconfigured(format!(
            "--connections-max {wanted}: the process may open {descriptors} files (ulimit -n), and this needs {}",
            at_least(wanted as u64)
        ))),
        Some(wanted) => Ok(wanted),
        None if left < CONNECTIONS_MIN => Err(Misconfigured(format!(
            "the process may open {descriptors} files (ulimit -n), and a server needs {} at least",
            at_least(CONNECTIONS_MIN)
        ))),
        None => Ok(room.min(CONNECTIONS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_what_else_the_process_opens() {
        assert_eq!(fit(None, 1_000_000).ok(), Some(CONNECTIONS));
        assert_eq!(fit(None, 1_024).ok(), Some(448));
        assert_eq!(fit(Some(448), 1_024).ok(), Some(448));
        for (wanted, descriptors) in [(Some(449), 1_024), (None, 639), (Some(2), 100)] {
            let refused = fit(wanted, descriptors).expect_err("too many").to_string();
            assert!(refused.contains("ulimit -n"), "{refused}");
        }
    }
}
