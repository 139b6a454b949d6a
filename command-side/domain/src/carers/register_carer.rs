use event_core::{Personal, SubjectId};
use vocabulary::{
    carers::{CarerDetails, CarerId, CarerRegistered, CarerRelationship},
    text::PersonName,
};

use super::{
    carer_book::{CARERS_MAX, CarerBook},
    rejections::{CARER_EXISTS, TOO_MANY_CARER_CHANGES, TOO_MANY_CARERS},
};
use crate::prelude::*;

/// Register a carer, so that the practice knows the person looking after a patient. A carer gets no permissions.
///
/// A patient has at most 5 carers at a time, and registers at most 20 a day, from midnight to midnight in London.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterCarer {
    /// The patient.
    pub subject: SubjectId,
    /// A new id for the carer: 12 random characters of Crockford base32.
    pub carer: CarerId,
    pub name: PersonName,
    pub relationship: CarerRelationship,
}

impl Command for RegisterCarer {
    const NAME: &'static str = "register-carer";
    const WHO: &'static dyn AccessRule = &patient(P9).or(staff(Permission::Registration));
    const REJECTIONS: &'static [&'static Rejection] = &[&CARER_EXISTS, &TOO_MANY_CARERS, &TOO_MANY_CARER_CHANGES];
    type Reads = CarerBook;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(self.subject)
    }

    fn decide(&self, carers: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let details = CarerDetails { name: self.name.clone(), relationship: self.relationship };
        let details: Personal<CarerDetails> = details.into();
        match carers.by_id.get(&self.carer) {
            Some(known) if *known == details => return Ok(nothing_new()),
            Some(_) => return Err((&CARER_EXISTS).into()),
            None => {}
        }
        if carers.by_id.len() >= CARERS_MAX {
            return Err(TOO_MANY_CARERS.with("limit", CARERS_MAX));
        }
        carers.may_register(context.now)?;
        let (subject, carer) = (self.subject, self.carer.clone());
        Ok(record(CarerRegistered { subject, carer, details, registered_at: context.now }))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::carers::CarerEvent;

    use super::*;
    use crate::{
        carers::{RemoveCarer, carer_book::REGISTRATIONS_A_DAY_MAX},
        spec::*,
    };

    fn carer(number: u32) -> CarerId {
        format!("{number:012}").parse().expect("an id")
    }

    fn register(number: u32, name: &str) -> RegisterCarer {
        let (name, relationship) = (name.parse().expect("a name"), CarerRelationship::Partner);
        RegisterCarer { subject: alice(), carer: carer(number), name, relationship }
    }

    #[test]
    fn a_carer_is_registered_once_under_an_id() {
        let details =
            CarerDetails { name: "Sam Example".parse().expect("a name"), relationship: CarerRelationship::Partner };
        let registered: CarerEvent =
            CarerRegistered { subject: alice(), carer: carer(1), details: details.into(), registered_at: at(NOW) }
                .into();
        let once = world().when(register(1, "Sam Example")).records(&[&registered]);
        once.clone().when(register(1, "Sam Example")).nothing_new();
        once.when(register(1, "Somebody Else")).rejected(&CARER_EXISTS);
    }

    #[test]
    fn a_person_has_five_carers_at_a_time() {
        let full = (1..=5).fold(world(), |world, number| {
            world.when(register(number, "Sam Example")).records_kinds(&["carer.registered.v1"])
        });
        let details = full.clone().when(register(6, "Sam Example")).rejected_with(&TOO_MANY_CARERS);
        assert_eq!(details["limit"], CARERS_MAX);
        let removed = full.when(RemoveCarer { subject: alice(), carer: carer(1) }).records_kinds(&["carer.removed.v1"]);
        removed.when(register(6, "Sam Example")).records_kinds(&["carer.registered.v1"]);
    }

    #[test]
    fn a_person_registers_20_carers_a_day_and_removing_is_always_possible() {
        let all = (1..=REGISTRATIONS_A_DAY_MAX).fold(world(), |world, number| {
            let registered = world.when(register(number, "Sam Example")).records_kinds(&["carer.registered.v1"]);
            registered.when(RemoveCarer { subject: alice(), carer: carer(number) }).records_kinds(&["carer.removed.v1"])
        });
        all.clone().when(register(21, "Sam Example")).rejected(&TOO_MANY_CARER_CHANGES);
        all.at("2026-03-03T00:00:00Z").when(register(21, "Sam Example")).records_kinds(&["carer.registered.v1"]);
    }
}
