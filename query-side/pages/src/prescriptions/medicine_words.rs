//! Medicines, hindrances and timelines in words.

use event_core::{LocalDate, Timestamp};
use queries::prescriptions::{OrderHindrance, OrderHindranceCode, PharmacyPlace, RepeatRequest, RequestedMedicine};
use vocabulary::prescriptions::{DispenseStatus, Medicine, RequestStage};

use crate::words;

/// The name of a medicine; the data of an erased person is gone.
pub fn name(medicine: Option<&Medicine>) -> String {
    medicine.map_or_else(|| "Erased".to_owned(), |medicine| medicine.name.as_str().to_owned())
}

/// Its dose and quantity.
pub fn dose(medicine: Option<&Medicine>) -> String {
    let words = |medicine: &Medicine| format!("{}. {}", medicine.dose.as_str(), medicine.quantity.as_str());
    medicine.map(words).unwrap_or_default()
}

/// The name and address of a pharmacy.
pub fn place(pharmacy: &PharmacyPlace) -> String {
    let name = pharmacy.name.as_ref().map_or_else(|| pharmacy.code.to_string(), ToString::to_string);
    pharmacy.address.as_ref().map_or(name.clone(), |address| format!("{name}, {address}"))
}

/// The reason why a medicine cannot be ordered now, and the next step.
pub fn hindrance(hindrance: &OrderHindrance) -> String {
    match hindrance.code {
        OrderHindranceCode::OrderingDisabled => {
            "Your practice does not take orders here. Please ask the practice how to order.".to_owned()
        }
        OrderHindranceCode::PlanStopped => {
            "Your practice has stopped this medicine. Speak to the practice if you still need it.".to_owned()
        }
        OrderHindranceCode::AlreadyRequested => "You have requested it already.".to_owned(),
        OrderHindranceCode::ReviewOverdue => {
            "It has to be reviewed before you can order it again. Book a review with your practice.".to_owned()
        }
        OrderHindranceCode::NoIssuesLeft => {
            "All issues have been used. Your practice has to authorise it again.".to_owned()
        }
        OrderHindranceCode::TooEarly => match hindrance.earliest {
            Some(earliest) => format!("You can order it from {}.", words::day(earliest)),
            None => "It is too early to order it again.".to_owned(),
        },
    }
}

pub fn stage(stage: RequestStage) -> &'static str {
    match stage {
        RequestStage::Requested => "Requested",
        RequestStage::Cancelled => "Cancelled by you",
        RequestStage::Approved => "Approved by your practice",
        RequestStage::Rejected => "Rejected by your practice",
        RequestStage::SentToPharmacy => "Sent to the pharmacy",
        RequestStage::Completed => "Completed",
    }
}

pub fn status(status: DispenseStatus) -> &'static str {
    match status {
        DispenseStatus::WithPharmacy => "With the pharmacy",
        DispenseStatus::Preparing => "Being prepared",
        DispenseStatus::ReadyToCollect => "Ready to collect",
        DispenseStatus::ReadyToDispatch => "Ready to be sent to you",
        DispenseStatus::Dispatched => "On its way to you",
        DispenseStatus::NotDispensed => "Not dispensed",
        DispenseStatus::Collected => "Collected",
    }
}

/// The value of a status in a form.
pub fn field(status: DispenseStatus) -> &'static str {
    match status {
        DispenseStatus::WithPharmacy => "with-pharmacy",
        DispenseStatus::Preparing => "preparing",
        DispenseStatus::ReadyToCollect => "ready-to-collect",
        DispenseStatus::ReadyToDispatch => "ready-to-dispatch",
        DispenseStatus::Dispatched => "dispatched",
        DispenseStatus::NotDispensed => "not-dispensed",
        DispenseStatus::Collected => "collected",
    }
}

/// A medicine of a request, with its timeline: the steps of the request, then the reports of the pharmacy.
pub struct MedicineStory {
    pub name: String,
    pub dose: String,
    /// The newest step.
    pub now: &'static str,
    pub steps: Vec<(&'static str, String)>,
}

impl MedicineStory {
    pub fn of(request: &RepeatRequest, item: &RequestedMedicine) -> MedicineStory {
        let said = |what, at: Timestamp| (what, words::date_and_time(at));
        let mut steps: Vec<_> = request.steps.iter().map(|step| (step.at, stage(step.stage))).collect();
        steps.extend(item.timeline.iter().map(|step| (step.at, status(step.status))));
        // Stable: at one instant, the request's own step comes first.
        steps.sort_by_key(|(at, _)| *at);
        MedicineStory {
            name: name(item.medicine.as_ref()),
            dose: dose(item.medicine.as_ref()),
            now: item.status.map_or_else(|| stage(request.stage), status),
            steps: steps.into_iter().map(|(at, what)| said(what, at)).collect(),
        }
    }
}

/// `Order it from Monday 23 March 2026`, if the last supply decides it.
pub fn next_order(next: Option<LocalDate>) -> Option<String> {
    next.map(words::day)
}
