//! TLS to a real PostgreSQL, and passwords that are read from files and never shown.

mod common;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use common::{BINARY, Server, Signer, ask, give, granted};
use local::postgres;
use serde_json::json;

const PASSWORD: &str = "hiddensecret";

/// A certificate authority, made with OpenSSL's command-line program.
struct Authority {
    folder: PathBuf,
}

impl Authority {
    fn new(folder: &Path, name: &str) -> Authority {
        let authority = Authority { folder: folder.join(name) };
        std::fs::create_dir(&authority.folder).expect("made");
        let subject = format!("/CN={name}");
        let usage = "keyUsage=critical,keyCertSign";
        authority
            .openssl(&["req", "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", &subject, "-addext", usage]);
        authority
    }

    /// Certificate and key for a server with this name.
    fn vouch_for(&self, host: &str) -> (String, String) {
        let (subject, names) = (format!("/CN={host}"), format!("subjectAltName=DNS:{host}"));
        self.openssl(&[
            "req",
            "-x509",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-keyout",
            "server.key",
            "-out",
            "server.crt",
            "-subj",
            &subject,
            "-addext",
            &names,
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ]);
        let read = |name| std::fs::read_to_string(self.folder.join(name)).expect("made");
        (read("server.crt"), read("server.key"))
    }

    fn openssl(&self, arguments: &[&str]) {
        let mut openssl = Command::new("openssl");
        openssl.args(arguments).args([
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ]);
        let made = openssl.current_dir(&self.folder).output().expect("these tests need the program openssl");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    fn ca(&self) -> String {
        self.folder.join("ca.pem").display().to_string()
    }
}

/// A PostgreSQL that requires TLS and a password.
struct Guarded {
    folder: tempfile::TempDir,
    right: Authority,
    wrong: Authority,
    server: postgres::PostgresServer,
}

impl Guarded {
    fn start() -> Guarded {
        let folder = tempfile::tempdir().expect("a folder");
        let (right, wrong) = (Authority::new(folder.path(), "right"), Authority::new(folder.path(), "wrong"));
        let (certificate, key) = right.vouch_for("localhost");
        let server = postgres::PostgresServer::with_tls(&certificate, &key);
        for statement in ["CREATE ROLE server LOGIN", "CREATE DATABASE frontdoor", "CREATE DATABASE views OWNER server"]
        {
            server.run("postgres", statement);
        }
        server.password("owner", PASSWORD);
        server.password("server", PASSWORD);
        Guarded { folder, right, wrong, server }
    }

    fn url(&self, role: &str, host: &str, database: &str, settings: &str) -> String {
        format!("postgres://{role}:{PASSWORD}@{host}:{}/{database}?{settings}", self.server.port)
    }

    /// A URL that verifies the server with its certificate authority.
    fn verified(&self, role: &str, database: &str) -> String {
        self.url(role, "localhost", database, &format!("sslmode=verify-full&sslrootcert={}", self.right.ca()))
    }

    /// A file with this text.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    }
}

/// Runs `frontdoor` to its end. Returns its exit code and its output, which must not contain a password.
fn told(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new(BINARY);
    let output: Output = command.args(arguments).envs(environment.iter().copied()).output().expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains(PASSWORD), "{arguments:?}: {text}");
    (output.status.code(), text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_certificate_is_vouched_for_is_spoken_to_and_no_other() {
    let guarded = Guarded::start();
    let migrate = |url: &str| told(&["migrate", "--server-role=server", "--log", url], &[]);
    let verify = |host: &str, ca: String| {
        guarded.url("owner", host, "frontdoor", &format!("sslmode=verify-full&sslrootcert={ca}"))
    };
    for (url, why) in [
        (verify("localhost", guarded.wrong.ca()), "no TLS to PostgreSQL: invalid peer certificate: UnknownIssuer"),
        // The same server under a name that its certificate does not contain.
        (
            verify("127.0.0.1", guarded.right.ca()),
            "no TLS to PostgreSQL: invalid peer certificate: certificate not valid",
        ),
        (guarded.server.url("owner", "frontdoor") + "&sslmode=verify-full", "server does not support TLS"),
        (guarded.url("owner", "localhost", "frontdoor", "sslmode=disable"), "no encryption"),
    ] {
        let (code, text) = migrate(&url);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains(why), "{why:?} is not in: {text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
    let (code, text) = migrate(&verify("localhost", "/nowhere/ca.pem".to_owned()));
    assert_eq!((code, text.contains("/nowhere/ca.pem: No such file")), (Some(64), true), "{text}");
    let (code, text) = migrate(&guarded.verified("owner", "frontdoor"));
    assert_eq!(code, Some(0), "{text}");

    // A server with log and views there, and both passwords in files.
    let data = guarded.folder.path().join("data");
    let log = guarded.file("log", &format!("{}\n", guarded.verified("server", "frontdoor")));
    let views = guarded.file("views", &guarded.verified("server", "views"));
    let server = Server::demo_from_files(&data, &log, &views);
    let (signer, client) = (Signer::demo(&data), reqwest::Client::new());
    let practice = json!({"practice": "A99011", "name": "Guarded Surgery", "address": "1 Wall Street"});
    let operator = signer.operator();
    granted(&client, &server.base, &operator, "open-practice", "tls-open-practice", &practice).await;
    let plain = "SELECT count(*) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
                 WHERE application_name LIKE 'frontdoor%' AND NOT ssl";
    let safe = "SELECT count(*) > 4 FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
                WHERE application_name LIKE 'frontdoor%' AND ssl";
    assert_eq!(guarded.server.run("postgres", plain), "0");
    assert_eq!(guarded.server.run("postgres", safe), "t");
    let wrong =
        guarded.url("server", "localhost", "views", &format!("sslmode=verify-full&sslrootcert={}", guarded.wrong.ca()));
    let wrong = guarded.file("elsewhere", &wrong);
    let other = guarded.folder.path().join("other").display().to_string();
    let (code, text) = told(&["serve", "--demo", "--data", &other, "--log-file", &log, "--views-file", &wrong], &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("the views cannot be opened: no TLS to PostgreSQL: invalid peer certificate"), "{text}");
    server.stop();

    let (code, text) = told(&["check", "--log-file", &log, "--views-file", &views], &[]);
    assert_eq!(code, Some(0), "{text}");
}

/// A vault changes the password of the database's role and the file, and the connections end. No process is restarted.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_in_a_file_is_used_without_a_restart() {
    const NEXT_PASSWORD: &str = "anothersecret";
    let guarded = Guarded::start();
    let (code, text) =
        told(&["migrate", "--server-role=server", "--log", &guarded.verified("owner", "frontdoor")], &[]);
    assert_eq!(code, Some(0), "{text}");
    let password = guarded.file("password", &format!("{PASSWORD}\n"));
    let url = |database: &str| {
        let tls = format!("sslmode=verify-full&sslrootcert={}", guarded.right.ca());
        guarded.file(
            database,
            &format!("postgres://server@localhost:{}/{database}?{tls}&passwordfile={password}", guarded.server.port),
        )
    };
    let (log, views, data) = (url("frontdoor"), url("views"), guarded.folder.path().join("data"));
    let server = Server::demo_from_files(&data, &log, &views);
    let (signer, client) = (Signer::demo(&data), reqwest::Client::new());
    let (operator, staff) = (signer.operator(), signer.staff("A99012"));
    let practice = |name: &str| json!({"practice": "A99012", "name": name, "address": "1 Wall Street"});
    let base = &server.base;
    granted(&client, base, &operator, "open-practice", "rotate-open-0001", &practice("Guarded Surgery")).await;

    // The database has the new password, and the file still has the old one.
    guarded.server.password("server", NEXT_PASSWORD);
    let ended = "SELECT count(pg_terminate_backend(pid)) > 4 FROM pg_stat_activity WHERE usename = 'server'";
    assert_eq!(guarded.server.run("postgres", ended), "t");
    let status = || told(&["status", "--admin", server.admin.trim_start_matches("http://")], &[]);
    common::until("it says that it is not well", || status().0 == Some(1));
    let refused = give(&client, base, &operator, "open-practice", "rotate-open-0002", &practice("Other Surgery")).await;
    assert_eq!(refused.expect("an answer").status, 503);
    guarded.file("password", NEXT_PASSWORD);
    common::until("it is well again", || status().0 == Some(0));
    let (id, published) = ("A99012.PASSW0RD0001", common::session("A99012.PASSW0RD0001", "10:00", 1));
    let published = granted(&client, base, &staff, "publish-session", "rotate-publish-01", &published).await;
    let day = common::in_days(7);
    let path = format!("/practices/A99012/days/{day}?strict=true&after={}", published.position());
    let seen = ask(&client, base, &staff, &path).await;
    assert!(seen.body.to_string().contains(id), "{}", seen.body);
    server.stop();
    let (code, text) = told(&["check", "--log-file", &log, "--views-file", &views], &[]);
    assert_eq!(code, Some(0), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_copied_over_tls_by_a_url_from_a_file() {
    let guarded = Guarded::start();
    let file = guarded.file("owner", &guarded.verified("owner", "frontdoor"));
    let data = guarded.folder.path().join("data");
    Server::demo(&data).stop();
    let (code, text) = told(&["migrate"], &[("FRONTDOOR_LOG_FILE", &file)]);
    assert_eq!(code, Some(0), "{text}");
    let from = format!("sqlite:{}", data.display());
    let (code, text) = told(&["log", "copy", &from], &[("FRONTDOOR_LOG_FILE", &file)]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = told(&["log", "copy", &from, "--to-file", &file], &[]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn what_is_given_twice_or_cannot_be_read_is_refused_in_one_line_without_a_password() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = format!("postgres://me:{PASSWORD}@localhost:1/frontdoor");
    let file = folder.path().join("url");
    std::fs::write(&file, &secret).expect("written");
    let (file, none) = (file.display().to_string(), folder.path().join("none").display().to_string());
    let both = "are both given: give one of them";
    for (arguments, environment, why) in [
        (vec!["serve", "--demo", "--log", &secret, "--log-file", &file], vec![], both),
        (vec!["serve", "--demo", "--log", &secret], vec![("FRONTDOOR_LOG_FILE", file.as_str())], both),
        (vec!["serve", "--demo", "--views-file", &file], vec![("FRONTDOOR_VIEWS", secret.as_str())], both),
        (vec!["serve", "--demo", "--feed-file", &file], vec![("FRONTDOOR_FEED", "kafka://b")], both),
        (vec!["migrate", "--log-file", &file], vec![("FRONTDOOR_LOG", secret.as_str())], both),
        (vec!["log", "copy", "sqlite:x", &secret, "--to-file", &file], vec![], both),
        (vec!["serve", "--demo", "--log-file", &none], vec![], "none: No such file"),
        (vec!["migrate"], vec![("FRONTDOOR_LOG_FILE", none.as_str())], "none: No such file"),
        (vec!["log", "copy", "sqlite:x", "--to-file", &none], vec![], "none: No such file"),
        // The value of a flag, given without the flag.
        (vec!["migrate", &secret], vec![], "unexpected argument"),
        (vec!["serve", "--feed-file", &file, "--demo"], vec![], "brokers are kafka://"),
    ] {
        let (code, text) = told(&arguments, &environment);
        assert_eq!(code, Some(64), "{arguments:?}: {text}");
        assert!(text.contains(why) && text.lines().count() == 1, "{arguments:?}: {text}");
    }
    // No server listens there. The error says so, without the password.
    let (code, text) = told(&["migrate", "--log-file", &file], &[]);
    assert_eq!(code, Some(1), "{text}");
    // The help does not show values from the environment.
    for task in [vec!["serve", "--help"], vec!["migrate", "--help"], vec!["log", "copy", "--help"]] {
        let (code, text) = told(&task, &[("FRONTDOOR_LOG", &secret), ("FRONTDOOR_FEED", &secret)]);
        assert_eq!(code, Some(0), "{text}");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("does not appear in the process list"), "{text}");
    }
}
