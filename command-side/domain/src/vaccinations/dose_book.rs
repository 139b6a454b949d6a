//! The doses of one person, of all programmes, as their records hold now.

use std::collections::BTreeMap;

use event_core::{LocalDate, OrganisationCode, Personal, Rejected, State, Timestamp};
use programmes::{GivenDose, PersonFacts};
use vocabulary::{
    SessionId,
    vaccinations::{DoseDetails, DoseEvent, DoseFacts, DoseId, ProgrammeId, VaccineLot},
};

use super::rejections::{DOSE_NOT_FOUND, DOSE_VOID, TOO_MANY_DOSES};
use crate::appointments::Diary;

/// The number of bookings, records, corrections and voided records of one person. A person has a few dozen doses in a life; a stream holds 10,000
/// events.
pub const RECORDS_MAX: u32 = 500;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DoseBook {
    doses: BTreeMap<DoseId, DoseRecord>,
    records: u32,
    /// Also those that were cancelled: the diary knows which stand.
    booked: Vec<BookedDose>,
}

/// An appointment for a dose.
#[derive(Debug, Clone, PartialEq)]
pub struct BookedDose {
    pub programme: ProgrammeId,
    pub number: u8,
    pub session: SessionId,
    pub starts_at: Timestamp,
}

/// A dose, as its record holds now.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseRecord {
    pub given: DoseFacts,
    pub details: Personal<DoseDetails>,
    pub is_void: bool,
    /// The lot of which the recall was recorded.
    pub flagged: Option<VaccineLot>,
}

impl State for DoseBook {
    type Event = DoseEvent;

    fn evolve(&mut self, event: &DoseEvent) {
        match event {
            DoseEvent::Booked(booked) => {
                self.count();
                let (programme, session) = (booked.programme.clone(), booked.session.clone());
                let (number, starts_at) = (booked.number, booked.starts_at);
                self.booked.push(BookedDose { programme, number, session, starts_at });
            }
            DoseEvent::Recorded(recorded) => {
                self.count();
                let (given, details) = (recorded.given.clone(), recorded.details.clone());
                let record = DoseRecord { given, details, is_void: false, flagged: None };
                self.doses.insert(recorded.dose.clone(), record);
            }
            DoseEvent::Corrected(corrected) => {
                self.count();
                if let Some(dose) = self.doses.get_mut(&corrected.dose) {
                    dose.given = corrected.given.clone();
                    dose.details = corrected.details.clone();
                }
            }
            DoseEvent::Voided(voided) => {
                self.count();
                if let Some(dose) = self.doses.get_mut(&voided.dose) {
                    dose.is_void = true;
                }
            }
            DoseEvent::LotFlagged(flagged) => {
                if let Some(dose) = self.doses.get_mut(&flagged.dose) {
                    dose.flagged = Some(flagged.lot.clone());
                }
            }
        }
    }
}

impl DoseBook {
    fn count(&mut self) {
        self.records = self.records.saturating_add(1);
    }

    pub fn dose(&self, id: &DoseId) -> Option<&DoseRecord> {
        self.doses.get(id)
    }

    /// The record of a dose that this site gave, if it is not void.
    ///
    /// # Errors
    /// `dose-not-found`, `dose-void`.
    pub fn of_site(&self, id: &DoseId, site: &OrganisationCode) -> Result<&DoseRecord, Rejected> {
        let dose = self.doses.get(id).filter(|dose| dose.given.site == *site).ok_or(&DOSE_NOT_FOUND)?;
        if dose.is_void { Err((&DOSE_VOID).into()) } else { Ok(dose) }
    }

    /// # Errors
    /// `too-many-doses`.
    pub fn may_record(&self) -> Result<(), Rejected> {
        if self.records < RECORDS_MAX { Ok(()) } else { Err(TOO_MANY_DOSES.with("limit", RECORDS_MAX)) }
    }

    /// The open appointment for this dose.
    pub fn appointment(
        &self,
        programme: &ProgrammeId,
        number: u8,
        diary: &Diary,
        now: Timestamp,
    ) -> Option<&BookedDose> {
        let is_of_dose = |booked: &&BookedDose| booked.programme == *programme && booked.number == number;
        self.booked.iter().filter(is_of_dose).find(|booked| {
            diary.standing_at(&booked.session, booked.starts_at).is_some_and(|booking| booking.time.ends_at > now)
        })
    }

    /// The person as programmes see them: the doses that count, without the one that is being corrected.
    pub fn facts(&self, born: LocalDate, without: Option<&DoseId>) -> PersonFacts {
        let counts = self.doses.iter().filter(|(id, dose)| !dose.is_void && Some(*id) != without);
        let doses = counts.map(|(_, dose)| GivenDose {
            programme: dose.given.programme.to_string(),
            number: dose.given.number,
            vaccine: dose.given.vaccine.to_string(),
            on: dose.given.given_on,
        });
        PersonFacts { born, cohorts: Vec::new(), contraindications: Vec::new(), doses: doses.collect() }
    }
}
