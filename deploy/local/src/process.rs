//! Signals to a process, by its id, its state, and what it uses.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

/// The time limit for a process to stop after SIGSTOP, even on a busy machine.
const STOPPED_WITHIN: Duration = Duration::from_secs(10);

/// False for a dead process that is still a zombie because its parent has not waited for it.
pub(crate) fn is_running(pid: &str) -> bool {
    state(&format!("/proc/{pid}/stat")).is_some_and(|state| state != 'Z')
}

/// # Panics
/// If the process does not exist.
pub(crate) fn signal(signal: &str, pid: &str) {
    let sent = Command::new("kill").args([signal, pid]).status().expect("kill runs");
    assert!(sent.success(), "process {pid} does not run");
}

/// Sends SIGSTOP. Every thread has stopped when this returns: `kill` itself returns while a thread on another core may
/// still read and answer a request.
pub(crate) fn freeze(pid: &str) {
    signal("-STOP", pid);
    let deadline = Instant::now() + STOPPED_WITHIN;
    while !is_stopped(pid) {
        assert!(Instant::now() < deadline, "process {pid} does not stop");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn is_stopped(pid: &str) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten();
    // A thread that ended after the folder was listed has no state.
    threads.filter_map(|thread| state(&thread.path().join("stat").to_string_lossy())).all(|state| state == 'T')
}

/// The letter that proc(5) calls `state`.
fn state(stat: &str) -> Option<char> {
    fs::read_to_string(stat).ok()?.rsplit(") ").next()?.chars().next()
}

/// The largest part of the memory that it has used at one time, in bytes, and its processor time so far, by proc(5).
///
/// # Panics
/// If the process does not exist.
pub(crate) fn usage(pid: &str) -> (u64, Duration) {
    /// Fixed for all programs on Linux, whatever the kernel's own clock.
    const TICKS_PER_SECOND: u64 = 100;
    let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).expect("it runs");
    let status = read("status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a process with memory");
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    let stat = read("stat");
    // The fields after the state: user time is the 14th of all, system time the 15th.
    let fields = stat.rsplit(") ").next().expect("fields").split(' ');
    let ticks: u64 = fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum();
    (kilobytes * 1024, Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}
