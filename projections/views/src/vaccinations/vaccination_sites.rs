//! The sites that publish sessions of a vaccination programme: a row per programme and site.

use event_core::{Key, Keys, LocalDate, OrganisationCode, Projection, Recorded};
use serde::{Deserialize, Serialize};
use vocabulary::{appointments::SessionEvent, vaccinations::ProgrammeId};

pub struct VaccinationSites;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VaccinationSiteRow {
    pub site: OrganisationCode,
    /// The last day of a session that was published. It stays if that session is withdrawn.
    pub until: LocalDate,
}

impl VaccinationSites {
    /// The sites of a programme, in the order of their codes.
    pub fn partition(programme: &ProgrammeId) -> String {
        programme.to_string()
    }

    pub fn key(programme: &ProgrammeId, site: &OrganisationCode) -> Key {
        Key::new(programme, site)
    }
}

impl Projection for VaccinationSites {
    const NAME: &'static str = "vaccination_sites";
    const VERSION: u32 = 1;
    type Row = VaccinationSiteRow;
    type Event = SessionEvent;

    fn keys(fact: &Recorded<SessionEvent>) -> Keys {
        match &fact.data {
            SessionEvent::Published(event) => ProgrammeId::of_service(&event.service)
                .map(|programme| Self::key(&programme, &event.session.site()))
                .into_iter()
                .collect(),
            SessionEvent::Extended(_)
            | SessionEvent::Amended(_)
            | SessionEvent::Withdrawn(_)
            | SessionEvent::Held(_)
            | SessionEvent::Released(_)
            | SessionEvent::Taken(_)
            | SessionEvent::Freed(_) => vec![],
        }
    }

    fn evolve(_: &Key, row: Option<VaccinationSiteRow>, fact: &Recorded<SessionEvent>) -> Option<VaccinationSiteRow> {
        match &fact.data {
            SessionEvent::Published(event) => {
                let until = row.map_or(event.on, |row| row.until.max(event.on));
                Some(VaccinationSiteRow { site: event.session.site(), until })
            }
            SessionEvent::Extended(_)
            | SessionEvent::Amended(_)
            | SessionEvent::Withdrawn(_)
            | SessionEvent::Held(_)
            | SessionEvent::Released(_)
            | SessionEvent::Taken(_)
            | SessionEvent::Freed(_) => row,
        }
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::spec::{clinic, fold, published};

    #[test]
    fn a_site_is_a_row_of_each_programme_with_the_last_day() {
        let SessionEvent::Published(first) = published(clinic(), 1) else { panic!("it is published") };
        let on = |service: &str, days: i64| {
            let service = service.parse().expect("a service");
            SessionEvent::from(vocabulary::appointments::SessionPublished {
                service,
                on: first.on.plus_days(days),
                ..first.clone()
            })
        };
        let rows = fold::<VaccinationSites>([
            on("gp-routine", 9),
            on("vaccination--mmr", 9),
            on("vaccination-", 9),
            on("vaccination-mmr", 2),
            on("vaccination-mmr", 0),
            on("vaccination-covid-19", 1),
        ]);
        let until = |programme: &str| {
            let programme = programme.parse().expect("a programme");
            rows.get(&VaccinationSites::key(&programme, &clinic().site())).map(|row| row.until)
        };
        assert_eq!(until("mmr"), Some(first.on.plus_days(2)));
        assert_eq!((until("covid-19"), rows.len()), (Some(first.on.plus_days(1)), 2));
    }
}
