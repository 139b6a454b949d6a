//! Tokens for the demonstration's callers, and the output of `frontdoor token`.

use anyhow::bail;
use host::{
    demo_key::{DEMO_ISSUER, DemoKey},
    output,
};
use serde::Serialize;
use vocabulary::access::{CallerRole, IdentityLevel, Permission};

use crate::{APPLICATION, cli::Token};

#[derive(Serialize)]
struct DemoClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
    role: CallerRole,
    permissions: &'a [Permission],
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_proofing_level: Option<IdentityLevel>,
}

/// `frontdoor token`.
///
/// # Errors
/// If the key is missing or cannot be read.
pub fn print(token: &Token) -> anyhow::Result<()> {
    let Some(key) = DemoKey::existing(&token.data)? else {
        let data = token.data.display();
        bail!("{data} has no key: start `frontdoor serve --demo --data {data}` first");
    };
    output::line(signed(&key, token)?);
    Ok(())
}

/// The token, signed with the demonstration's key.
///
/// # Errors
/// If it cannot be signed.
pub fn signed(key: &DemoKey, token: &Token) -> anyhow::Result<String> {
    let issued = jiff::Timestamp::now().as_second();
    key.sign(&DemoClaims {
        iss: DEMO_ISSUER,
        aud: APPLICATION.name,
        sub: &token.subject,
        iat: issued,
        exp: issued + i64::from(token.hours) * 3_600,
        role: token.role,
        permissions: &token.permissions,
        organisation: token.organisation.as_ref().map(event_core::OrganisationCode::as_str),
        identity_proofing_level: token.level,
    })
}
