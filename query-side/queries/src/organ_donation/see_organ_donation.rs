//! What somebody decided about organ donation, with the newest steps of its history.

use event_core::{AccessRule, SubjectId, Timestamp, personal::Unsealed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{DonorChange, DonorDecision, DonorRow, Standing};
use vocabulary::{
    access::{Capability, IdentityLevel::P9, patient, proxy},
    organ_donation::{FaithDeclaration, OrganDecision},
};

use query_engine::{Kind, Query, QueryContext, QueryError};

/// What the patient is told when a decision was withdrawn (Organ Donation (Deemed Consent) Act 2019).
const WITHDRAWN: &str = "You have withdrawn your decision. This is not an opt-out: no decision stands, and it may be \
    considered that you agree to donate (deemed consent). To say no, register a decision not to donate.";
const NEVER: &str = "No decision is registered. It may be considered that you agree to donate (deemed consent).";

/// What a person decided about organ donation: the decision that stands, and the newest steps that led to it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeOrganDonation {
    pub subject: SubjectId,
}

/// A person's decision about organ donation.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganDonation {
    /// The decision that stands; `null` where none does.
    pub decision: Option<OrganDecision>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// What it means that no decision stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<&'static str>,
    /// Whether faith or beliefs should be respected; `null` where nothing was declared.
    pub faith: Option<FaithDeclaration>,
    /// The newest steps, 20 at most, oldest first. All of them are the list `organ-donation/history`.
    pub history: Vec<Change>,
    /// How many steps there have been in all.
    pub steps: u64,
}

/// One step on the way to what stands now.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
#[schemars(rename = "OrganDonationChange")]
pub enum Change {
    Registered { at: Timestamp, decision: OrganDecision },
    Amended { at: Timestamp, decision: OrganDecision },
    Withdrawn { at: Timestamp },
    FaithDeclared { at: Timestamp, faith: FaithDeclaration },
}

impl Query for SeeOrganDonation {
    const NAME: &'static str = "organ-donation";
    const PATH: &'static str = "/patients/{subject}/organ-donation";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View));
    const PERSONAL: bool = true;
    type Answer = OrganDonation;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<OrganDonation, QueryError> {
        match context.row::<DonorDecision>(&DonorDecision::key(self.subject)).await? {
            Some(row) => shown(row),
            None => Ok(OrganDonation {
                decision: None,
                decided_at: None,
                notice: Some(NEVER),
                faith: None,
                history: Vec::new(),
                steps: 0,
            }),
        }
    }
}

fn shown(row: DonorRow) -> Result<OrganDonation, QueryError> {
    let (decision, decided_at, notice) = match row.standing {
        Standing::Undecided => (None, None, Some(NEVER)),
        Standing::Decided { decision, at } => (Some(decision.open(&Unsealed)?), Some(at), None),
        Standing::Withdrawn { at } => (None, Some(at), Some(WITHDRAWN)),
    };
    let faith = row.faith.map(|faith| faith.open(&Unsealed)).transpose()?;
    let history = row.history.into_iter().map(change).collect::<Result<_, _>>()?;
    Ok(OrganDonation { decision, decided_at, notice, faith, history, steps: row.steps })
}

/// The step as it is shown.
///
/// # Errors
/// When its personal fields cannot be opened.
pub fn change(change: DonorChange) -> Result<Change, QueryError> {
    Ok(match change {
        DonorChange::Registered { at, decision } => Change::Registered { at, decision: decision.open(&Unsealed)? },
        DonorChange::Amended { at, decision } => Change::Amended { at, decision: decision.open(&Unsealed)? },
        DonorChange::Withdrawn { at } => Change::Withdrawn { at },
        DonorChange::FaithDeclared { at, faith } => Change::FaithDeclared { at, faith: faith.open(&Unsealed)? },
    })
}
