//! Vaccination passes: issued, drawn as QR codes, and checked.

use std::{hint::black_box, time::Instant};

use anyhow::Context;
use event_core::Timestamp;
use passes::{
    HolderName, IssuingKey, IssuingKeys, PassContents, PassVaccination, RevocationList, TrustList, Uvci, expiry, issue,
    qr_svg, verify,
};

use crate::results::Measured;

/// Passes that are timed, of each kind.
const PASSES: u32 = 1_000;
/// Passes in a second on one core that the issue of the vaccination service asks for.
const PASSES_PER_SECOND_MIN: f64 = 500.0;

/// # Errors
/// If a pass cannot be issued or checked.
pub fn pass() -> anyhow::Result<Vec<Measured>> {
    let issued_at: Timestamp = "2026-11-27T08:00:00Z".parse()?;
    let country = "GB".parse()?;
    let key = IssuingKey::make(&[7; 32], [7; 16], country, issued_at, issued_at.plus_days(365))?;
    let trusted = TrustList::of(&IssuingKeys::parse(&key.to_pem()?)?, issued_at);
    // A hundred thousand passes are revoked, and none of these.
    let revoked = (0..100_000).map(|number| Ok(Uvci::new(country, &format!("REVOKED/{number}"))?.revocation_hash()));
    let revoked = RevocationList::new(issued_at, revoked.collect::<anyhow::Result<Vec<_>>>()?)?;
    let contents: Vec<PassContents> = (0..PASSES).map(|number| of(number, issued_at)).collect::<anyhow::Result<_>>()?;

    let mut passes = Vec::with_capacity(contents.len());
    let issued = rate(|| {
        for contents in &contents {
            passes.push(issue(&key, contents)?);
        }
        Ok(())
    })?;
    let drawn = rate(|| {
        for contents in &contents {
            black_box(qr_svg(issue(&key, contents)?.text())?);
        }
        Ok(())
    })?;
    let checked = rate(|| {
        for pass in &passes {
            black_box(verify(pass.text(), &trusted, &revoked, issued_at).context("a valid pass")?);
        }
        Ok(())
    })?;
    let row = Measured::against("pass-issue", issued, "1/s", PASSES_PER_SECOND_MIN, 1.0);
    Ok(vec![row.note(format!(
        "one core; the baseline is the bar, not a measurement; with the QR code as SVG {drawn:.0}/s, checked {checked:.0}/s"
    ))])
}

/// The contents of a pass of another person for each number.
fn of(number: u32, issued_at: Timestamp) -> anyhow::Result<PassContents> {
    Ok(PassContents {
        name: HolderName::new(Some(format!("Müller-{}", letters(number)).parse()?), Some("Zoë Anna".parse()?))?,
        born: "1964-08-12".parse()?,
        vaccination: PassVaccination {
            disease: "840539006".parse()?,
            vaccine: "1119349007".parse()?,
            product: "EU/1/20/1528".parse()?,
            manufacturer: "ORG-100030215".parse()?,
            dose: 2,
            doses: 2,
            given_on: "2026-11-02".parse()?,
            country: "GB".parse()?,
            issuer: "NHS England".parse()?,
            uvci: Uvci::new("GB".parse()?, &format!("{number:032X}"))?,
        },
        issued_at,
        expires_at: expiry(issued_at),
    })
}

/// A number as letters, because names have no digits.
fn letters(number: u32) -> String {
    number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}

/// Passes in a second.
fn rate(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let began = Instant::now();
    work()?;
    Ok(f64::from(PASSES) / began.elapsed().as_secs_f64())
}
