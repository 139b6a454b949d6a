//! The same journey on both setups, with the real binary: a copy is lent, another reader is refused, and the list shows
//! the loan.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use host::demo_key::{DEMO_ISSUER, DemoKey};
use local::{
    kafka::BROKER,
    postgres::{Database, SERVER},
};
use serde_json::{Value, json};

const ISHMAEL: &str = "a11ce000-0000-4000-8000-000000000001";
const AHAB: &str = "b0b00000-0000-4000-8000-000000000002";
const VISIBLE_WITHIN: Duration = Duration::from_secs(60);

/// A running `library serve --demo`. It is killed when it is dropped.
struct Library {
    child: Child,
    address: String,
    token: String,
}

impl Library {
    fn serve(data: &Path, flags: &[String]) -> Library {
        let mut child = Command::new(env!("CARGO_BIN_EXE_library"))
            .args(["serve", "--demo", "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", "--log-level=warn"])
            .arg(format!("--data={}", data.display()))
            .args(flags)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let (mut token, mut lines) = (String::new(), BufReader::new(child.stdout.take().expect("piped")).lines());
        let address = loop {
            let line = lines.next().expect("it ended before it was ready").expect("text");
            if let Some(printed) = line.strip_prefix("TOKEN=") {
                token = printed.to_owned();
            }
            if let Some(addresses) = line.strip_prefix("library is ready: ") {
                break addresses.split(' ').next().expect("an address").to_owned();
            }
        };
        Library { child, address, token }
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("it ends");
    }
}

async fn a_copy_is_lent_once(flags: &[String]) {
    let data = tempfile::tempdir().expect("a folder");
    let library = Library::serve(data.path(), flags);
    let reader =
        json!({"iss": DEMO_ISSUER, "aud": "library", "sub": "bob", "role": "reader", "exp": 4_000_000_000_u64});
    let reader = DemoKey::in_folder(data.path()).and_then(|key| key.sign(&reader)).expect("a token");

    let client = reqwest::Client::new();
    let lend = async |token: &str, reader: &str, key: &str| {
        let request = client
            .post(format!("{}/commands/lend-copy", library.address))
            .bearer_auth(token)
            .header("Idempotency-Key", key)
            .json(&json!({"copy": "moby-dick-1", "reader": reader}));
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let (status, lent) = lend(&library.token, ISHMAEL, "lend-moby-dick-to-ishmael").await;
    assert_eq!((status, &lent["position"]), (200, &json!("care:1")));
    let (status, refused) = lend(&library.token, AHAB, "lend-moby-dick-to-ahab").await;
    assert_eq!((status, &refused["code"]), (409, &json!("already-lent")));
    let (status, refused) = lend(&reader, AHAB, "lend-moby-dick-to-ahab").await;
    assert_eq!((status, &refused["code"]), (403, &json!("not-yours")));

    // A request waits for two seconds; a topic and its relay that are just being made may need more.
    let deadline = Instant::now() + VISIBLE_WITHIN;
    let loans = loop {
        let request =
            client.get(format!("{}/loans?after=care:1&strict=true", library.address)).bearer_auth(&library.token);
        let answer = request.send().await.expect("an answer");
        if answer.status() != 504 || Instant::now() > deadline {
            break answer.json::<Value>().await.expect("JSON");
        }
    };
    assert_eq!(loans, json!({"items": [{"copy": "moby-dick-1", "reader": ISHMAEL}]}));
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded() {
    a_copy_is_lent_once(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_kafka_and_postgresql() {
    let log = Database::new();
    let views = SERVER.fresh();
    SERVER.run("postgres", &format!("CREATE DATABASE {views}"));
    a_copy_is_lent_once(&[
        format!("--log={}", log.url("server").await),
        format!("--views={}", SERVER.url("owner", &views)),
        format!("--feed=kafka://{}", BROKER.brokers()),
    ])
    .await;
}

/// The promise of `docs/tutorial.md`: a service and its binary in fewer than 200 lines, comments and blank lines not counted.
#[test]
fn the_library_has_fewer_than_200_lines_of_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
    let files = std::fs::read_dir(folder).expect("a folder");
    let texts = files.map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("text"));
    let lines: usize = texts.map(|text| text.lines().filter(is_code).count()).sum();
    assert!((100..200).contains(&lines), "{lines}");
}
