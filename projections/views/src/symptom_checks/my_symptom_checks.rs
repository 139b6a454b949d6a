//! A person's symptom checks in the order in which they were started: one row per check, which names it. The rest is joined from
//! `symptom_check_details`.

use event_core::{Key, Keys, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::symptom_checks::{SymptomCheckEvent, SymptomCheckId};

pub struct MySymptomChecks;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartedCheckRow {
    pub check: SymptomCheckId,
    pub started_at: Timestamp,
}

/// The key of a check's row.
fn key(subject: SubjectId, started_at: Timestamp, check: &SymptomCheckId) -> Key {
    Key::new(subject, format!("{}.{check}", started_at.whole_second()))
}

impl MySymptomChecks {
    pub fn partition(subject: SubjectId) -> String {
        subject.to_string()
    }
}

impl Projection for MySymptomChecks {
    const NAME: &'static str = "my_symptom_checks";
    const VERSION: u32 = 1;
    type Row = StartedCheckRow;
    type Event = SymptomCheckEvent;

    fn keys(fact: &Recorded<SymptomCheckEvent>) -> Keys {
        match &fact.data {
            SymptomCheckEvent::Started(started) => vec![key(started.subject, started.started_at, &started.check)],
            SymptomCheckEvent::Claimed(claimed) => vec![key(claimed.subject, claimed.started_at, &claimed.check)],
            SymptomCheckEvent::Asked(_)
            | SymptomCheckEvent::Answered(_)
            | SymptomCheckEvent::Revised(_)
            | SymptomCheckEvent::Abandoned(_)
            | SymptomCheckEvent::Resumed(_)
            | SymptomCheckEvent::Disposed(_)
            | SymptomCheckEvent::Flagged(_) => vec![],
        }
    }

    fn evolve(_: &Key, row: Option<StartedCheckRow>, fact: &Recorded<SymptomCheckEvent>) -> Option<StartedCheckRow> {
        match &fact.data {
            SymptomCheckEvent::Started(started) => {
                Some(StartedCheckRow { check: started.check.clone(), started_at: started.started_at })
            }
            // It is in the list of the person that claimed it.
            SymptomCheckEvent::Claimed(_) => None,
            SymptomCheckEvent::Asked(_)
            | SymptomCheckEvent::Answered(_)
            | SymptomCheckEvent::Revised(_)
            | SymptomCheckEvent::Abandoned(_)
            | SymptomCheckEvent::Resumed(_)
            | SymptomCheckEvent::Disposed(_)
            | SymptomCheckEvent::Flagged(_) => row,
        }
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        spec::{NINE, TEN_PAST, alice, bob, fold},
        symptom_checks::symptom_check_details::specs::{abandoned, asked, check, claimed, started},
    };

    #[test]
    fn each_check_is_a_row_in_the_order_of_the_starts() {
        let rows = fold::<MySymptomChecks>([
            started(1, alice(), TEN_PAST),
            started(2, alice(), NINE),
            started(3, bob(), NINE),
            asked(1, alice()),
            abandoned(1, alice()),
        ]);
        let of_alice = |key: &Key| key.partition == MySymptomChecks::partition(alice());
        let checks: Vec<_> = rows.iter().filter(|(key, _)| of_alice(key)).map(|(_, row)| row.check.clone()).collect();
        assert_eq!((checks, rows.len()), (vec![check(2), check(1)], 3));
    }

    #[test]
    fn a_check_that_was_claimed_is_in_the_list_of_the_person_that_claimed_it() {
        let rows = fold::<MySymptomChecks>([
            started(1, bob(), NINE),
            started(2, bob(), TEN_PAST),
            started(3, alice(), NINE),
            claimed(1, bob(), NINE, 3),
        ]);
        let found: Vec<_> = rows.iter().map(|(key, row)| (key.partition.clone(), row.check.clone())).collect();
        let expected = [(alice(), check(3)), (bob(), check(2))].map(|(subject, check)| (subject.to_string(), check));
        assert_eq!(found.len(), 2);
        assert!(expected.iter().all(|row| found.contains(row)), "{found:?}");
    }
}
