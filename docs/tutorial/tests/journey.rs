//! The same journey on both setups: a copy is lent, another reader is refused, and the list shows the loan.

use std::time::{Duration, Instant};

use http_edge::{
    Tokens,
    testing::{AUDIENCE, Signer, claims_of},
};
use library::{Places, serve};
use local::{
    kafka::BROKER,
    postgres::{Database, SERVER},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const ISHMAEL: &str = "a11ce000-0000-4000-8000-000000000001";
const VISIBLE_WITHIN: Duration = Duration::from_secs(60);
const AHAB: &str = "b0b00000-0000-4000-8000-000000000002";

async fn a_copy_is_lent_once(places: Places) {
    let signer = Signer::new("key-1");
    let tokens = Tokens::new(AUDIENCE, vec![signer.trusted()], |_| true).expect("a key set");
    let listen = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let library = format!("http://{}", listen.local_addr().expect("an address"));
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(places, tokens, listen, stop.clone()));

    let client = reqwest::Client::new();
    let lend = async |role: &str, reader: &str| {
        let request = client
            .post(format!("{library}/commands/lend-copy"))
            .bearer_auth(signer.sign(&claims_of("ann", role)))
            .header("Idempotency-Key", format!("lend-it-to-{role}-{reader}"))
            .json(&json!({"copy": "moby-dick-1", "reader": reader}));
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let (status, lent) = lend("librarian", ISHMAEL).await;
    assert_eq!((status, &lent["position"]), (200, &json!("care:1")));
    let (status, refused) = lend("librarian", AHAB).await;
    assert_eq!((status, &refused["code"]), (409, &json!("already-lent")));
    let (status, refused) = lend("reader", AHAB).await;
    assert_eq!((status, &refused["code"]), (403, &json!("not-yours")));

    // A request waits for two seconds; a topic and its relay that are just being made may need more.
    let deadline = Instant::now() + VISIBLE_WITHIN;
    let loans = loop {
        let request = client
            .get(format!("{library}/loans?after=care:1&strict=true"))
            .bearer_auth(signer.sign(&claims_of("ann", "librarian")));
        let answer = request.send().await.expect("an answer");
        if answer.status() != 504 || Instant::now() > deadline {
            break answer.json::<Value>().await.expect("JSON");
        }
    };
    assert_eq!(loans, json!({"items": [{"copy": "moby-dick-1", "reader": ISHMAEL}]}));

    stop.cancel();
    serving.await.expect("it ends").expect("without a fault");
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().display();
    a_copy_is_lent_once(Places { log: format!("sqlite:{at}"), views: format!("sqlite:{at}/views.db"), kafka: None })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_kafka_and_postgresql() {
    let log = Database::new();
    let views = SERVER.fresh();
    SERVER.run("postgres", &format!("CREATE DATABASE {views}"));
    a_copy_is_lent_once(Places {
        log: log.url("server").await,
        views: SERVER.url("owner", &views),
        kafka: Some(format!("kafka://{}", BROKER.brokers()).parse().expect("an address")),
    })
    .await;
}
