//! The key of a demonstration, made once in the data folder, and the tokens that it signs. A server without `--demo` uses
//! nothing of this.

use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::json;

use crate::private;

/// The issuer that is accepted with `--demo` only.
pub const DEMO_ISSUER: &str = "urn:frontdoor:demo";

const KEY_FILE: &str = "demo-key.p8";
const JWKS_FILE: &str = "demo-jwks.json";
const KEY_ID: &str = "demo";

/// The demonstration's key.
pub struct DemoKey {
    pkcs8: Vec<u8>,
    jwks: PathBuf,
}

impl DemoKey {
    /// Creates the key and the public key set beside it (mode 0600), unless they exist.
    ///
    /// # Errors
    /// If the folder cannot be written, or contains something else under these names.
    pub fn in_folder(data: &Path) -> anyhow::Result<DemoKey> {
        private::folder(data).with_context(|| format!("cannot make the folder {}", data.display()))?;
        let (file, jwks) = (data.join(KEY_FILE), data.join(JWKS_FILE));
        if !file.exists() {
            let fresh = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| anyhow!("no randomness"))?;
            write_once(&file, fresh.as_ref())?;
        }
        let pkcs8 = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_| anyhow!("{} holds no key", file.display()))?;
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let set = json!({"keys": [
            {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": KEY_ID, "x": x}
        ]});
        write_once(&jwks, set.to_string().as_bytes())?;
        Ok(DemoKey { pkcs8, jwks })
    }

    /// The key of another development issuer, in this file (Ed25519, PKCS #8).
    ///
    /// # Errors
    /// If the file cannot be read, or holds no such key.
    pub fn from_file(file: &Path) -> anyhow::Result<DemoKey> {
        let pkcs8 = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_| anyhow!("{} holds no key", file.display()))?;
        Ok(DemoKey { pkcs8, jwks: file.with_file_name(JWKS_FILE) })
    }

    /// The file of the public key.
    pub fn jwks(&self) -> &Path {
        &self.jwks
    }

    /// The key of this folder; `None` if no server has created one: tokens signed by a new key would not be accepted by
    /// any server.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn existing(data: &Path) -> anyhow::Result<Option<DemoKey>> {
        data.join(KEY_FILE).exists().then(|| DemoKey::in_folder(data)).transpose()
    }

    /// Signs a token with these claims. `iss`, `aud`, `sub` and `exp` are required for the token to be accepted.
    ///
    /// # Errors
    /// If the claims are not a JSON object.
    pub fn sign(&self, claims: &impl Serialize) -> anyhow::Result<String> {
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA);
        header.kid = Some(KEY_ID.to_owned());
        let key = jsonwebtoken::EncodingKey::from_ed_der(&self.pkcs8);
        jsonwebtoken::encode(&header, claims, &key).context("the token could not be signed")
    }
}

/// Writes a file that only this user can read, completely or not at all, and never replaces one that another process wrote first.
///
/// # Errors
/// If the folder cannot be written.
pub fn write_once(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    let whole = || -> std::io::Result<()> {
        let draft = file.with_extension(format!("draft-{}", std::process::id()));
        let mut open = fs::OpenOptions::new();
        open.write(true).create(true).truncate(true).mode(0o600).open(&draft)?.write_all(content)?;
        let linked = fs::hard_link(&draft, file);
        fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    whole().with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_key_is_made_once_and_nobody_else_can_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = DemoKey::in_folder(folder.path()).expect("made");
        let second = DemoKey::in_folder(folder.path()).expect("read");
        assert_eq!(first.pkcs8, second.pkcs8);
        let mode = fs::metadata(folder.path().join(KEY_FILE)).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let set: jsonwebtoken::jwk::JwkSet =
            serde_json::from_slice(&fs::read(second.jwks()).expect("is there")).expect("a key set");
        assert!(set.find(KEY_ID).is_some());
    }
}
