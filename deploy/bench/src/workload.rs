//! A town for the benchmarks: practices, patients, and sessions with a place for each patient on each of three days.
//! The app runs in this process.

use std::{net::SocketAddr, path::Path};

use anyhow::{Context, bail};
use axum::{Router, routing::get};
use bytes::Bytes;
use command_engine::Origin;
use event_core::{Caller, LocalDate, OrganisationCode, Timestamp};
use frontdoor::{
    APPLICATION,
    cli::{Cli, Task, Token},
    tokens::signed,
};
use futures::{TryStreamExt, stream};
use host::{
    app::App,
    demo_key::{DEMO_ISSUER, DemoKey},
    options::Places,
    roles::Roles,
};
use http_edge::{
    Authenticated, Tokens, TrustedIssuer,
    listener::{self, Bounds},
    middleware::{self, Limits},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use vocabulary::{
    access::{CallerRole, IdentityLevel, Permission},
    text::NhsNumber,
};

use simulate::Connection;

use crate::synthetic;

pub const PATIENTS: u64 = 16_000;
/// The final number of bookings of a patient: the maximum of open bookings.
pub const BOOKINGS_EACH: u64 = 3;
const SLOTS: u64 = 30;
const SLOT_MINUTES: i64 = 10;
/// The number of practices. Each publishes 401 sessions, which is within the limit of one day.
const PRACTICES: u64 = 4;
/// The number of client connections, all from one address.
const CONNECTIONS_MAX: usize = 1_024;
/// The number of concurrent commands of the preparation.
const IN_FLIGHT: usize = 256;

pub struct Workload {
    pub app: App,
    key: DemoKey,
    folder: String,
    first_day: LocalDate,
    stop: CancellationToken,
}

/// A booking to make, with its own place.
#[derive(Clone, Copy)]
pub struct BookingRequest {
    patient: u64,
    day: u64,
}

impl BookingRequest {
    /// The `n`th booking of all; consecutive bookings are spread over the sessions.
    pub fn new(n: u64) -> BookingRequest {
        // 7,919 is prime, so this visits every patient once a day.
        BookingRequest { patient: n % PATIENTS * 7_919 % PATIENTS, day: n / PATIENTS }
    }
}

/// A caller without an organisation; patients have proven their identity.
///
/// # Errors
/// Never: the demonstration's issuer is valid.
pub fn caller(role: CallerRole, id: &str, permissions: Vec<Permission>) -> anyhow::Result<Caller> {
    let level = (role == CallerRole::Patient).then(|| IdentityLevel::P9.into());
    let permissions = permissions.into_iter().map(Into::into).collect();
    Ok(Caller {
        issuer: DEMO_ISSUER.parse()?,
        id: id.into(),
        role: role.into(),
        permissions,
        organisation: None,
        level,
    })
}

impl Workload {
    /// The whole app on SQLite.
    ///
    /// # Errors
    /// If the app cannot be opened, or rejects a command of the preparation.
    pub async fn build(folder: &Path) -> anyhow::Result<Workload> {
        let at = folder.display();
        let places = Places {
            log_url: format!("sqlite:{at}").into(),
            views_url: format!("sqlite:{at}/views.db").into(),
            feed: None,
            roles: Roles::all(),
            gateways: Vec::new(),
            gateway_authority: None,
            remember: event_log::REMEMBER,
        };
        Workload::on(folder, places).await
    }

    /// In other places; with views, if its roles use them.
    ///
    /// # Errors
    /// If the app cannot be opened, or rejects a command of the preparation.
    pub async fn on(folder: &Path, places: Places) -> anyhow::Result<Workload> {
        let key = DemoKey::in_folder(folder)?;
        let set = serde_json::from_slice(&std::fs::read(folder.join("demo-jwks.json"))?)?;
        let tokens =
            Tokens::new(APPLICATION.name, vec![TrustedIssuer::new(DEMO_ISSUER.parse()?, set)], APPLICATION.accepts)?;
        let folder = folder.display().to_string();
        let app = App::open(&APPLICATION, &places, tokens).await?;
        let stop = CancellationToken::new();
        if let Some(views) = app.views.clone() {
            let stop = stop.clone();
            tokio::spawn(async move { views.run(stop).await });
        }
        let first_day = vocabulary::time::LONDON.day(Timestamp::from_jiff(jiff::Timestamp::now())).plus_days(7);
        let town = Workload { app, key, folder, first_day, stop };
        town.prepare().await?;
        Ok(town)
    }

    async fn prepare(&self) -> anyhow::Result<()> {
        let operator = caller(CallerRole::Operator, "operator", vec![Permission::Practices])?;
        for n in 0..PRACTICES {
            let practice = json!({"practice": practice(n), "name": "Bench Surgery", "address": "1 High Street"});
            self.give(&operator, "open-practice", &format!("town-open-practice-{n}"), practice).await?;
        }
        let reception = caller(CallerRole::Staff, "reception", vec![Permission::Registration, Permission::Clinics])?;
        let staff = |session: u64| -> anyhow::Result<Caller> {
            Ok(Caller { organisation: Some(practice(session).parse::<OrganisationCode>()?), ..reception.clone() })
        };
        let sessions = (0..BOOKINGS_EACH * PATIENTS.div_ceil(SLOTS)).map(|n| {
            let (day, session) = (n % BOOKINGS_EACH, n / BOOKINGS_EACH);
            Ok((staff(session)?, "publish-session", format!("town-publish-{n:08}"), self.session(day, session)?))
        });
        let patients = (0..PATIENTS).map(|n| {
            let (session, key) = (n / SLOTS, format!("town-register-{n:08}"));
            Ok((staff(session)?, "register-patient", key, registration(n, &practice(session))?))
        });
        stream::iter(sessions.chain(patients).collect::<Vec<anyhow::Result<_>>>())
            .map_ok(|(staff, name, key, body)| async move { self.give(&staff, name, &key, body).await })
            .try_buffer_unordered(IN_FLIGHT)
            .try_collect::<Vec<()>>()
            .await?;
        self.app.caught_up().await;
        Ok(())
    }

    /// Executes a command through the engine, without HTTP.
    ///
    /// # Errors
    /// If it is rejected.
    pub async fn give(&self, caller: &Caller, name: &str, key: &str, body: Value) -> anyhow::Result<()> {
        let origin = Origin::new(caller.clone(), key);
        let given = self.app.engine.execute(name, Bytes::from(body.to_string()), origin).await;
        given.map(drop).with_context(|| format!("{name} was refused"))
    }

    fn session(&self, day: u64, session: u64) -> anyhow::Result<Value> {
        Ok(json!({
            "session": session_id(day, session)?,
            "on": self.first_day.plus_days(i64::try_from(day)?),
            "from": "09:00",
            "until": "14:00",
            "slotMinutes": SLOT_MINUTES,
            "capacity": 1,
            "service": "gp-routine",
            "channel": "in-person",
            "practitioner": {"name": "Dr Example", "role": "General practitioner"},
        }))
    }

    fn body(&self, wish: BookingRequest) -> anyhow::Result<String> {
        let (session, slot) = (wish.patient / SLOTS, wish.patient % SLOTS);
        let day = self.first_day.plus_days(i64::try_from(wish.day)?);
        let nine = vocabulary::time::LONDON.instant_of(day, "09:00".parse()?)?;
        let body = json!({
            "session": session_id(wish.day, session)?,
            "startsAt": nine.plus_minutes(i64::try_from(slot)? * SLOT_MINUTES),
            "patient": synthetic::patient(wish.patient)?,
            "reason": "a sore knee",
        });
        Ok(body.to_string())
    }

    /// Books through the engine, without HTTP.
    ///
    /// # Errors
    /// If it is not granted.
    pub async fn book(&self, prepared: (Bytes, Origin)) -> anyhow::Result<()> {
        let (body, origin) = prepared;
        let answer = self.app.engine.execute("book-appointment", body, origin).await?;
        if answer.events.len() == 2 { Ok(()) } else { bail!("a booking stored {} events", answer.events.len()) }
    }

    /// The arguments of `book`.
    ///
    /// # Errors
    /// If the town is too small for this booking.
    pub fn for_engine(&self, n: u64) -> anyhow::Result<(Bytes, Origin)> {
        let wish = BookingRequest::new(n);
        let id = synthetic::patient(wish.patient)?.to_string();
        let origin = Origin {
            trace: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
            ..Origin::new(caller(CallerRole::Patient, &id, vec![])?, format!("town-book-{n:012}"))
        };
        Ok((Bytes::from(self.body(wish)?), origin))
    }

    /// The same booking as the bytes of an HTTP request.
    ///
    /// # Errors
    /// If the town is too small for this booking.
    pub fn for_http(&self, n: u64) -> anyhow::Result<Vec<u8>> {
        let wish = BookingRequest::new(n);
        let body = self.body(wish)?;
        let token = self.token(wish.patient)?;
        let text = format!(
            "POST /commands/book-appointment HTTP/1.1\r\nHost: town\r\nAuthorization: Bearer {token}\r\n\
             Idempotency-Key: town-book-{n:012}\r\nContent-Type: application/json\r\n\
             traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Ok(text.into_bytes())
    }

    fn token(&self, patient: u64) -> anyhow::Result<String> {
        let subject = synthetic::patient(patient)?.to_string();
        let line = ["frontdoor", "token", "--role", "patient", "--level", "P9", "--subject", &subject, "--data"];
        let cli = <Cli as clap::Parser>::try_parse_from(line.into_iter().chain([self.folder.as_str()]))?;
        let Task::Token(token) = cli.task else { bail!("this is no token") };
        self.sign(&token)
    }

    fn sign(&self, token: &Token) -> anyhow::Result<String> {
        signed(&self.key, token)
    }

    /// Serves the production routes behind the production middleware, and additionally `/constant` behind the same.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn serve(&self, constant: Bytes) -> anyhow::Result<SocketAddr> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let constant = Router::new()
            .route("/constant", get(move |Authenticated(_): Authenticated| async move { constant }))
            .with_state(self.app.tokens.clone());
        let constant = middleware::public(constant, Limits::default(), self.app.tokens.clone());
        let routes = self.app.router(Limits::default(), None).merge(constant.reset_fallback());
        let bounds = Bounds { connections_max: CONNECTIONS_MAX, of_one_address_max: CONNECTIONS_MAX };
        tokio::spawn(listener::serve(listener, routes, bounds, CancellationToken::new()));
        Ok(address)
    }

    /// The bytes of a request for a patient's row, and of a request for the constant.
    ///
    /// # Errors
    /// If the town is too small.
    pub fn reads(&self, patient: u64) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
        let (subject, token) = (synthetic::patient(patient)?, self.token(patient)?);
        let get = |path: String| {
            format!("GET {path} HTTP/1.1\r\nHost: town\r\nAuthorization: Bearer {token}\r\n\r\n").into_bytes()
        };
        Ok((get(format!("/patients/{subject}/organ-donation")), get("/constant".to_owned())))
    }

    /// Sends a request for every patient before the bookings, so that their tokens are remembered.
    ///
    /// # Errors
    /// If the app does not answer.
    pub async fn look_around(&self, address: SocketAddr, patients: impl Iterator<Item = u64>) -> anyhow::Result<()> {
        let mut connection = Connection::open(address).await?;
        for patient in patients {
            let (row, _) = self.reads(patient)?;
            let status = connection.send(&row).await?;
            anyhow::ensure!(status == 200, "looking around was answered {status}");
        }
        Ok(())
    }

    /// Registers this patient as a donor, so that there is a row to read.
    ///
    /// # Errors
    /// If it is rejected.
    pub async fn register_donor(&self, patient: u64) -> anyhow::Result<()> {
        let subject = synthetic::patient(patient)?;
        let donor = caller(CallerRole::Patient, &subject.to_string(), vec![])?;
        let body = json!({"subject": subject, "decision": {"kind": "opt-in-all"}});
        self.give(&donor, "register-donor", &format!("town-donor-{patient:08}"), body).await?;
        self.app.caught_up().await;
        Ok(())
    }

    pub async fn leave(self) {
        self.stop.cancel();
        self.app.close().await;
    }
}

fn session_id(day: u64, session: u64) -> anyhow::Result<vocabulary::SessionId> {
    synthetic::session_at(&practice(session), day << 32 | session)
}

/// The practice that holds a session, and where the patients with a place in it are registered.
fn practice(session: u64) -> String {
    format!("A{:05}", 12_345 + session % PRACTICES)
}

/// The body of `register-patient`.
///
/// # Errors
/// Never: every id here is valid.
pub fn registration(n: u64, practice: &str) -> anyhow::Result<Value> {
    Ok(json!({
        "subject": synthetic::patient(n)?,
        "practice": practice,
        "name": "Somebody Invented",
        "nhsNumber": NhsNumber::synthetic(n as u32),
        "bornOn": "1980-02-29",
    }))
}
