//! The second folds of all services.

use super::{
    appointments, carers, contacts, messages, organ_donation, practices, prescriptions, registrations,
    second_fold::SecondFold, symptom_checks, vaccinations,
};

/// The second folds of each service. A new service is one line here. A new read model, or a new version of one, is a
/// line in its service's file.
const SERVICES: &[&[SecondFold]] = &[
    practices::FOLDS,
    appointments::FOLDS,
    organ_donation::FOLDS,
    carers::FOLDS,
    contacts::FOLDS,
    messages::FOLDS,
    prescriptions::FOLDS,
    registrations::FOLDS,
    symptom_checks::FOLDS,
    vaccinations::FOLDS,
];

/// Every second fold.
pub fn all() -> impl Iterator<Item = &'static SecondFold> {
    SERVICES.iter().copied().flatten()
}

#[cfg(test)]
mod tests {
    use event_core::{Followed, Projection, ProjectionVisitor, Recorded, Timestamp, testing::recorded};
    use vocabulary::kinds;

    use super::*;
    use crate::check::{event::CheckedEvent, findings::Findings, kinds::Arm, second_fold::Rows};

    fn of_read_model(name: &str) -> &'static SecondFold {
        all().find(|fold| fold.name == name).expect("every read model is folded a second time")
    }

    #[test]
    fn every_read_model_is_folded_a_second_time() {
        struct Names(Vec<(&'static str, i64)>);
        impl ProjectionVisitor for Names {
            fn visit<P: Projection>(&mut self) {
                self.0.push((P::NAME, i64::from(P::VERSION)));
            }
        }
        let mut names = Names(Vec::new());
        ::views::every_read_model(&mut names);
        assert_eq!(names.0, all().map(|fold| (fold.name, fold.version)).collect::<Vec<_>>());
    }

    #[test]
    fn a_second_fold_handles_or_ignores_every_kind_that_its_read_model_follows() {
        struct Faults(Vec<String>);
        impl ProjectionVisitor for Faults {
            fn visit<P: Projection>(&mut self) {
                let fold = of_read_model(P::NAME);
                for kind in kinds().filter(|kind| P::Event::follows(kind)) {
                    let ignored = fold.kinds.ignored.contains(&kind);
                    let given = fold.kinds.need(kind);
                    let handled = given && (fold.fold)(&mut Rows::new(), &CheckedEvent::example(kind)) == Arm::Found;
                    if !ignored && !handled {
                        self.0.push(format!("the second fold {} neither handles nor ignores {kind}", fold.name));
                    }
                }
            }
        }
        let mut faults = Faults(Vec::new());
        ::views::every_read_model(&mut faults);
        assert!(faults.0.is_empty(), "{:#?}", faults.0);
    }

    #[test]
    fn a_kind_that_a_second_fold_ignores_touches_no_row_of_its_read_model() {
        struct Faults(Vec<String>);
        impl ProjectionVisitor for Faults {
            fn visit<P: Projection>(&mut self) {
                let fold = of_read_model(P::NAME);
                for kind in fold.kinds.ignored {
                    assert!(kinds().any(|known| known == *kind), "{} ignores {kind}, which is no kind", fold.name);
                    let fact = recorded_example::<P::Event>(kind);
                    if fact.is_some_and(|fact| !P::keys(&fact).is_empty()) {
                        self.0.push(format!("the second fold {} ignores {kind}, which touches rows", fold.name));
                    }
                }
            }
        }
        let mut faults = Faults(Vec::new());
        ::views::every_read_model(&mut faults);
        assert!(faults.0.is_empty(), "{:#?}", faults.0);
    }

    #[test]
    fn a_kind_that_a_second_fold_does_not_know_is_a_finding() {
        let later =
            CheckedEvent { kind: "practice.closed.v1".to_owned(), ..CheckedEvent::example("practice.opened.v1") };
        let mut findings = Findings::default();
        for fold in all() {
            fold.event(&mut Rows::new(), &later, &mut findings);
        }
        assert_eq!(findings.to_string(), "care:1: practices: the check does not know the kind practice.closed.v1\n");
    }

    /// The example of this kind in the form that a read model receives; `None` if the read model does not follow it.
    fn recorded_example<E: Followed>(kind: &'static str) -> Option<Recorded<E>> {
        let example = CheckedEvent::example(kind);
        let data = E::read(kind, &example.bytes).expect("a released event decodes")?;
        Some(Recorded {
            recorded_at: Timestamp::from_micros(example.recorded_at),
            ..recorded(example.position, kind, data)
        })
    }
}
