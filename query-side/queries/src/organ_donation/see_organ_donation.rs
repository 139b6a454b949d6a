//! A person's decision about organ donation, with the newest steps of its history.

use event_core::{AccessRule, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{DonorChange, DonorDecision, DonorRow, Standing};
use vocabulary::{
    access::{Capability, IdentityLevel::P9, patient, proxy},
    organ_donation::{FaithDeclaration, OrganDecision},
};

use query_engine::{Kind, Opener, Query, QueryContext, QueryError};

/// The notice after a decision was withdrawn (Organ Donation (Deemed Consent) Act 2019).
const WITHDRAWN: &str = "You have withdrawn your decision. This is not an opt-out: no decision stands, and it may be \
    considered that you agree to donate (deemed consent). To say no, register a decision not to donate.";
const ERASED: &str = "Your data was erased. A decision was registered, and it cannot be read any more.";
const NEVER: &str = "No decision is registered. It may be considered that you agree to donate (deemed consent).";

/// A person's decision about organ donation: the decision that stands, and the newest steps that led to it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeOrganDonation {
    pub subject: SubjectId,
}

/// A person's decision about organ donation.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganDonation {
    /// The decision that stands; `null` where none does, and where it was erased: `notice` says which.
    pub decision: Option<OrganDecision>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// The explanation if there is no decision here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<&'static str>,
    /// The declaration about respect for faith or beliefs; `null` if nothing was declared, or the data was erased.
    pub faith: Option<FaithDeclaration>,
    /// The newest steps, 20 at most, oldest first. All of them are the list `organ-donation/history`.
    pub history: Vec<Change>,
    /// How many steps there have been in all.
    pub steps: u64,
}

/// One step on the way to what stands now. Once the person's data was erased, it has neither `decision` nor `faith`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
#[schemars(rename = "OrganDonationChange")]
pub enum Change {
    Registered {
        at: Timestamp,
        #[serde(skip_serializing_if = "Option::is_none")]
        decision: Option<OrganDecision>,
    },
    Amended {
        at: Timestamp,
        #[serde(skip_serializing_if = "Option::is_none")]
        decision: Option<OrganDecision>,
    },
    Withdrawn {
        at: Timestamp,
    },
    FaithDeclared {
        at: Timestamp,
        #[serde(skip_serializing_if = "Option::is_none")]
        faith: Option<FaithDeclaration>,
    },
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
            Some(row) => shown(self.subject, row, &context.opener([self.subject]).await?),
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

fn shown(subject: SubjectId, row: DonorRow, opener: &Opener<'_>) -> Result<OrganDonation, QueryError> {
    let (decision, decided_at, notice) = match row.standing {
        Standing::Undecided => (None, None, Some(NEVER)),
        Standing::Decided { decision, at } => {
            let decision = opener.open(subject, &decision)?;
            let notice = decision.is_none().then_some(ERASED);
            (decision, Some(at), notice)
        }
        Standing::Withdrawn { at } => (None, Some(at), Some(WITHDRAWN)),
    };
    let faith = opener.open_some(subject, row.faith.as_ref())?;
    let history = row.history.into_iter().map(|step| change(subject, step, opener)).collect::<Result<_, _>>()?;
    Ok(OrganDonation { decision, decided_at, notice, faith, history, steps: row.steps })
}

/// The step of this person as it is shown.
///
/// # Errors
/// When its personal fields cannot be opened.
pub fn change(subject: SubjectId, change: DonorChange, opener: &Opener<'_>) -> Result<Change, QueryError> {
    Ok(match change {
        DonorChange::Registered { at, decision } => {
            Change::Registered { at, decision: opener.open(subject, &decision)? }
        }
        DonorChange::Amended { at, decision } => Change::Amended { at, decision: opener.open(subject, &decision)? },
        DonorChange::Withdrawn { at } => Change::Withdrawn { at },
        DonorChange::FaithDeclared { at, faith } => Change::FaithDeclared { at, faith: opener.open(subject, &faith)? },
    })
}
