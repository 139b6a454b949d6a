//! The source files of the workspace, for tests about the code itself.

use std::path::{Path, PathBuf};

/// Folders with crates of this workspace.
#[allow(dead_code, reason = "each test file is a crate of its own and uses its part")]
pub const FOLDERS: &[&str] = &["events", "command-side", "projections", "query-side", "deploy", "docs"];
/// A workspace of its own, whose types have the names of the frameworks that it measures.
#[allow(dead_code, reason = "each test file is a crate of its own and uses its part")]
pub const ELSEWHERE: &str = "deploy/peers";

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("a folder")
}

/// The Rust files in a folder and in those below it.
#[allow(dead_code, reason = "each test file is a crate of its own and uses its part")]
pub fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
