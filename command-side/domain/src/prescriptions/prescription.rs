//! A request for repeat medicines, from the order to its end.

use std::collections::BTreeMap;

use event_core::{OrganisationCode, Rejected, State, Stream, SubjectId, Timestamp};
use serde_json::json;
use vocabulary::prescriptions::{
    DispenseStatus, DispenseStep, DispenseTimeline, PlanId, PrescriptionEvent, PrescriptionItem, PrescriptionRequested,
    PrescriptionSent, RepeatRequestId, RequestStage,
};

use super::rejections::{ALREADY_ACTIONED, PRESCRIPTION_NOT_FOUND, REQUEST_NOT_FOUND};

/// The maximum number of reports about one prescription: it bounds its stream and the rows that show it.
pub const REPORTS_MAX: usize = 200;

#[derive(Debug, Clone, Default, PartialEq)]
pub enum Prescription {
    #[default]
    Unknown,
    Known(Box<PrescriptionFile>),
}

/// A request, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct PrescriptionFile {
    pub requested: PrescriptionRequested,
    pub stage: RequestStage,
    /// The pharmacy to send it to, from its approval on.
    pub pharmacy: Option<OrganisationCode>,
    pub sent: Option<Box<PrescriptionSent>>,
    /// The reports about each of its medicines.
    timelines: BTreeMap<PlanId, DispenseTimeline>,
    pub reports: usize,
}

impl State for Prescription {
    type Event = PrescriptionEvent;

    fn evolve(&mut self, event: &PrescriptionEvent) {
        if let PrescriptionEvent::Requested(requested) = event {
            *self = Prescription::Known(Box::new(PrescriptionFile::of(requested)));
        }
        match self {
            Prescription::Unknown => {}
            Prescription::Known(file) => file.evolve(event),
        }
    }
}

impl Prescription {
    /// The stream of this request. The patient is part of its name, so two patients cannot choose the same one.
    pub fn of(patient: SubjectId, request: &RepeatRequestId) -> Stream<Prescription> {
        Stream::of(format_args!("{patient}.{request}"))
    }

    /// # Errors
    /// `request-not-found`.
    pub fn file(&self) -> Result<&PrescriptionFile, Rejected> {
        match self {
            Prescription::Unknown => Err((&REQUEST_NOT_FOUND).into()),
            Prescription::Known(file) => Ok(file),
        }
    }

    /// The request, if it was made at this practice.
    ///
    /// # Errors
    /// `request-not-found`, also for a request at another practice.
    pub fn at_practice(&self, practice: &OrganisationCode) -> Result<&PrescriptionFile, Rejected> {
        self.file().and_then(|file| {
            if file.requested.practice == *practice { Ok(file) } else { Err((&REQUEST_NOT_FOUND).into()) }
        })
    }

    /// The request and its prescription, if it was sent to this pharmacy.
    ///
    /// # Errors
    /// `prescription-not-found`, also for one that does not exist or was sent elsewhere: a pharmacy learns nothing about the
    /// prescriptions of others.
    pub fn sent_to(&self, pharmacy: &OrganisationCode) -> Result<(&PrescriptionFile, &PrescriptionSent), Rejected> {
        let file = self.file().ok();
        let sent = file.and_then(|file| file.sent.as_deref().map(|sent| (file, sent)));
        sent.filter(|(_, sent)| sent.pharmacy == *pharmacy).ok_or_else(|| (&PRESCRIPTION_NOT_FOUND).into())
    }
}

impl PrescriptionFile {
    fn of(requested: &PrescriptionRequested) -> PrescriptionFile {
        PrescriptionFile {
            requested: requested.clone(),
            stage: RequestStage::Requested,
            pharmacy: None,
            sent: None,
            timelines: BTreeMap::new(),
            reports: 0,
        }
    }

    fn evolve(&mut self, event: &PrescriptionEvent) {
        match event {
            PrescriptionEvent::Requested(_) => {}
            PrescriptionEvent::Cancelled(_) => self.stage = RequestStage::Cancelled,
            PrescriptionEvent::Approved(approved) => {
                self.stage = RequestStage::Approved;
                self.pharmacy = Some(approved.pharmacy.clone());
            }
            PrescriptionEvent::Rejected(_) => self.stage = RequestStage::Rejected,
            PrescriptionEvent::Sent(sent) => {
                self.stage = RequestStage::SentToPharmacy;
                self.sent = Some(Box::new(sent.clone()));
            }
            PrescriptionEvent::Reported(reported) => {
                self.reports = self.reports.saturating_add(1);
                let step = DispenseStep { at: reported.at, status: reported.status };
                self.timelines.entry(reported.plan.clone()).or_default().add(step);
            }
            PrescriptionEvent::Completed(_) => self.stage = RequestStage::Completed,
        }
    }

    pub fn items(&self) -> &[PrescriptionItem] {
        &self.requested.items
    }

    pub fn plans(&self) -> Vec<PlanId> {
        self.requested.items.iter().map(|item| item.plan.clone()).collect()
    }

    pub fn has_report(&self, plan: &PlanId, step: &DispenseStep) -> bool {
        self.timelines.get(plan).is_some_and(|timeline| timeline.has(step))
    }

    /// The status of a medicine by now.
    pub fn status(&self, plan: &PlanId, now: Timestamp) -> Option<DispenseStatus> {
        self.timelines.get(plan)?.standing(now).map(|step| step.status)
    }

    /// True if a medicine is ready to be collected by now, and was so from this instant on.
    pub fn is_ready_since(&self, since: Timestamp, now: Timestamp) -> bool {
        let ready = DispenseStep { at: since, status: DispenseStatus::ReadyToCollect };
        self.timelines.values().any(|timeline| timeline.standing(now) == Some(ready))
    }

    /// True if nothing further is to be done for any of its medicines by now.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.items().iter().all(|item| self.status(&item.plan, now).is_some_and(DispenseStatus::ends))
    }

    /// The medicines that were not dispensed by now.
    pub fn not_dispensed(&self, now: Timestamp) -> Vec<PlanId> {
        let not = |plan: &PlanId| self.status(plan, now) == Some(DispenseStatus::NotDispensed);
        self.plans().into_iter().filter(not).collect()
    }

    /// # Errors
    /// `already-actioned`, from any other stage than the first.
    pub fn has_to_be_undecided(&self) -> Result<(), Rejected> {
        if self.stage == RequestStage::Requested {
            Ok(())
        } else {
            Err(ALREADY_ACTIONED.with("stage", json!(self.stage)))
        }
    }
}
