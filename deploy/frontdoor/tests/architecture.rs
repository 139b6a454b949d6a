//! The architecture rules: the permitted dependencies between crates, and the agreement of ARCHITECTURE.md with the
//! code.

#[path = "common/sources.rs"]
mod sources;

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, PackageId};
use sources::{root, rust_files};

/// Every crate, its folder, and the crates of this workspace that it may depend on.
const WALLS: &[(&str, &str, &[&str])] = &[
    ("event-core", "events/core", &[]),
    ("rule-files", "events/rule-files", &["event-core"]),
    ("pathways", "events/pathways", &["event-core", "rule-files"]),
    ("programmes", "events/programmes", &["event-core", "rule-files"]),
    ("passes", "events/passes", &["event-core"]),
    ("vocabulary", "events/vocabulary", &["event-core", "pathways", "programmes", "passes"]),
    ("event-log", "events/log", &["event-core"]),
    ("event-follow", "events/follow", &["event-core", "event-log"]),
    ("event-kafka", "events/kafka", &["event-core", "event-log"]),
    ("domain", "command-side/domain", &["event-core", "pathways", "programmes", "passes", "vocabulary"]),
    ("policies", "command-side/policies", &["event-core", "pathways", "programmes", "vocabulary", "domain"]),
    ("policy-engine", "command-side/policy-engine", &["event-core", "event-log", "event-follow", "command-engine"]),
    ("command-engine", "command-side/engine", &["event-core", "event-log", "http-edge"]),
    ("views", "projections/views", &["event-core", "pathways", "passes", "vocabulary"]),
    ("projection-engine", "projections/engine", &["event-core", "event-log", "event-follow"]),
    ("http-edge", "deploy/http", &["event-core"]),
    ("licences", "deploy/licences", &[]),
    ("query-engine", "query-side/engine", &["event-core", "event-log", "http-edge", "projection-engine"]),
    ("sign-ins", "query-side/sign-ins", &["event-core", "event-log", "http-edge"]),
    (
        "queries",
        "query-side/queries",
        &["event-core", "pathways", "programmes", "passes", "vocabulary", "views", "query-engine"],
    ),
    ("page-engine", "query-side/page-engine", &["event-core", "http-edge", "query-engine"]),
    // Pages ask queries and give commands, through the ports of their engines.
    (
        "pages",
        "query-side/pages",
        &[
            "event-core",
            "pathways",
            "programmes",
            "passes",
            "vocabulary",
            "domain",
            "queries",
            "query-engine",
            "page-engine",
            "http-edge",
            "licences",
        ],
    ),
    (
        "host",
        "deploy/host",
        &[
            "event-core",
            "event-log",
            "event-kafka",
            "command-engine",
            "policy-engine",
            "http-edge",
            "projection-engine",
            "query-engine",
            "page-engine",
            "sign-ins",
        ],
    ),
    (
        "frontdoor",
        "deploy/frontdoor",
        &[
            "event-core",
            "vocabulary",
            "domain",
            "event-log",
            "event-kafka",
            "command-engine",
            "policies",
            "policy-engine",
            "views",
            "projection-engine",
            "query-engine",
            "queries",
            "page-engine",
            "pages",
            "host",
            "licences",
            "pathways",
            "programmes",
            "simulate",
            "passes",
        ],
    ),
    // It sees a system from outside only.
    ("simulate", "deploy/simulate", &["event-core", "vocabulary", "pathways"]),
    (
        "bench",
        "deploy/bench",
        &[
            "event-core",
            "vocabulary",
            "domain",
            "event-log",
            "event-kafka",
            "command-engine",
            "policy-engine",
            "http-edge",
            "views",
            "projection-engine",
            "query-engine",
            "queries",
            "host",
            "pathways",
            "programmes",
            "passes",
            "frontdoor",
            "local",
            "simulate",
        ],
    ),
    ("local", "deploy/local", &["event-core", "event-log", "policy-engine"]),
    ("library", "docs/tutorial", &["event-core", "command-engine", "projection-engine", "query-engine", "host"]),
];

/// The crates of the platform's terms and of the health services' rules.
const PURE: &[&str] =
    &["event-core", "rule-files", "vocabulary", "pathways", "programmes", "passes", "domain", "policies", "views"];

/// Crates that do I/O, which a pure crate must not depend on, directly or indirectly.
const IO: &[&str] = &["tokio", "sqlx", "sqlx-core", "rdkafka", "axum", "hyper", "reqwest", "mio"];

/// External crates that only the listed crates may depend on directly.
const ONLY: &[(&str, &[&str])] = &[
    ("sqlx", &["event-log", "policy-engine", "projection-engine", "sign-ins", "host", "frontdoor", "bench", "local"]),
    ("axum", &["http-edge", "command-engine", "query-engine", "sign-ins", "page-engine", "pages", "host", "bench"]),
    ("jsonwebtoken", &["http-edge", "host"]),
    ("reqwest", &["host", "bench"]),
    ("anyhow", &["host", "frontdoor", "bench", "library", "simulate"]),
    // The check reads topics with its own code.
    ("rdkafka", &["event-kafka", "frontdoor", "bench"]),
];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(format!("{}/../../Cargo.toml", env!("CARGO_MANIFEST_DIR")))
        .other_options(["--locked", "--filter-platform", "x86_64-unknown-linux-gnu"].map(String::from))
        .exec()
        .expect("cargo metadata answers")
}

fn name<'a>(metadata: &'a Metadata, id: &PackageId) -> &'a str {
    metadata.packages.iter().find(|package| package.id == *id).expect("a resolved package is listed").name.as_str()
}

/// The normal dependencies of this package (not those of its tests), direct and indirect.
fn built_with(metadata: &Metadata, root: &str) -> BTreeSet<String> {
    let nodes: BTreeMap<&PackageId, _> =
        metadata.resolve.as_ref().expect("resolved").nodes.iter().map(|node| (&node.id, node)).collect();
    let root = &metadata.workspace_packages().into_iter().find(|p| p.name.as_str() == root).expect("a member").id;
    let (mut seen, mut open) = (BTreeSet::new(), vec![root]);
    while let Some(id) = open.pop() {
        for dependency in &nodes[id].deps {
            let normal = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if normal && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    seen.into_iter().map(|id| name(metadata, id).to_owned()).collect()
}

/// The platform: the crates that another team can use for another domain.
const PLATFORM: &[&str] = &[
    "event-core",
    "rule-files",
    "event-log",
    "event-follow",
    "event-kafka",
    "http-edge",
    "command-engine",
    "policy-engine",
    "projection-engine",
    "query-engine",
    "sign-ins",
    "host",
    "library",
];

/// Words of health care. `care`, the name of the main log in stored data, URLs and topics, and the paths `/health/…`
/// are not included.
const HEALTH_CARE: &[&str] = &[
    "appointment",
    "clinic",
    "clinical",
    "clinician",
    "doctor",
    "donation",
    "donor",
    "gp",
    "medical",
    "nhs",
    "nurse",
    "ods",
    "organ",
    "patient",
    "pharmacy",
    "practice",
    "prescription",
    "registration",
    "surgery",
    "vaccination",
];

/// Permitted exceptions: a file, the word, the reason.
const STAYS: &[(&str, &str, &str)] = &[
    ("events/kafka/src/record.rs", "patient", "the header `ce_patient` of records that topics hold"),
    ("events/core/src/asyncapi.rs", "patient", "the header `ce_patient` of records that topics hold"),
    ("query-side/engine/src/cloud_events.rs", "patient", "the same attribute, as auditors see it"),
];

#[test]
fn the_platform_has_no_word_of_health_care() {
    let root = root();
    let (mut found, mut stayed) = (Vec::new(), BTreeSet::new());
    for (_, folder, _) in WALLS.iter().filter(|(name, ..)| PLATFORM.contains(name)) {
        let mut files = Vec::new();
        rust_files(&root.join(folder).join("src"), &mut files);
        for file in files {
            let name = file.strip_prefix(&root).expect("inside").display().to_string();
            let text = std::fs::read_to_string(&file).expect("a text");
            // Examples in tests may be about any domain.
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_lowercase();
            if name.ends_with("tests.rs") || name.ends_with("testing.rs") || name.contains("/contract/") {
                continue;
            }
            for word in text.split(|c: char| !c.is_ascii_alphabetic()).collect::<BTreeSet<_>>() {
                let singular = word.strip_suffix('s').filter(|word| HEALTH_CARE.contains(word)).unwrap_or(word);
                if !HEALTH_CARE.contains(&singular) {
                    continue;
                }
                match STAYS.iter().find(|(file, stays, _)| *file == name && *stays == singular) {
                    Some(stays) => drop(stayed.insert(stays)),
                    None => found.push(format!("{name}: {word}")),
                }
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(stayed.len(), STAYS.len(), "an exception is not needed any more");
}

#[test]
fn every_crate_of_the_workspace_has_its_walls() {
    let metadata = metadata();
    let members: BTreeSet<&str> = metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    assert_eq!(members, WALLS.iter().map(|(name, ..)| *name).collect());
}

#[test]
fn a_crate_knows_only_the_crates_that_it_may_know() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let (_, _, may) = WALLS.iter().find(|(name, ..)| *name == package.name.as_str()).expect("has walls");
        // A crate may depend on itself, to test with one of its features. Tests may start real servers, and combine
        // engines and services; tests of a pure crate may not.
        let is_pure = PURE.contains(&package.name.as_str());
        let for_tests = |dependency: &Dependency| dependency.kind == DependencyKind::Development && !is_pure;
        let others = |dependency: &&Dependency| {
            dependency.path.is_some() && dependency.name != package.name.as_str() && !for_tests(dependency)
        };
        let own = package.dependencies.iter().filter(others);
        for dependency in own {
            assert!(may.contains(&dependency.name.as_str()), "{} must not know {}", package.name, dependency.name);
        }
    }
}

#[test]
fn commands_cannot_see_views_and_views_cannot_see_commands() {
    let metadata = metadata();
    for command_side in ["domain", "policies", "command-engine", "policy-engine", "event-log"] {
        let seen = built_with(&metadata, command_side);
        assert!(!seen.contains("views") && !seen.contains("projection-engine"), "{command_side} sees views");
    }
    for view_side in ["views", "projection-engine", "query-engine", "queries", "sign-ins", "event-log"] {
        let seen = built_with(&metadata, view_side);
        assert!(!seen.contains("domain") && !seen.contains("command-engine"), "{view_side} sees commands");
    }
}

#[test]
fn no_io_reaches_a_pure_crate_by_any_way() {
    let metadata = metadata();
    for pure in PURE {
        let seen = built_with(&metadata, pure);
        let io: Vec<_> = IO.iter().filter(|name| seen.contains(**name)).collect();
        assert!(io.is_empty(), "{pure} is built with {io:?}");
    }
}

#[test]
fn clocks_and_randomness_are_banned_from_the_pure_crates() {
    for (_, folder, _) in WALLS.iter().filter(|(name, ..)| PURE.contains(name)) {
        let bans = read(&format!("{folder}/clippy.toml"));
        for clock_or_dice in
            ["std::time::SystemTime::now", "jiff::Timestamp::now", "uuid::Uuid::now_v7", "uuid::Uuid::new_v4"]
        {
            assert!(bans.contains(clock_or_dice), "{folder}/clippy.toml does not ban {clock_or_dice}");
        }
    }
}

#[test]
fn only_those_who_need_a_driver_or_a_server_name_it() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        for dependency in normal {
            if let Some((_, may)) = ONLY.iter().find(|(name, _)| *name == dependency.name) {
                assert!(may.contains(&package.name.as_str()), "{} must not use {}", package.name, dependency.name);
            }
        }
    }
}

#[test]
fn every_crate_has_the_lints_and_the_versions_of_the_workspace() {
    for (name, folder, _) in WALLS {
        let manifest = read(&format!("{folder}/Cargo.toml"));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} has not the workspace's lints");
        let own = manifest.lines().find(|line| line.contains("version = \"") || line.contains("path = \".."));
        assert_eq!(own, None, "{name} sets a version or path of its own");
    }
}

#[test]
fn the_list_of_crates_in_architecture_md_is_true() {
    let text = read("ARCHITECTURE.md");
    let cells = |row: &str| -> Option<(String, String)> {
        let mut cells = row.strip_prefix("| `")?.split('|');
        let name = cells.next()?.trim().trim_end_matches('`').to_owned();
        let folder = cells.next()?.trim().trim_matches('`').to_owned();
        Some((name, folder))
    };
    let (_, after) = text.split_once("## The crates").expect("ARCHITECTURE.md lists the crates");
    let section = after.split("\n## ").next().expect("a section");
    let told: BTreeSet<_> = section.lines().filter_map(cells).collect();
    let metadata = metadata();
    let root = metadata.workspace_root.clone();
    let are: BTreeSet<_> = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let folder = package.manifest_path.parent().expect("a folder").strip_prefix(&root).expect("inside");
            (package.name.to_string(), folder.to_string())
        })
        .collect();
    assert_eq!(told, are);
}

fn read(path: &str) -> String {
    let full = format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&full).unwrap_or_else(|error| panic!("{path}: {error}"))
}
