//! `make up`: runs the whole distributed system until this process ends. Its addresses are written to `FOLDER/env`.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use local::system::System;

fn main() {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(binary), Some(folder)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: local FRONTDOOR-BINARY FOLDER");
        std::process::exit(64);
    };
    let system = System::start(&binary, &folder, 1);
    let env = env(&system);
    // The file must appear complete, because `make up` waits for it.
    let part = folder.join("env.part");
    std::fs::write(&part, env).expect("it can be written");
    std::fs::rename(part, folder.join("env")).expect("it gets its name");
    loop {
        std::thread::park();
    }
}

fn env(system: &System) -> String {
    let lineage = |log: &str| system.postgres.run("frontdoor", &format!("SELECT lineage FROM {log}.log"));
    let mut env = String::from("# The system that `make up` started: `. target/local/env`\n");
    let admins: Vec<&str> = system.nodes.iter().map(|node| node.admin.as_str()).collect();
    let of_callers = [
        ("TOKEN_PATIENT", token(&system.data, "alice")),
        ("TOKEN_STAFF", token(&system.data, "reception")),
        ("TOKEN_AUDITOR", token(&system.data, "auditor")),
        ("TOKEN_OPERATOR", token(&system.data, "operator")),
        ("PATIENT", read(&system.data, "alice.subject")),
    ];
    let of_system = [
        ("COMMAND_URLS", system.urls("command")),
        ("QUERY_URLS", system.urls("query")),
        ("ADMINS", admins.join(",")),
        ("KAFKA_BROKERS", system.kafka.brokers()),
        ("TOPIC_CARE", format!("frontdoor.care.{}", lineage("care"))),
        ("TOPIC_ACCESS", format!("frontdoor.access.{}", lineage("access"))),
        ("LOG_URL", system.log_url.clone()),
        ("VIEWS_URL", system.views_url.clone()),
    ];
    for (name, value) in of_system.into_iter().chain(of_callers) {
        writeln!(env, "{name}='{value}'").expect("memory");
    }
    env
}

fn token(data: &Path, who: &str) -> String {
    read(data, who).trim_start_matches("Authorization: Bearer ").to_owned()
}

fn read(data: &Path, name: &str) -> String {
    std::fs::read_to_string(data.join(name)).expect("the demonstration writes it").trim().to_owned()
}
