//! Five lines to copy, and the files that keep them short: a header for each caller, and a body for each command.

use std::{
    collections::HashSet,
    fs,
    io::Write,
    net::SocketAddr,
    ops::Bound,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use event_core::{LocalDate, Timestamp};
use host::demo_key::DemoKey;
use projection_engine::{ROWS_MAX, Scan, Views};
use serde_json::{Value, json};
use views::{FreeSlotRow, FreeSlots, MyAppointments};
use vocabulary::{
    access::{CallerRole, IdentityLevel},
    time::LONDON,
    vaccinations::ProgrammeId,
};

use super::{
    callers::{DemoCaller, quick_start},
    people::{DAYS, Person},
};
use crate::{cli::Token, tokens::signed};

/// The quick start that the demonstration prints.
pub struct QuickStart {
    data: PathBuf,
    site: &'static str,
    subject: String,
    from: LocalDate,
    until: LocalDate,
    tokens: CallerTokens,
}

/// Tokens by caller, each also in a file named after the caller.
pub type CallerTokens = Vec<(&'static str, String)>;

/// Signs the callers' tokens, and writes them and Alice's subject to files.
///
/// # Errors
/// If a file cannot be written.
pub fn tokens(key: &DemoKey, data: &Path, alice: &Person) -> anyhow::Result<CallerTokens> {
    let mut tokens = Vec::new();
    for caller in quick_start(alice) {
        let token = signed(key, &token(&caller, alice, data))?;
        write(data, caller.id, &format!("Authorization: Bearer {token}\n"))?;
        tokens.push((caller.id, token));
    }
    write(data, "alice.subject", &alice.subject)?;
    Ok(tokens)
}

/// Finds a slot that Alice can book, and writes the bodies of her commands to files.
///
/// # Errors
/// If a file cannot be written, or the views do not answer.
pub async fn prepare(views: &Views, tokens: CallerTokens, data: &Path, alice: &Person) -> anyhow::Result<QuickStart> {
    let today = LONDON.day(Timestamp::from_jiff(jiff::Timestamp::now()));
    let (from, until) = (today.plus_days(1), today.plus_days(DAYS));
    let site = alice.practice.code;
    let told = QuickStart { data: data.to_owned(), site, subject: alice.subject.clone(), from, until, tokens };
    let slot = free_slot(views, alice).await.context("no slot to book was found")?;
    write(data, "book.json", &slot.to_string())?;
    write(data, "donor.json", &json!({"subject": alice.subject, "decision": {"kind": "opt-in-all"}}).to_string())?;
    Ok(told)
}

fn token(caller: &DemoCaller, alice: &Person, data: &Path) -> Token {
    Token {
        role: caller.role,
        subject: caller.subject.clone(),
        level: (caller.role == CallerRole::Patient).then_some(IdentityLevel::P9),
        organisation: caller.of_practice.then(|| alice.practice.code.parse().ok()).flatten(),
        permissions: caller.permissions.to_vec(),
        hours: 12,
        data: data.to_owned(),
    }
}

fn write(data: &Path, name: &str, content: &str) -> anyhow::Result<()> {
    let file = data.join(name);
    let mut open = fs::OpenOptions::new();
    let written = open.write(true).create(true).truncate(true).mode(0o600).open(&file);
    written.and_then(|mut file| file.write_all(content.as_bytes())).with_context(|| format!("{}", file.display()))
}

/// A booking of the first free slot on a day on which Alice has no appointment yet. Vaccinations have a command of their own.
async fn free_slot(views: &Views, alice: &Person) -> anyhow::Result<Value> {
    let (site, patient) = (alice.practice.code.parse()?, alice.subject.parse()?);
    let now = Timestamp::from_jiff(jiff::Timestamp::now());
    let all = |partition: String, from: String| Scan {
        partition,
        from: Bound::Included(from),
        until: Bound::Unbounded,
        limit: ROWS_MAX,
        backwards: false,
    };
    let own = all(MyAppointments::partition(patient), MyAppointments::from(now));
    let own = views.reader::<MyAppointments>().page(own).await?.value;
    let taken: HashSet<LocalDate> = own.iter().map(|(_, row)| LONDON.day(row.time.starts_at)).collect();
    let free = all(FreeSlots::partition(&site), FreeSlots::from(LONDON.start_of(LONDON.day(now).plus_days(1))));
    let free = views.reader::<FreeSlots>().page(free).await?.value;
    let is_ordinary = |row: &FreeSlotRow| ProgrammeId::of_service(&row.service).is_none();
    let suits =
        |row: &&FreeSlotRow| row.places(now) > 0 && is_ordinary(row) && !taken.contains(&LONDON.day(row.starts_at));
    let slot = free.iter().map(|(_, row)| row).find(suits);
    let slot = slot.ok_or_else(|| anyhow!("there is none among {}", free.len()))?;
    Ok(json!({
        "session": slot.session,
        "startsAt": slot.starts_at,
        "patient": patient,
        "reason": "A sore knee",
    }))
}

impl QuickStart {
    /// The text to print.
    pub fn text(&self, public: SocketAddr) -> String {
        let (data, base) = (self.data.display(), format!("http://{public}"));
        let tokens: Vec<String> = self.tokens.iter().map(|(name, token)| format!("  {name:10} {token}")).collect();
        let lines: Vec<String> =
            self.lines(&base).into_iter().map(|(what, line)| format!("# {what}\n{line}")).collect();
        format!(
            "\nFrontdoor, a demonstration with invented people. Open {base} in a browser.\n\n\
             For developers: the API is described at {base}/docs. Tokens, good for twelve hours, also as headers in {data}/<name>:\n{}\n\nFive lines to copy:\n\n{}\n",
            tokens.join("\n"),
            lines.join("\n")
        )
    }

    /// The description of each line, and the line.
    pub fn lines(&self, base: &str) -> [(&'static str, String); 5] {
        let data = self.data.display();
        let as_whom = |who: &str| format!("curl -s -H @{data}/{who}");
        let wish = |name: &str, body: &str| {
            let key = format!("-H \"Idempotency-Key: {name}-$(date +%s%N)\"");
            let alice = as_whom("alice");
            format!("{alice} -H 'Content-Type: application/json' {key} -d @{data}/{body} {base}/commands/{name}")
        };
        let QuickStart { site, from, until, subject, .. } = self;
        let search = format!("{base}/free-slots?site={site}&service=gp-routine&from={from}&until={until}&limit=3");
        [
            ("search", format!("{} '{search}'", as_whom("alice"))),
            ("book the first slot that was free at the start", wish("book-appointment", "book.json")),
            ("see it", format!("{} {base}/patients/{subject}/appointments", as_whom("alice"))),
            ("register a donor", wish("register-donor", "donor.json")),
            ("look at the log, as an auditor", format!("{} '{base}/events?after=care:0&limit=5'", as_whom("auditor"))),
        ]
    }
}
