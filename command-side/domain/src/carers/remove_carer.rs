use event_core::SubjectId;
use vocabulary::carers::{CarerId, CarerRemoved};

use super::{carer_book::CarerBook, rejections::CARER_NOT_FOUND};
use crate::prelude::*;

/// Remove a carer that no longer looks after the patient.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemoveCarer {
    /// The patient.
    pub subject: SubjectId,
    pub carer: CarerId,
}

impl Command for RemoveCarer {
    const NAME: &'static str = "remove-carer";
    const WHO: &'static dyn AccessRule = &patient(P9).or(staff(Permission::Registration));
    const REJECTIONS: &'static [&'static Rejection] = &[&CARER_NOT_FOUND];
    const GIVES_UP: bool = true;
    type Reads = CarerBook;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(self.subject)
    }

    fn decide(&self, carers: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        if !carers.by_id.contains_key(&self.carer) {
            return Err((&CARER_NOT_FOUND).into());
        }
        let removed = CarerRemoved { subject: self.subject, carer: self.carer.clone(), removed_at: context.now };
        Ok(record(removed))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::carers::CarerEvent;

    use super::*;
    use crate::{carers::RegisterCarer, spec::*};

    fn carer() -> CarerId {
        "000000000001".parse().expect("an id")
    }

    #[test]
    fn a_carer_is_removed_once() {
        let register: RegisterCarer = serde_json::from_value(serde_json::json!({
            "subject": alice(), "carer": carer(), "name": "Sam Example", "relationship": "friend",
        }))
        .expect("a command");
        let removed: CarerEvent = CarerRemoved { subject: alice(), carer: carer(), removed_at: at(NOW) }.into();
        let remove = || RemoveCarer { subject: alice(), carer: carer() };
        let registered = world().when(register).records_kinds(&["carer.registered.v1"]);
        registered.when(remove()).records(&[&removed]).when(remove()).rejected(&CARER_NOT_FOUND);
    }
}
