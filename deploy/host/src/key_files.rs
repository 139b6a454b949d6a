//! The key files of the issuers: read at the start, again when a file has changed, and on SIGHUP.

use std::path::PathBuf;

use event_core::{Caller, Issuer};
use http_edge::{RsaAlgorithm, Tokens, TrustedIssuer, key_set};
use tokio_util::sync::CancellationToken;

use crate::{
    Application, Misconfigured,
    demo_key::{DEMO_ISSUER, DemoKey},
    options::{IssuerRsa, Serve},
    reread,
};

struct KeyFile {
    issuer: Issuer,
    file: PathBuf,
    rsa: RsaAlgorithm,
}

/// The file of each issuer.
pub struct KeyFiles {
    files: Vec<KeyFile>,
    audience: &'static str,
    accepts: fn(&Caller) -> bool,
}

impl KeyFiles {
    /// The key files from the configuration, and the one of the demonstration.
    ///
    /// # Errors
    /// If an algorithm is given for an unknown issuer.
    pub fn of(application: &Application, options: &Serve, demo: Option<&DemoKey>) -> anyhow::Result<KeyFiles> {
        let rsa = |issuer: &Issuer| options.issuers_rsa.iter().find(|given| given.issuer == *issuer);
        let given = options.issuers.iter().map(|given| (given.name.clone(), given.jwks.clone()));
        let own = demo
            .map(|key| Ok::<_, event_core::ids::Malformed>((DEMO_ISSUER.parse::<Issuer>()?, key.jwks().to_owned())));
        let files = given.chain(own.transpose()?).map(|(issuer, file)| {
            let rsa = rsa(&issuer).map_or_else(RsaAlgorithm::default, |given| given.algorithm);
            KeyFile { issuer, file, rsa }
        });
        let files: Vec<_> = files.collect();
        let nobodys = |given: &&IssuerRsa| !files.iter().any(|file| file.issuer == given.issuer);
        if let Some(given) = options.issuers_rsa.iter().find(nobodys) {
            return Err(
                Misconfigured(format!("--issuer-rsa {}: there is no --issuer of this name", given.issuer)).into()
            );
        }
        Ok(KeyFiles { files, audience: application.name, accepts: application.accepts })
    }

    /// The trusted issuers, with their current keys.
    ///
    /// # Errors
    /// `Misconfigured` if a file cannot be read or used.
    pub fn tokens(&self) -> anyhow::Result<Tokens> {
        Tokens::new(self.audience, self.read()?, self.accepts).map_err(|error| Misconfigured(error.to_string()).into())
    }

    /// Reads the keys again when a file has changed, and on SIGHUP. If the files cannot be used, the current keys are
    /// kept.
    ///
    /// # Errors
    /// If no signal handler can be installed.
    pub async fn renew(self, tokens: Tokens, stop: CancellationToken) -> anyhow::Result<()> {
        let files = self.files.iter().map(|known| known.file.clone()).collect();
        let again = || Ok(tokens.replace(self.audience, self.read()?)?);
        reread::whenever_changed(files, "the issuers' keys", again, stop).await
    }

    fn read(&self) -> anyhow::Result<Vec<TrustedIssuer>> {
        let mut issuers = Vec::with_capacity(self.files.len());
        for KeyFile { issuer, file, rsa } in &self.files {
            let wrong = |error: &dyn std::fmt::Display| {
                Misconfigured(format!("--issuer {issuer}: {}: {error}", file.display()))
            };
            let text = std::fs::read(file).map_err(|error| wrong(&error))?;
            let keys = key_set(issuer, &text).map_err(|error| wrong(&error))?;
            issuers.push(TrustedIssuer { rsa: *rsa, ..TrustedIssuer::new(issuer.clone(), keys) });
        }
        Ok(issuers)
    }
}
