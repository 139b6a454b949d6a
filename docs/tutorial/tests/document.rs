//! The code in `docs/tutorial.md` is the code of this crate.

use std::{fs, path::Path};

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

#[test]
fn every_block_of_rust_stands_in_a_file_that_is_compiled() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = ["src", "tests"].map(|folder| fs::read_dir(own.join(folder)).expect("a folder"));
    let sources: Vec<String> = files
        .into_iter()
        .flatten()
        .map(|file| fs::read_to_string(file.expect("a file").path()).expect("text"))
        .collect();
    let document = fs::read_to_string(own.join("../tutorial.md")).expect("the tutorial");
    let blocks: Vec<&str> =
        document.split("```rust\n").skip(1).map(|rest| rest.split("```").next().expect("a block")).collect();
    assert!(blocks.len() >= 4, "{}", blocks.len());
    for block in blocks {
        let wanted = lines(block);
        let stands = sources.iter().any(|source| lines(source).windows(wanted.len()).any(|part| part == wanted));
        assert!(stands, "no file has this code:\n{block}");
    }
}
