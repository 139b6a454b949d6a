//! The keys that sign vaccination passes: files of one key each, in a folder.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use event_core::Timestamp;
use host::{ServiceFile, demo_key::write_once};
use passes::{CountryCode, IssuingKey, IssuingKeys, UnreadableKey, issuing_keys::KEYS_BYTES_MAX};
use query_engine::ServiceValues;

/// The most files in a folder of keys.
const KEY_FILES_MAX: usize = 1_000;
/// Random bytes are not a key of the curve once in 2^32 times.
const DRAWS_MAX: usize = 4;
/// The key of a demonstration, in its data folder.
const DEMO_FILE: &str = "demo-pass-key.pem";
const DEMO_COUNTRY: &str = "GB";
/// Ten years. The key of a demonstration is not rotated.
const DEMO_DAYS: i64 = 3_650;

/// The keys as a file of the server.
pub const SERVICE_FILE: ServiceFile = ServiceFile { name: "passes", read: put, demonstration };

fn put(place: &Path, values: &ServiceValues) -> anyhow::Result<()> {
    values.put(Arc::new(read(place)?));
    Ok(())
}

/// A file with a key. Processes that share the data folder have the same one.
fn demonstration(data: &Path) -> anyhow::Result<PathBuf> {
    let (file, from) = (data.join(DEMO_FILE), now().whole_second());
    if !file.exists() {
        write_once(&file, draw(DEMO_COUNTRY.parse()?, from, from.plus_days(DEMO_DAYS))?.to_pem()?.as_bytes())?;
    }
    Ok(file)
}

fn now() -> Timestamp {
    Timestamp::from_jiff(jiff::Timestamp::now())
}

/// The keys of a file, or of the `.pem` files of a folder.
///
/// # Errors
/// If a file cannot be read, or holds something else.
pub fn read(place: &Path) -> anyhow::Result<IssuingKeys> {
    let named = || place.display().to_string();
    let mut files = Vec::new();
    if place.is_dir() {
        for entry in fs::read_dir(place).with_context(named)?.take(KEY_FILES_MAX) {
            files.push(entry.with_context(named)?.path());
        }
        files.retain(|file| file.extension().is_some_and(|extension| extension == "pem"));
        files.sort();
    } else {
        files.push(place.to_owned());
    }
    let mut pem = String::new();
    for file in &files {
        let named = || file.display().to_string();
        // One byte more than keys can have, which they then refuse with their limit.
        let limit = u64::try_from(KEYS_BYTES_MAX + 1)?;
        File::open(file).with_context(named)?.take(limit).read_to_string(&mut pem).with_context(named)?;
        pem.push('\n');
    }
    IssuingKeys::parse(&pem).with_context(named)
}

/// Makes a key of the machine's randomness, in a file of its own that only this user can read. Returns the file.
///
/// # Errors
/// If the file exists, or cannot be written.
pub fn make(country: CountryCode, from: Timestamp, days: i64, folder: &Path) -> anyhow::Result<(PathBuf, IssuingKey)> {
    let key = draw(country, from, from.plus_days(days))?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(|| folder.display().to_string())?;
    let file = folder.join(format!("{}.pem", key.certificate().key_id().hexadecimal()));
    let mut open = OpenOptions::new();
    let created = open.write(true).create_new(true).mode(0o600).open(&file);
    let written = created.and_then(|mut created| {
        created.write_all(key.to_pem().map_err(std::io::Error::other)?.as_bytes())?;
        created.sync_all()
    });
    written.with_context(|| file.display().to_string())?;
    Ok((file, key))
}

fn draw(country: CountryCode, from: Timestamp, until: Timestamp) -> anyhow::Result<IssuingKey> {
    for _ in 0..DRAWS_MAX {
        let (mut secret, mut serial) = ([0; 32], [0; 16]);
        aws_lc_rs::rand::fill(&mut secret)
            .and_then(|()| aws_lc_rs::rand::fill(&mut serial))
            .ok()
            .context("the machine gives no random bytes")?;
        match IssuingKey::make(&secret, serial, country, from, until) {
            Err(UnreadableKey::NotDrawn) => {}
            made => return Ok(made?),
        }
    }
    bail!("no key could be made of random bytes")
}

#[cfg(test)]
mod tests {
    use passes::expiry;

    use super::*;

    #[test]
    fn a_demonstration_makes_one_key_that_signs_today() {
        let data = tempfile::tempdir().expect("a folder");
        let file = demonstration(data.path()).expect("made");
        let made = fs::read(&file).expect("read");
        assert_eq!(fs::read(demonstration(data.path()).expect("it is there")).expect("read"), made);
        let values = ServiceValues::default();
        assert!(values.get::<Arc<IssuingKeys>>().is_none());
        put(&file, &values).expect("read");
        let keys = values.get::<Arc<IssuingKeys>>().expect("keys");
        assert_eq!((keys.certificates().len(), keys.for_pass(now(), expiry(now())).is_some()), (1, true));

        fs::write(data.path().join("torn.pem"), "-----BEGIN PRIVATE KEY-----\n").expect("written");
        assert!(put(data.path(), &values).is_err());
        assert!(values.get::<Arc<IssuingKeys>>().is_some(), "keys that cannot be read change nothing");
    }
}
