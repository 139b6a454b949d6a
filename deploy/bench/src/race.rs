//! Eight in the morning: 500 people, 30 slots, over real HTTP against a server process.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use event_core::Timestamp;
use frontdoor::{
    cli::{Cli, Task},
    tokens::signed,
};
use futures::future::try_join_all;
use host::demo_key::DemoKey;
use serde_json::{Value, json};

use simulate::Connection;

use crate::{load::Slice, results::Measured, server::ServerProcess, synthetic, workload};

const PATIENTS: u64 = 500;
const SLOTS: u64 = 30;
const SLOT_MINUTES: i64 = 10;
/// The number of races, each with its own session and people.
const ROUNDS: u64 = 5;
/// The number of patients that are registered at the same time.
const IN_FLIGHT: usize = 50;
const PRACTICE: &str = "A99009";
/// The promise: every answer within a second.
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// The session is this many days ahead.
const DAYS_AHEAD: i64 = 7;

/// # Errors
/// If the server does not start, or the race does not end with 30 bookings and 470 rejections.
pub async fn race(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let server = ServerProcess::start(folder)?;
    let course = Course { key: DemoKey::in_folder(folder)?, folder: folder.display().to_string(), server };
    course.prepare().await?;
    let mut all = Slice::default();
    for round in 0..ROUNDS {
        eprintln!("race: round {} of {ROUNDS}", round + 1);
        all.add(course.run(round).await?);
    }
    course.server.end()?;
    let longest = all.latencies_us.iter().max().copied().unwrap_or_default();
    let most = ANSWER_MAX.as_secs_f64() * 1_000.0;
    let row = Measured::within("race-500-for-30-longest-answer", f64::from(longest) / 1_000.0, "ms", most, most);
    Ok(vec![row.note(format!(
        "{}; of {} answers in {ROUNDS} races, each from the opening of its connection on; 30 booked and 470 refused",
        all.latency(),
        all.done
    ))])
}

struct Course {
    key: DemoKey,
    folder: String,
    server: ServerProcess,
}

impl Course {
    fn token(&self, words: &[&str]) -> anyhow::Result<String> {
        let line = ["frontdoor", "token", "--data", &self.folder];
        let cli = <Cli as clap::Parser>::try_parse_from(line.iter().chain(words))?;
        let Task::Token(token) = cli.task else { bail!("this is not a token") };
        signed(&self.key, &token)
    }

    /// Sends a command on a new connection. Returns the status and the time since the connection was opened.
    async fn give(&self, token: &str, name: &str, key: &str, body: Value) -> anyhow::Result<(u16, String, Duration)> {
        let body = body.to_string();
        let request = format!(
            "POST /commands/{name} HTTP/1.1\r\nHost: race\r\nAuthorization: Bearer {token}\r\n\
             Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let asked = Instant::now();
        let mut connection = Connection::open(self.server.address).await?;
        let status = connection.send(request.as_bytes()).await?;
        let took = asked.elapsed();
        Ok((status, String::from_utf8_lossy(connection.body()).into_owned(), took))
    }

    async fn granted(&self, token: &str, name: &str, key: &str, body: Value) -> anyhow::Result<()> {
        let (status, text, _) = self.give(token, name, key, body).await?;
        anyhow::ensure!(status == 200, "{name} was answered {status}: {text}");
        Ok(())
    }

    async fn prepare(&self) -> anyhow::Result<()> {
        let operator = self.token(&["--role=operator", "--subject=operator-1", "--permission=practices"])?;
        let permissions = "--permission=practice-admin,registration,clinics,booking";
        let organisation = format!("--organisation={PRACTICE}");
        let staff = self.token(&["--role=staff", "--subject=desk-1", &organisation, permissions])?;
        let practice = json!({"practice": PRACTICE, "name": "Race Surgery", "address": "1 Starting Line"});
        self.granted(&operator, "open-practice", "race-open-practice", practice).await?;
        for round in 0..ROUNDS {
            self.granted(&staff, "publish-session", &format!("race-publish-{round:06}"), self.session(round)).await?;
        }
        let patients: Vec<u64> = (0..ROUNDS * PATIENTS).collect();
        for some in patients.chunks(IN_FLIGHT) {
            let registered = some.iter().map(async |n| {
                let patient = workload::registration(*n, PRACTICE)?;
                self.granted(&staff, "register-patient", &format!("race-register-{n:06}"), patient).await
            });
            try_join_all(registered).await?;
        }
        Ok(())
    }

    fn session(&self, round: u64) -> Value {
        json!({
            "session": session_id(round),
            "on": day(),
            "from": "09:00",
            "until": "14:00",
            "slotMinutes": SLOT_MINUTES,
            "capacity": 1,
            "service": "gp-routine",
            "channel": "in-person",
            "practitioner": {"name": "Dr Example", "role": "General practitioner"},
        })
    }

    async fn run(&self, round: u64) -> anyhow::Result<Slice> {
        let nine = vocabulary::time::LONDON.instant_of(day(), "09:00".parse()?).context("it exists on every day")?;
        let mut wishes = Vec::new();
        for n in 0..PATIENTS {
            let subject = synthetic::patient(round * PATIENTS + n)?.to_string();
            let token = self.token(&["--role=patient", "--level=P9", &format!("--subject={subject}")])?;
            let starts_at = nine.plus_minutes(i64::try_from(n % SLOTS)? * SLOT_MINUTES);
            let body = json!({"session": session_id(round), "startsAt": starts_at, "patient": subject});
            wishes.push((token, format!("race-book-{round}-{n:012}"), body));
        }
        let began = Instant::now();
        let answers = try_join_all(
            wishes.into_iter().map(async |(token, key, body)| self.give(&token, "book-appointment", &key, body).await),
        )
        .await?;
        let with = |status| answers.iter().filter(|(seen, ..)| *seen == status).count() as u64;
        let (booked, refused) = (with(200), with(409));
        anyhow::ensure!(
            (booked, refused) == (SLOTS, PATIENTS - SLOTS),
            "{booked} booked and {refused} were refused; the first answer is {:?}",
            answers.first()
        );
        let latencies_us = answers.iter().map(|(_, _, took)| u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        let latencies_us = latencies_us.collect();
        Ok(Slice { done: PATIENTS, seconds: began.elapsed().as_secs_f64(), latencies_us, ..Slice::default() })
    }
}

fn session_id(round: u64) -> String {
    format!("{PRACTICE}.RACE{round:08}")
}

fn day() -> event_core::LocalDate {
    vocabulary::time::LONDON.day(Timestamp::from_jiff(jiff::Timestamp::now())).plus_days(DAYS_AHEAD)
}
