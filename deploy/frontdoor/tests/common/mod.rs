//! The real binary as a process, and clients of it. Every test file uses a part of this.
#![allow(dead_code, reason = "each test file is a crate of its own and uses its part")]

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

use event_core::Timestamp;
use frontdoor::APPLICATION;
use host::demo_key::{DEMO_ISSUER, DemoKey};
use serde_json::{Value, json};
use vocabulary::text::NhsNumber;

pub const BINARY: &str = env!("CARGO_BIN_EXE_frontdoor");
/// The issuer for tests without the demonstration.
pub const ISSUER: &str = "urn:frontdoor:test";

/// The time limit for a system to come to rest after the last command or fault.
pub const REST_WITHIN: Duration = Duration::from_secs(120);

/// A running server. It is killed when it is dropped.
pub struct Server {
    child: Child,
    pub base: String,
    pub admin: String,
    /// The output before it was ready.
    pub printed: String,
}

impl Server {
    /// The demonstration, ready.
    pub fn demo(data: &Path) -> Server {
        Server::start(data, &["--demo"])
    }

    /// The demonstration with its logs at this address, ready.
    pub fn demo_with_log(data: &Path, log: &str) -> Server {
        Server::start(data, &["--demo", "--log", log])
    }

    /// The demonstration with the URLs of its logs and views in files, ready.
    pub fn demo_from_files(data: &Path, log: &str, views: &str) -> Server {
        Server::start(data, &["--demo", "--log-file", log, "--views-file", views])
    }

    /// A server that accepts tokens of `ISSUER`, ready. `keys` is the folder of the issuer's key.
    pub fn plain(data: &Path, keys: &Path) -> Server {
        let key = DemoKey::in_folder(keys).expect("a key");
        Server::start(data, &["--issuer", &format!("{ISSUER}={}", key.jwks().display())])
    }

    /// Like `plain`, with the logs at this address.
    pub fn with_log(data: &Path, keys: &Path, log: &str) -> Server {
        let key = DemoKey::in_folder(keys).expect("a key");
        Server::start(data, &["--log", log, "--issuer", &format!("{ISSUER}={}", key.jwks().display())])
    }

    /// A server with these flags, ready.
    pub fn start(data: &Path, arguments: &[&str]) -> Server {
        let child = Command::new(BINARY)
            .args(["serve", "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", "--log-level=warn", "--data"])
            .arg(data)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut server = Server { child, base: String::new(), admin: String::new(), printed: String::new() };
        let mut lines = BufReader::new(server.child.stdout.take().expect("piped")).lines();
        loop {
            let line = lines.next().expect("it ended before it was ready").expect("text");
            if let Some(addresses) = line.strip_prefix("frontdoor is ready: ") {
                let (public, admin) = addresses.split_once(" (operator: ").expect("two addresses");
                server.base = public.to_owned();
                server.admin = admin.trim_end_matches(')').to_owned();
                // A reader is needed, because further output would block the server.
                std::thread::spawn(move || lines.for_each(drop));
                return server;
            }
            server.printed.push_str(&line);
            server.printed.push('\n');
        }
    }

    /// Sends SIGTERM and does not wait.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Sends a signal, such as `-HUP`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(name).arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(sent.success());
    }

    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("it ends");
    }

    pub fn stop(self) {
        self.terminate();
        assert!(self.wait().success());
    }

    /// Stops it after each policy has given what is due, and then each read model has stored the log's end. Without this, a
    /// server that is stopped leaves the events of the last moment to its next start.
    pub fn stop_at_rest(self) {
        let listed = |path: &str| -> Value {
            let states = Command::new("curl").arg("-s").arg(format!("{}{path}", self.admin)).output();
            serde_json::from_slice(&states.expect("curl runs").stdout).expect("JSON")
        };
        let instant = |text: &Value| text.as_str().map(|text| text.parse::<Timestamp>().expect("an instant"));
        until("every policy and every read model is at the log's end", || {
            let policies = listed("/policies");
            let has_given = |policy: &Value| {
                let (next, now) = (instant(&policy["next_at"]), instant(&policy["now"]));
                policy["lag_events"] == 0 && next.is_none_or(|next| Some(next) > now)
            };
            let states = listed("/projections");
            let items = states["items"].as_array().expect("read models");
            assert_eq!(items.len(), read_models(), "{states}");
            policies["items"].as_array().expect("policies").iter().all(has_given)
                && items.iter().all(|model| model["position"] == states["end"])
        });
        self.stop();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Signs tokens.
pub struct Signer {
    key: DemoKey,
    issuer: &'static str,
}

impl Signer {
    /// The signer of the demonstration in this data folder.
    pub fn demo(data: &Path) -> Signer {
        Signer::of(data, DEMO_ISSUER)
    }

    /// The signer of `ISSUER`, with the key in this folder.
    pub fn plain(keys: &Path) -> Signer {
        Signer::of(keys, ISSUER)
    }

    fn of(folder: &Path, issuer: &'static str) -> Signer {
        Signer { key: DemoKey::in_folder(folder).expect("a key"), issuer }
    }

    /// A token with these claims in addition to the common ones.
    pub fn token(&self, claims: Value) -> String {
        let mut all = json!({"iss": self.issuer, "aud": APPLICATION.name, "iat": 1, "exp": 4_000_000_000_u64});
        let (into, from) = (all.as_object_mut().expect("an object"), claims.as_object().expect("an object"));
        into.extend(from.clone());
        self.key.sign(&all).expect("signs")
    }

    pub fn patient(&self, subject: &str) -> String {
        self.token(json!({"sub": subject, "role": "patient", "identity_proofing_level": "P9"}))
    }

    pub fn staff(&self, organisation: &str) -> String {
        let permissions = ["practice-admin", "registration", "clinics", "booking"];
        self.token(json!({"sub": "desk-1", "role": "staff", "organisation": organisation, "permissions": permissions}))
    }

    pub fn operator(&self) -> String {
        self.token(json!({"sub": "operator-1", "role": "operator", "permissions": ["practices"]}))
    }

    pub fn auditor(&self) -> String {
        self.token(json!({"sub": "auditor-1", "role": "auditor", "permissions": ["audit"]}))
    }
}

/// An answer, with its complete body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub replayed: bool,
    pub body: Value,
}

impl Answer {
    async fn of(response: reqwest::Response) -> reqwest::Result<Answer> {
        let status = response.status().as_u16();
        let replayed = response.headers().contains_key("idempotency-replayed");
        let bytes = response.bytes().await?;
        Ok(Answer { status, replayed, body: serde_json::from_slice(&bytes).unwrap_or_default() })
    }

    /// The last part of a problem's `type`.
    pub fn problem(&self) -> &str {
        self.body["type"].as_str().and_then(|kind| kind.rsplit('/').next()).unwrap_or_default()
    }

    /// The position in a command's answer, such as `care:17`.
    pub fn position(&self) -> &str {
        self.body["position"].as_str().expect("a position")
    }
}

/// Gives a command.
///
/// # Errors
/// If there was no answer.
pub async fn give(
    client: &reqwest::Client,
    base: &str,
    token: &str,
    name: &str,
    key: &str,
    body: &Value,
) -> reqwest::Result<Answer> {
    let url = format!("{base}/commands/{name}");
    let request = client.post(url).bearer_auth(token).header("Idempotency-Key", key).json(body);
    Answer::of(request.send().await?).await
}

/// Gives a command that has to succeed.
pub async fn granted(client: &reqwest::Client, base: &str, token: &str, name: &str, key: &str, body: &Value) -> Answer {
    let answer = give(client, base, token, name, key, body).await.expect("an answer");
    assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    answer
}

/// Asks a query. A view that has not reached the position in time (504, with `strict` only) is asked again, as its clients do: on
/// a machine that is busy with other tests it can be late.
pub async fn ask(client: &reqwest::Client, base: &str, token: &str, path: &str) -> Answer {
    let began = Instant::now();
    loop {
        let request = client.get(format!("{base}{path}")).bearer_auth(token);
        let answer = Answer::of(request.send().await.expect("an answer")).await.expect("a body");
        if answer.status != 504 || began.elapsed() > REST_WITHIN {
            return answer;
        }
    }
}

/// Runs `frontdoor` with these arguments to its end.
pub fn frontdoor(arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).output().expect("the binary runs")
}

pub fn until(what: &str, is_so: impl Fn() -> bool) {
    within(REST_WITHIN, what, is_so);
}

pub fn within(time: Duration, what: &str, is_so: impl Fn() -> bool) {
    succeeds_within(time, what, || if is_so() { Ok(()) } else { Err(String::new()) });
}

/// Repeats an inquiry until it succeeds. Other processes and databases send no notification, so they are polled.
pub fn succeeds_within<T>(time: Duration, what: &str, inquiry: impl Fn() -> Result<T, String>) -> T {
    let began = Instant::now();
    loop {
        match inquiry() {
            Ok(answer) => return answer,
            Err(why) => assert!(began.elapsed() < time, "not within {} s: {what}. {why}", time.as_secs()),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Asserts that `frontdoor check` finds nothing.
pub fn assert_clean(data: &Path, told: Option<&Path>) {
    let mut command = Command::new(BINARY);
    command.arg("check").arg("--data").arg(data);
    if let Some(told) = told {
        command.arg("--told").arg(told);
    }
    let output = command.output().expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}

/// The number of read models.
pub fn read_models() -> usize {
    projection_engine::models(views::every_read_model).len()
}

/// A subject id that depends on the number only.
pub fn subject(n: u64) -> String {
    format!("{:08x}-0000-4000-8000-{n:012x}", n >> 16)
}

/// The body of `register-patient`.
pub fn registration(n: u64, practice: &str) -> Value {
    json!({
        "subject": subject(n),
        "practice": practice,
        "name": "Somebody Invented",
        "nhsNumber": NhsNumber::synthetic(n as u32),
        "bornOn": "1980-02-29",
    })
}

/// The body of `publish-session`: a morning in a week's time, with 10-minute slots from 09:00 UTC or BST on.
pub fn session(id: &str, until: &str, capacity: u32) -> Value {
    json!({
        "session": id,
        "on": in_days(7),
        "from": "09:00",
        "until": until,
        "slotMinutes": 10,
        "capacity": capacity,
        "service": "gp-routine",
        "channel": "in-person",
        "practitioner": {"name": "Dr Nobody", "role": "General practitioner"},
    })
}

/// The date this many days from today, in London.
pub fn in_days(days: i64) -> String {
    vocabulary::time::LONDON.day(Timestamp::from_jiff(jiff::Timestamp::now())).plus_days(days).to_string()
}

/// The start of the nth ten-minute slot of `session`.
pub fn slot(n: i64) -> String {
    let nine =
        vocabulary::time::LONDON.instant_of(in_days(7).parse().expect("a date"), "09:00".parse().expect("a time"));
    nine.expect("exists on every day").plus_minutes(n * 10).to_string()
}

/// A file system of a few megabytes that is unmounted when dropped.
pub struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` if this machine does not permit a mount, which is reported; a panic if CI is set.
    pub fn mount(megabytes: u32) -> Option<SmallDisk> {
        let disk = SmallDisk(tempfile::tempdir().expect("a folder"));
        let Err(why) = disk.mounted(&["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]) else {
            return Some(disk);
        };
        assert!(std::env::var_os("CI").is_none(), "this must be tested in CI, and no tmpfs can be mounted: {why}");
        eprintln!("NOT TESTED: a file system of its own. A tmpfs cannot be mounted here: {why}");
        None
    }

    /// Copies of folders, under these names, on a read-only file system.
    pub fn read_only(folders: &[(&Path, &str)]) -> Option<SmallDisk> {
        let disk = SmallDisk::mount(64)?;
        for (folder, name) in folders {
            let copied = Command::new("cp").arg("-a").arg(folder).arg(disk.path().join(name)).status();
            assert!(copied.expect("cp runs").success());
        }
        disk.mounted(&["-o", "remount,ro"]).expect("mounted again");
        Some(disk)
    }

    fn mounted(&self, options: &[&str]) -> Result<(), String> {
        let mounted =
            Command::new("mount").args(options).arg(self.path()).output().map_err(|error| error.to_string())?;
        if mounted.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&mounted.stderr).into_owned()) }
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, because a failing test may still have files open.
        drop(Command::new("umount").arg("-l").arg(self.0.path()).status());
    }
}
