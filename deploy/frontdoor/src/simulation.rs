//! `frontdoor simulate`: users of every kind, with tokens of a development issuer.

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use host::{Misconfigured, demo_key::DemoKey, output};
use serde_json::Value;
use simulate::{Simulate, TokenSigner};

use crate::APPLICATION;

/// The issuer of the tokens of the simulated users, with its key.
struct DevelopmentIssuer {
    key: DemoKey,
    issuer: String,
}

impl TokenSigner for DevelopmentIssuer {
    fn sign(&self, mut claims: Value) -> anyhow::Result<String> {
        claims["iss"] = self.issuer.as_str().into();
        claims["aud"] = APPLICATION.name.into();
        self.key.sign(&claims)
    }
}

/// Runs the simulation. Exits with 0 if no answer was untrue and every limit was kept, with 1 otherwise.
///
/// # Errors
/// `Misconfigured` without a key. If the system cannot be reached or refuses the preparation.
pub fn perform(options: &Simulate) -> anyhow::Result<ExitCode> {
    let key = match &options.issuer_key {
        Some(file) => DemoKey::from_file(file)?,
        None => DemoKey::existing(&options.data)?.ok_or_else(|| {
            let data = options.data.display();
            Misconfigured(format!(
                "{data} has no key: give --issuer-key, or the data folder of `frontdoor serve --demo`"
            ))
        })?,
    };
    let signer = Arc::new(DevelopmentIssuer { key, issuer: options.issuer.clone() });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    let good = runtime.block_on(simulate::simulate(options, signer, |text| output::line(text)))?;
    Ok(ExitCode::from(u8::from(!good)))
}
