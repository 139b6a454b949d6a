//! The recall of a lot flags every dose of it, and tells the people. Each dose waits for the recall of its lot from its record on: a
//! lot can have hundreds of thousands of doses, which no event can name.

use domain::{messages::SendSystemMessage, vaccinations::FlagDose};
use event_core::{Policy, Reactions, Recorded, SubjectId};
use vocabulary::{
    messages::{MessageId, NATIONAL_SERVICE, SystemFacts},
    vaccinations::{DoseEvent, DoseFacts, DoseId, LotEvent},
};

event_core::followed! {
    /// An event of a person's doses, or of a lot.
    pub enum DoseOrLot {
        Dose(DoseEvent),
        Lot(LotEvent),
    }
}

pub struct LotRecalls;

impl Policy for LotRecalls {
    const NAME: &'static str = "lot-recalls";
    type Event = DoseOrLot;

    fn react(fact: &Recorded<DoseOrLot>) -> Reactions {
        match &fact.data {
            DoseOrLot::Dose(DoseEvent::Recorded(event)) => at_recall(event.subject, &event.dose, &event.given),
            DoseOrLot::Dose(DoseEvent::Corrected(event)) => at_recall(event.subject, &event.dose, &event.given),
            DoseOrLot::Dose(DoseEvent::LotFlagged(event)) => {
                let message = MessageId::of_event(&NATIONAL_SERVICE, fact.id.as_u128());
                let facts = SystemFacts::VaccineRecalled { dose: event.dose.clone(), lot: event.lot.clone() };
                Reactions::give(&SendSystemMessage { message, patient: event.subject, facts })
            }
            DoseOrLot::Dose(DoseEvent::Voided(_) | DoseEvent::Booked(_)) => Reactions::none(),
            DoseOrLot::Lot(LotEvent::Recalled(event)) => Reactions::release(event.lot.to_string()),
        }
    }
}

/// The dose is flagged when its lot is recalled. The command leaves it alone if its record names another lot by then.
fn at_recall(subject: SubjectId, dose: &DoseId, given: &DoseFacts) -> Reactions {
    let lot = given.vaccine_lot();
    Reactions::give_after(lot.to_string(), &FlagDose { subject, dose: dose.clone(), lot })
}

#[cfg(test)]
mod specs {
    use domain::vaccinations::{DoseBook, RecallLot};
    use event_core::{event::AnyEvent, policy::policy_caller};
    use programmes::VaccineRoute;
    use vocabulary::vaccinations::{DoseDetails, DoseRecorded};

    use super::*;
    use crate::{
        runner::PolicyRunner,
        spec::{NINE, alice, at, bob, site},
    };

    fn recorded(subject: SubjectId, lot: &str) -> DoseEvent {
        let given = DoseFacts {
            programme: "covid-19".parse().expect("a programme"),
            number: 1,
            vaccine: "comirnaty".parse().expect("a vaccine"),
            lot: lot.parse().expect("a lot"),
            expires_on: "2026-12-31".parse().expect("a day"),
            given_on: "2026-03-02".parse().expect("a day"),
            site: site(),
        };
        let given_by = "Nora Example".parse().expect("a name");
        let details = DoseDetails { route: VaccineRoute::Intramuscular, given_by, deviations: vec![] }.into();
        let (dose, recorded_at) = ("0000000000D1".parse().expect("a dose"), at(NINE));
        DoseRecorded { subject, dose, given, edition: 1, details, recorded_at }.into()
    }

    #[test]
    fn a_recall_flags_the_doses_of_its_lot_and_no_others_and_tells_the_people_once() {
        let mut runner = PolicyRunner::at(at(NINE));
        runner.given::<DoseBook>(recorded(alice(), "EL-1/4"));
        runner.given::<DoseBook>(recorded(bob(), "EL9999"));
        let kinds = |events: Vec<Box<dyn AnyEvent>>| events.iter().map(|event| event.kind()).collect::<Vec<_>>();
        assert_eq!(kinds(runner.settle()), [] as [&str; 0]);
        let recall = || RecallLot {
            lot: "comirnaty.EL.2D1.2F4".parse().expect("a lot"),
            reason: "Glass in a vial".parse().expect("a line"),
        };
        let caller = || policy_caller("spec").expect("a caller");
        runner.give(&recall(), caller()).expect("it is recalled");
        assert_eq!(kinds(runner.settle()), ["dose.lot-flagged.v1", "message.system-sent.v1"]);
        runner.give(&recall(), caller()).expect("it is nothing new");
        assert_eq!(kinds(runner.settle()), [] as [&str; 0]);
    }
}
