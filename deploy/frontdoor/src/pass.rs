//! `frontdoor pass`: the keys of an issuer of vaccination passes, the two lists that verifiers fetch, and the check of a pass. It reads
//! files, and no log. A pass is health data: nothing of its contents is printed unless it is asked for.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::ExitCode,
};

use anyhow::Context;
use event_core::Timestamp;
use host::output;
use passes::{
    CountryCode, PASS_VALID_DAYS, PassContents, RevocationList, TrustList, Uvci, issue, qr_png, qr_svg,
    revocation_list::REVOCATION_LIST_BYTES_MAX, verify,
};

use crate::{cli::PassTask, pass_keys};

const EXIT_WELL: u8 = 0;
const EXIT_REFUSED: u8 = 1;
const EXIT_UNREADABLE: u8 = 2;
/// The longest file that is read, in bytes. The formats have smaller limits of their own, which say what they are.
const FILE_BYTES_MAX: usize = REVOCATION_LIST_BYTES_MAX + 1;

pub fn perform(task: &PassTask) -> ExitCode {
    let done = match task {
        PassTask::Key { country, days, from, out } => make_key(*country, *days, *from, out),
        PassTask::TrustList { keys, at } => print_trust_list(keys, *at),
        PassTask::RevocationList { file, at } => print_revocation_list(file, *at),
        PassTask::Issue { keys, contents, svg, png } => print_pass(keys, contents, svg.as_deref(), png.as_deref()),
        PassTask::Check { file, trust, revoked, at, show } => check(file, trust, revoked, *at, *show),
    };
    ExitCode::from(done.unwrap_or_else(|error| {
        output::error_line(format_args!("frontdoor: {error:#}"));
        EXIT_UNREADABLE
    }))
}

fn now() -> Timestamp {
    Timestamp::from_jiff(jiff::Timestamp::now())
}

/// The text of a file, or of standard input for `-`.
fn read(file: &Path) -> anyhow::Result<String> {
    let is_input = file == Path::new("-");
    let named = || if is_input { "standard input".to_owned() } else { file.display().to_string() };
    let source: Box<dyn Read> =
        if is_input { Box::new(std::io::stdin()) } else { Box::new(File::open(file).with_context(named)?) };
    let (mut text, limit) = (String::new(), u64::try_from(FILE_BYTES_MAX)?);
    source.take(limit).read_to_string(&mut text).with_context(named)?;
    Ok(text)
}

fn make_key(country: CountryCode, days: u32, from: Option<Timestamp>, folder: &Path) -> anyhow::Result<u8> {
    let from = from.unwrap_or_else(now).whole_second();
    let (file, key) = pass_keys::make(country, from, days.into(), folder)?;
    let certificate = key.certificate();
    output::line(format_args!(
        "{}: kid {}, {country}, signs passes from {from} to {}; they are valid until {}",
        file.display(),
        certificate.key_id(),
        certificate.valid_until().plus_days(-PASS_VALID_DAYS),
        certificate.valid_until(),
    ));
    Ok(EXIT_WELL)
}

fn print_trust_list(keys: &Path, at: Option<Timestamp>) -> anyhow::Result<u8> {
    let list = TrustList::of(&pass_keys::read(keys)?, at.unwrap_or_else(now));
    output::line(serde_json::to_string_pretty(&list.document())?);
    Ok(EXIT_WELL)
}

fn print_revocation_list(file: &Path, at: Option<Timestamp>) -> anyhow::Result<u8> {
    let text = read(file)?;
    let mut revoked = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let uvci: Uvci = line.parse().with_context(|| format!("{}: line {}", file.display(), at + 1))?;
        revoked.push(uvci.revocation_hash());
    }
    let list = RevocationList::new(at.unwrap_or_else(now), revoked).with_context(|| file.display().to_string())?;
    output::line(serde_json::to_string_pretty(&list)?);
    Ok(EXIT_WELL)
}

fn print_pass(keys: &Path, file: &Path, svg: Option<&Path>, png: Option<&Path>) -> anyhow::Result<u8> {
    let named = || file.display().to_string();
    let contents: PassContents = serde_json::from_str(&read(file)?).with_context(named)?;
    let keys = pass_keys::read(keys)?;
    let key = keys.for_pass(contents.issued_at, contents.expires_at);
    let pass =
        issue(key.context("no key is valid from the pass's issue to its expiry")?, &contents).with_context(named)?;
    if let Some(file) = svg {
        write(file, qr_svg(pass.text())?.as_bytes())?;
    }
    if let Some(file) = png {
        write(file, &qr_png(pass.text())?)?;
    }
    output::line(pass.text());
    Ok(EXIT_WELL)
}

/// Writes a picture of a pass, which only this user can read.
fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut open = OpenOptions::new();
    let created = open.write(true).create(true).truncate(true).mode(0o600).open(file);
    created.and_then(|mut created| created.write_all(bytes)).with_context(|| file.display().to_string())
}

fn check(file: &Path, trust: &Path, revoked: &Path, at: Option<Timestamp>, show: bool) -> anyhow::Result<u8> {
    let text = read(file)?;
    let trusted = TrustList::parse(&read(trust)?).with_context(|| trust.display().to_string())?;
    let revoked_list = RevocationList::parse(&read(revoked)?).with_context(|| revoked.display().to_string())?;
    // A pass can end with a space, so only the end of the line is cut.
    let text = text.strip_suffix('\n').unwrap_or(&text);
    match verify(text.strip_suffix('\r').unwrap_or(text), &trusted, &revoked_list, at.unwrap_or_else(now)) {
        Ok(contents) => {
            output::line(format_args!("accepted: issued {}, expires {}", contents.issued_at, contents.expires_at));
            if show {
                output::line(serde_json::to_string_pretty(&contents)?);
            }
            Ok(EXIT_WELL)
        }
        Err(fault) => {
            output::line(format_args!("refused: {fault}"));
            Ok(EXIT_REFUSED)
        }
    }
}
