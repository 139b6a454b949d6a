//! The dispositions: where a symptom check can send a person.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where to go, from the most to the least urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    #[serde(rename = "call-999")]
    Call999,
    EmergencyDepartment,
    /// A clinician of NHS 111 calls back.
    CallBack,
    UrgentGp,
    GpRoutine,
    Pharmacy,
    Dentist,
    Optician,
    Midwife,
    MentalHealth,
    SelfCare,
}

/// The link with which a disposition is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnwardLink {
    /// A telephone number to call.
    Telephone(&'static str),
    /// Frontdoor's own page that books an appointment at the practice.
    BookAppointment,
    /// Frontdoor's own page about the person's pharmacy.
    Pharmacy,
    /// A page of another site.
    Web(&'static str),
}

impl Disposition {
    pub const ALL: [Disposition; 11] = [
        Disposition::Call999,
        Disposition::EmergencyDepartment,
        Disposition::CallBack,
        Disposition::UrgentGp,
        Disposition::GpRoutine,
        Disposition::Pharmacy,
        Disposition::Dentist,
        Disposition::Optician,
        Disposition::Midwife,
        Disposition::MentalHealth,
        Disposition::SelfCare,
    ];

    /// Its name in releases and events.
    pub fn name(self) -> &'static str {
        match self {
            Disposition::Call999 => "call-999",
            Disposition::EmergencyDepartment => "emergency-department",
            Disposition::CallBack => "call-back",
            Disposition::UrgentGp => "urgent-gp",
            Disposition::GpRoutine => "gp-routine",
            Disposition::Pharmacy => "pharmacy",
            Disposition::Dentist => "dentist",
            Disposition::Optician => "optician",
            Disposition::Midwife => "midwife",
            Disposition::MentalHealth => "mental-health",
            Disposition::SelfCare => "self-care",
        }
    }

    /// May a red flag lead there? These two are for emergencies.
    pub fn is_emergency(self) -> bool {
        self <= Disposition::EmergencyDepartment
    }

    /// The way onward. An urgent appointment is arranged by telephone, because slots that can be booked are routine ones.
    pub fn onward(self) -> OnwardLink {
        match self {
            Disposition::Call999 => OnwardLink::Telephone("999"),
            Disposition::EmergencyDepartment => {
                OnwardLink::Web("https://www.nhs.uk/service-search/find-an-accident-and-emergency-service")
            }
            // NHS 111 also finds the urgent service that is open: practice, dentist, midwife or mental health team.
            Disposition::CallBack
            | Disposition::UrgentGp
            | Disposition::Dentist
            | Disposition::Midwife
            | Disposition::MentalHealth => OnwardLink::Telephone("111"),
            Disposition::GpRoutine => OnwardLink::BookAppointment,
            Disposition::Pharmacy => OnwardLink::Pharmacy,
            Disposition::Optician => OnwardLink::Web("https://www.nhs.uk/service-search/find-an-optician"),
            Disposition::SelfCare => OnwardLink::Web("https://www.nhs.uk/conditions/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_one_in_json() {
        for disposition in Disposition::ALL {
            let json = serde_json::to_value(disposition).expect("JSON");
            assert_eq!(json, disposition.name());
        }
    }

    #[test]
    fn the_two_emergencies_are_the_most_urgent() {
        let emergencies = Disposition::ALL.iter().filter(|disposition| disposition.is_emergency());
        assert_eq!(emergencies.count(), 2);
        assert!(Disposition::ALL.is_sorted());
    }
}
