//! One vaccination pass: its signed text, its QR code, and what it says.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use event_core::{AccessRule, Class, Rejection, SubjectId, Timestamp};
use passes::{IssuingKeys, PassContents, issue, qr_png, qr_svg};
use query_engine::{Kind, Query, QueryContext, QueryError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{MyPasses, PassRow};
use vocabulary::{
    access::{Capability, IdentityLevel::P9, Permission, patient, proxy, staff},
    vaccinations::{DoseId, PassId},
};

pub static PASS_UNKNOWN: Rejection = Rejection {
    code: "pass-unknown",
    class: Class::NotFound,
    title: "This person has no such pass, or their data was erased.",
    advice: "See the passes of the person.",
};
pub static NO_PASS_KEY: Rejection = Rejection {
    code: "no-pass-key",
    class: Class::Conflict,
    title: "This server has no key to sign with.",
    advice: "Get another pass for the dose. If it has none either, the operator has to give keys: `--service-file passes=FOLDER`.",
};

/// A vaccination pass of a person. It is signed for each answer, and always the same.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeePass {
    pub subject: SubjectId,
    pub pass: PassId,
}

/// The state of a pass at the time of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PassState {
    Valid,
    Expired,
    Revoked,
}

impl PassState {
    pub(super) fn of(row: &PassRow, now: Timestamp) -> PassState {
        match (row.revoked_at, row.expires_at > now) {
            (Some(_), _) => PassState::Revoked,
            (None, true) => PassState::Valid,
            (None, false) => PassState::Expired,
        }
    }
}

/// A vaccination pass.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownPass {
    pub pass: PassId,
    pub dose: DoseId,
    pub state: PassState,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    /// The signed contents.
    pub contents: PassContents,
    /// Present if the pass is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<SignedPass>,
}

/// A signed pass in the forms in which it is shown.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedPass {
    /// The text of the QR code, which begins with `HC1:`.
    pub text: String,
    /// The QR code as a picture in SVG.
    pub svg: String,
    /// The QR code as a picture in PNG, as base64.
    pub png: String,
}

impl Query for SeePass {
    const NAME: &'static str = "vaccination-pass";
    const PATH: &'static str = "/patients/{subject}/vaccination-passes/{pass}";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View)).or(staff(Permission::Vaccinating));
    const PERSONAL: bool = true;
    const REJECTIONS: &'static [&'static Rejection] = &[&PASS_UNKNOWN, &NO_PASS_KEY];
    type Answer = ShownPass;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<ShownPass, QueryError> {
        let key = MyPasses::key(self.subject, &self.pass);
        let row = context.row::<MyPasses>(&key).await?.ok_or(&PASS_UNKNOWN)?;
        let opener = context.opener([self.subject]).await?;
        let contents = opener.open(self.subject, &row.contents)?.ok_or(&PASS_UNKNOWN)?;
        let state = PassState::of(&row, context.now);
        let signed = match state {
            PassState::Valid => Some(signed(&contents, context.service_value().as_ref())?),
            PassState::Expired | PassState::Revoked => None,
        };
        let (pass, dose, issued_at, expires_at) = (row.pass, row.dose, row.issued_at, row.expires_at);
        Ok(ShownPass { pass, dose, state, issued_at, expires_at, contents, signed })
    }
}

fn signed(contents: &PassContents, keys: Option<&Arc<IssuingKeys>>) -> Result<SignedPass, QueryError> {
    let key = keys.and_then(|keys| keys.for_pass(contents.issued_at, contents.expires_at)).ok_or(&NO_PASS_KEY)?;
    let broken = |fault: &dyn std::fmt::Display| QueryError::Broken(format!("a pass cannot be shown: {fault}"));
    let pass = issue(key, contents).map_err(|fault| broken(&fault))?;
    let svg = qr_svg(pass.text()).map_err(|fault| broken(&fault))?;
    let png = qr_png(pass.text()).map_err(|fault| broken(&fault))?;
    Ok(SignedPass { text: pass.text().to_owned(), svg, png: STANDARD.encode(png) })
}
