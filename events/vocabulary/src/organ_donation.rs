//! Organ donation: a person's decision about their organs after death. Stream `donor-<subject>`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::PersonName;
use event_core::{
    Personal, Service, SubjectId, Timestamp, events,
    personal::{KeyKind, PersonalData},
};

pub static SERVICE: Service = Service { name: "organ-donation", categories: &[DonorEvent::ABOUT] };

events! {
    /// The events of a person's decision about organ donation.
    DonorEvent of SERVICE as "organ-donation" on "donor" by (subject) {
        Registered(DecisionRegistered) = "organ-donation.registered.v1",
        Amended(DecisionAmended) = "organ-donation.amended.v1",
        Withdrawn(DecisionWithdrawn) = "organ-donation.withdrawn.v1",
        FaithDeclared(FaithDeclared) = "organ-donation.faith-declared.v1",
    }
}

/// A person registered a decision about organ donation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionRegistered {
    pub subject: SubjectId,
    pub decision: Personal<OrganDecision>,
    pub decided_at: Timestamp,
}

/// A person changed a decision about organ donation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionAmended {
    pub subject: SubjectId,
    pub decision: Personal<OrganDecision>,
    pub decided_at: Timestamp,
}

/// A decision was withdrawn. This is not an opt-out: no decision remains, and deemed consent may apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionWithdrawn {
    pub subject: SubjectId,
    pub decided_at: Timestamp,
}

/// A person said whether faith or beliefs should be respected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FaithDeclared {
    pub subject: SubjectId,
    pub faith: Personal<FaithDeclaration>,
    pub declared_at: Timestamp,
}

/// A decision about organ donation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum OrganDecision {
    /// All organs and tissue.
    OptInAll,
    /// The organs that are named: at least one, none twice.
    OptInSome { organs: Vec<Organ> },
    /// None.
    OptOut,
    /// Representatives decide: at most two people, completed on paper.
    AppointedRepresentative { representatives: Vec<PersonName> },
}

impl PersonalData for OrganDecision {
    const KEY: KeyKind = KeyKind::Record;
}

impl fmt::Debug for OrganDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Organ {
    Heart,
    Lungs,
    Kidneys,
    Liver,
    Corneas,
    Pancreas,
    Tissue,
    SmallBowel,
}

/// The person's wish about faith or beliefs when donation is arranged: to respect them or not.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FaithDeclaration {
    Yes,
    No,
    PreferNotToSay,
}

impl PersonalData for FaithDeclaration {
    const KEY: KeyKind = KeyKind::Record;
}

impl fmt::Debug for FaithDeclaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
