//! A whole harness in a temporary folder: log, engine, views, and the routes, called without a socket. The time is
//! fixed; a test can change it for the queries alone.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use command_engine::{Catalogue, Engine, EngineOptions, Origin};
use event_core::{
    Command, LogName, SubjectId, Timestamp,
    personal::{SubjectKeyRing, Unsealed},
    policy::policy_caller,
};
use event_log::{Log, LogOptions};
use http_edge::{
    Tokens,
    testing::{AUDIENCE, ISSUER, Signer},
};
use passes::{IssuingKey, IssuingKeys};
use projection_engine::{Views, models};
use query_engine::{Queries, QueryPort, QuerySources, ServiceValues};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;
use uuid::Uuid;

use crate::contract;

/// Bytes of the largest answer: a full page of the log, and its envelopes.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;
/// A Friday. Nine days later the clocks go forward.
pub const NOW: &str = "2026-03-20T09:00:00Z";
pub const SITE: &str = "A12345";
pub const ELSEWHERE: &str = "B54321";

pub fn at(instant: &str) -> Timestamp {
    instant.parse().expect("an instant")
}

pub struct Harness {
    pub log: Log,
    pub views: Views,
    engine: Engine,
    follows: AtomicBool,
    router: Router,
    signer: Signer,
    clock: Arc<AtomicI64>,
    stop: CancellationToken,
    _stopped_with_the_house: DropGuard,
    _folder: TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("JSON")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The code of a problem, with its status.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let code = self.json()["code"].as_str().expect("a code").to_owned();
        (self.status.as_u16(), code)
    }

    pub fn items(&self) -> Vec<Value> {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        self.json()["items"].as_array().expect("items").clone()
    }
}

/// A key of passes that signs since the beginning of the year.
fn values_with_a_key() -> ServiceValues {
    let (from, country) = (at("2026-01-01T00:00:00Z"), "GB".parse().expect("a country"));
    let key = IssuingKey::make(&[7; 32], [7; 16], country, from, from.plus_days(365)).expect("a key");
    let values = ServiceValues::default();
    let keys = IssuingKeys::parse(&key.to_pem().expect("PEM")).expect("keys");
    values.put(Arc::new(keys));
    values
}

impl Harness {
    /// A harness with views that follow the log.
    pub async fn new() -> Harness {
        let harness = Harness::still().await;
        harness.follow();
        harness
    }

    /// The same, with this key ring instead of that of a build without a vault.
    pub async fn with_keys(keys: Arc<dyn SubjectKeyRing>) -> Harness {
        let harness = Harness::still_with(keys).await;
        harness.follow();
        harness
    }

    /// A harness with views that do not follow the log yet.
    pub async fn still() -> Harness {
        Harness::still_with(Arc::new(Unsealed)).await
    }

    async fn still_with(keys: Arc<dyn SubjectKeyRing>) -> Harness {
        let folder = tempfile::tempdir().expect("a folder");
        let url = |name: &str| format!("sqlite:{}{name}", folder.path().display());
        let log = Log::open(&url(""), LogName::Care, LogOptions::default()).await.expect("a log");
        let views = Views::open(&url("/views.db"), log.clone(), vocabulary::SERVICES, models(views::every_read_model))
            .await
            .expect("views");
        let options = EngineOptions { clock: || at(NOW), keys: Arc::clone(&keys), ..EngineOptions::default() };
        let engine = Engine::start(log.clone(), Catalogue::of(domain::every_command), options);
        let signer = Signer::new("key-1");
        let tokens = Tokens::new(AUDIENCE, vec![signer.trusted()], vocabulary::access::is_known).expect("an issuer");
        let clock = Arc::new(AtomicI64::new(at(NOW).micros()));
        let told = Arc::clone(&clock);
        let port = QueryPort::new(QuerySources {
            views: views.clone(),
            log: log.clone(),
            keys,
            gate: Arc::new(engine.clone()),
            values: values_with_a_key(),
            clock: Arc::new(move || Timestamp::from_micros(told.load(Ordering::Relaxed))),
        });
        let queries = Queries {
            port,
            tokens: tokens.clone(),
            queries: queries::all(),
            about: queries::ABOUT,
            commands: engine.catalogue().descriptions().cloned().collect(),
        };
        let asked = query_engine::router(queries);
        let queries = queries::all();
        let rejections = engine.catalogue().rejections().chain(query_engine::rejections(&queries));
        let explanations = http_edge::problem_routes(rejections);
        let router = command_engine::http::router(engine.clone(), tokens).merge(explanations).merge(asked);
        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        let harness = Harness {
            log,
            views,
            engine,
            follows: AtomicBool::new(false),
            router,
            signer,
            clock,
            stop,
            _stopped_with_the_house: guard,
            _folder: folder,
        };
        if !contract::is_known() {
            let document = harness.send(Request::get("/openapi.json").body(Body::empty()).expect("a request")).await;
            contract::learn(document.json());
        }
        harness
    }

    pub fn follow(&self) {
        self.follows.store(true, Ordering::Relaxed);
        let (views, stop) = (self.views.clone(), self.stop.clone());
        tokio::spawn(async move { views.run(stop).await.expect("the views are this harness's own") });
    }

    /// Sets the time by which queries decide which slots are upcoming and which holds have expired.
    pub fn it_is(&self, now: &str) {
        self.clock.store(at(now).micros(), Ordering::Relaxed);
    }

    pub fn token(&self, claims: &Value) -> String {
        let mut all = json!({"iss": ISSUER, "aud": AUDIENCE, "exp": jiff::Timestamp::now().as_second() + 3_600});
        let claims = claims.as_object().expect("claims").clone();
        all.as_object_mut().expect("claims").extend(claims);
        self.signer.sign(&all)
    }

    /// Sends a request, and checks that the answer is described.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, BODY_BYTES_MAX).await.expect("a body");
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let answer = Answer { status: parts.status, headers: parts.headers, text };
        contract::hold(&method, &path, &answer);
        answer
    }

    /// The answer to a query. If the views follow, it first waits until they have reached the log's end, because the
    /// time that this takes is not under test.
    pub async fn get(&self, who: &Value, path: &str) -> Answer {
        if self.follows.load(Ordering::Relaxed) {
            self.views.caught_up(self.log.end()).await;
        }
        let token = self.token(who);
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// Gives a command that has to be granted, and returns its position, like `care:17`.
    pub async fn give(&self, who: &Value, name: &str, body: Value) -> String {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/commands/{name}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token(who)))
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", Uuid::new_v4().to_string())
            .body(Body::from(body.to_string()))
            .expect("a request");
        let answer = self.send(request).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {answer:?}");
        answer.json()["position"].as_str().expect("a position").to_owned()
    }

    /// Gives a command as a policy does: with a body that no token could bring.
    pub async fn give_as_policy(&self, command: &impl Command) {
        let caller = policy_caller("spec").expect("a name");
        let origin = Origin::new(caller, Uuid::new_v4().to_string());
        self.engine.submit(command, origin).await.expect("granted");
    }

    pub async fn open_practice(&self, practice: &str) -> String {
        let body = json!({"practice": practice, "name": format!("Practice {practice}"), "address": "1 High Street"});
        self.give(&operator(), "open-practice", body).await
    }

    pub async fn register(&self, subject: SubjectId, practice: &str) -> String {
        let body = json!({"subject": subject, "practice": practice, "name": "Alice Example", "nhsNumber": "9990000026",
            "bornOn": "1980-02-29"});
        self.give(&staff(practice), "register-patient", body).await
    }

    /// Publishes a session of `service` with slots of `minutes` from 09:00 to `until`, on a day in London.
    pub async fn publish(&self, session: &str, on: &str, until: &str, minutes: u16, service: &str) -> String {
        let body = json!({"session": session, "on": on, "from": "09:00", "until": until, "slotMinutes": minutes,
            "capacity": 1, "service": service, "channel": "in-person",
            "practitioner": {"name": "Dr Ada Example", "role": "General practitioner"}});
        self.give(&staff(&session[..6]), "publish-session", body).await
    }

    pub async fn book(&self, patient: SubjectId, session: &str, starts_at: &str) -> String {
        let body = json!({"session": session, "startsAt": starts_at, "patient": patient, "reason": "a sore knee",
            "comment": "since Tuesday"});
        self.give(&themselves(patient, "P9"), "book-appointment", body).await
    }
}

pub fn somebody_new() -> SubjectId {
    SubjectId::new(Uuid::new_v4()).expect("version 4")
}

pub fn themselves(subject: SubjectId, level: &str) -> Value {
    json!({"sub": subject, "role": "patient", "identity_proofing_level": level})
}

/// A person without an account.
pub fn anonymous(subject: SubjectId) -> Value {
    json!({"sub": subject, "role": "anonymous"})
}

pub fn staff(organisation: &str) -> Value {
    json!({"sub": "nurse-1", "role": "staff", "organisation": organisation,
        "permissions": ["booking", "clinics", "messaging", "registration", "practice-admin", "prescribing", "dispensing", "vaccinating"]})
}

pub fn auditor() -> Value {
    json!({"sub": "auditor-1", "role": "auditor", "permissions": ["audit"]})
}

pub fn operator() -> Value {
    json!({"sub": "operator-1", "role": "operator", "permissions": ["practices", "pathways", "vaccines"]})
}
