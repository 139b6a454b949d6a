//! The callers that the simulated users are, and their tokens.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};
use vocabulary::access::{CallerRole, IdentityLevel, Permission};

/// Signs tokens that the system under load accepts. It adds issuer and audience to the claims.
pub trait TokenSigner: Send + Sync {
    /// # Errors
    /// If the token cannot be signed.
    fn sign(&self, claims: Value) -> anyhow::Result<String>;
}

/// A caller with a token.
#[derive(Debug, Clone)]
pub struct SimulatedCaller {
    /// The subject of the token: a patient's random id, or the id of a member of staff.
    pub id: Arc<str>,
    pub token: Arc<str>,
}

/// Makes the callers of a run. All tokens of a run are issued at the same second, so that a caller
/// has the same token at each visit, as a browser has.
pub struct CallerBook {
    signer: Arc<dyn TokenSigner>,
    /// In seconds since 1970.
    issued_at: i64,
    expires_at: i64,
    /// Members of staff are few and come often. Patients are many, and signing again costs less than remembering.
    staff: Mutex<HashMap<String, SimulatedCaller>>,
}

impl CallerBook {
    pub fn new(signer: Arc<dyn TokenSigner>, issued_at: i64, valid_seconds: i64) -> CallerBook {
        CallerBook { signer, issued_at, expires_at: issued_at + valid_seconds, staff: Mutex::default() }
    }

    /// A patient with a proven identity.
    ///
    /// # Errors
    /// If the token cannot be signed.
    pub fn patient(&self, subject: &str) -> anyhow::Result<SimulatedCaller> {
        let level = IdentityLevel::P9.as_str();
        self.signed(subject, json!({"role": CallerRole::Patient.as_str(), "identity_proofing_level": level}))
    }

    /// A receptionist of a practice.
    ///
    /// # Errors
    /// If the token cannot be signed.
    pub fn desk(&self, practice: &str) -> anyhow::Result<SimulatedCaller> {
        const MAY: [Permission; 5] = [
            Permission::PracticeAdmin,
            Permission::Registration,
            Permission::Clinics,
            Permission::Booking,
            Permission::Messaging,
        ];
        self.staff("desk", practice, &MAY)
    }

    /// A prescriber of a practice.
    ///
    /// # Errors
    /// If the token cannot be signed.
    pub fn prescriber(&self, practice: &str) -> anyhow::Result<SimulatedCaller> {
        self.staff("prescriber", practice, &[Permission::Prescribing])
    }

    /// The platform's operator, with the permission to open practices and pharmacies.
    ///
    /// # Errors
    /// If the token cannot be signed.
    pub fn operator(&self) -> anyhow::Result<SimulatedCaller> {
        let permissions = [Permission::Practices.as_str()];
        self.signed("operator-simulated", json!({"role": CallerRole::Operator.as_str(), "permissions": permissions}))
    }

    /// An auditor, with the permission to read the log.
    ///
    /// # Errors
    /// If the token cannot be signed.
    pub fn auditor(&self) -> anyhow::Result<SimulatedCaller> {
        let permissions = [Permission::Audit.as_str()];
        self.signed("auditor-simulated", json!({"role": CallerRole::Auditor.as_str(), "permissions": permissions}))
    }

    fn staff(&self, what: &str, practice: &str, may: &[Permission]) -> anyhow::Result<SimulatedCaller> {
        let id = format!("{what}-{practice}");
        let known = |staff: &HashMap<String, SimulatedCaller>| staff.get(&id).cloned();
        if let Some(caller) = known(&self.staff.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(caller);
        }
        let permissions: Vec<&str> = may.iter().map(|permission| permission.as_str()).collect();
        let claims = json!({"role": CallerRole::Staff.as_str(), "organisation": practice, "permissions": permissions});
        let caller = self.signed(&id, claims)?;
        self.staff.lock().unwrap_or_else(PoisonError::into_inner).insert(id, caller.clone());
        Ok(caller)
    }

    fn signed(&self, id: &str, mut claims: Value) -> anyhow::Result<SimulatedCaller> {
        claims["sub"] = id.into();
        claims["iat"] = self.issued_at.into();
        claims["exp"] = self.expires_at.into();
        Ok(SimulatedCaller { id: id.into(), token: self.signer.sign(claims)?.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct AsJson;

    impl TokenSigner for AsJson {
        fn sign(&self, claims: Value) -> anyhow::Result<String> {
            Ok(claims.to_string())
        }
    }

    #[test]
    fn a_caller_who_comes_again_has_the_same_token() {
        let book = CallerBook::new(Arc::new(AsJson), 1_000, 60);
        let claims: Value = serde_json::from_str(&book.patient("p").expect("signed").token).expect("JSON");
        let level = "P9";
        let expected =
            json!({"sub": "p", "iat": 1_000, "exp": 1_060, "role": "patient", "identity_proofing_level": level});
        assert_eq!(claims, expected);
        assert_eq!(book.patient("p").expect("signed").token, book.patient("p").expect("signed").token);
        assert_eq!(book.desk("A1").expect("signed").token, book.desk("A1").expect("signed").token);
        assert_ne!(book.desk("A1").expect("signed").token, book.prescriber("A1").expect("signed").token);
    }
}
