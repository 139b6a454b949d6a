use std::collections::BTreeSet;

use event_core::{OrganisationCode, Personal, SubjectId};
use vocabulary::{
    practices::PRACTICE_NOT_FOUND,
    prescriptions::{PlanId, PrescriptionItem, PrescriptionRequested, RepeatRequestId, RepeatsRequested, RequestNote},
    registrations::Registration,
    time::LONDON,
};

use super::{
    pharmacy::Pharmacy,
    prescription::Prescription,
    rejections::{
        ALREADY_REQUESTED, NO_ISSUES_LEFT, NOT_REPEAT, ORDERING_DISABLED, PHARMACY_REQUIRED, PHARMACY_UNKNOWN,
        PLAN_STOPPED, REPEAT_LIMIT_REACHED, REQUEST_EXISTS, REQUEST_INVALID, REVIEW_OVERDUE, TOO_EARLY,
    },
    repeat_book::RepeatBook,
};
use crate::{
    practices::Practice,
    prelude::*,
    registrations::{has_to_be_at, rejections::NOT_REGISTERED_HERE},
};

/// The maximum number of medicines in one request.
pub const ITEMS_MAX: usize = 20;

/// Request repeat medicines from your practice. They go to your nominated pharmacy, or to one that you choose for this
/// request.
///
/// A patient makes at most 20 requests a month.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestRepeat {
    pub patient: SubjectId,
    /// The practice, at which the patient is registered.
    pub practice: OrganisationCode,
    /// A new id for the request: 12 random characters of Crockford base32.
    pub request: RepeatRequestId,
    /// The plans to order: 1 to 20, each once.
    #[schemars(length(min = 1, max = ITEMS_MAX))]
    pub plans: Vec<PlanId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<RequestNote>,
    /// A pharmacy for this request only. If it is left out, the prescription goes to the nominated pharmacy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pharmacy: Option<OrganisationCode>,
}

impl Command for RequestRepeat {
    const NAME: &'static str = "request-repeat";
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::Order));
    const REJECTIONS: &'static [&'static Rejection] = &[
        &REQUEST_INVALID,
        &PRACTICE_NOT_FOUND,
        &NOT_REGISTERED_HERE,
        &REQUEST_EXISTS,
        &ORDERING_DISABLED,
        &NOT_REPEAT,
        &PLAN_STOPPED,
        &ALREADY_REQUESTED,
        &REVIEW_OVERDUE,
        &NO_ISSUES_LEFT,
        &TOO_EARLY,
        &PHARMACY_UNKNOWN,
        &PHARMACY_REQUIRED,
        &REPEAT_LIMIT_REACHED,
    ];
    type Reads = (RepeatBook, Prescription, Practice, Registration, Pharmacy);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.practice.clone())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (
            Stream::of(self.patient),
            Prescription::of(self.patient, &self.request),
            Stream::of(&self.practice),
            Stream::of(self.patient),
            Pharmacy::chosen(self.pharmacy.as_ref()),
        )
    }

    fn decide(
        &self,
        (book, prescription, practice, registration, pharmacy): States<'_, Self>,
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let settings = practice.settings()?;
        has_to_be_at(registration, &self.practice)?;
        if let Prescription::Known(file) = prescription {
            return if self.is(&file.requested) { Ok(nothing_new()) } else { Err((&REQUEST_EXISTS).into()) };
        }
        self.check_plans()?;
        if !settings.repeat_ordering {
            return Err((&ORDERING_DISABLED).into());
        }
        let (today, days_early) = (LONDON.day(context.now), settings.repeat_days_early);
        let mut items = Vec::with_capacity(self.plans.len());
        for plan in &self.plans {
            let medicine = book.orderable(plan, &self.practice, today, days_early)?.medicine.clone();
            items.push(PrescriptionItem { plan: plan.clone(), medicine });
        }
        if self.pharmacy.is_some() {
            pharmacy.has_to_be_known()?;
        }
        let to = self.pharmacy.as_ref().or(book.nominated.as_ref()).ok_or(&PHARMACY_REQUIRED)?;
        book.may_request(context.now)?;
        let opened = RepeatsRequested {
            patient: self.patient,
            request: self.request.clone(),
            plans: self.plans.clone(),
            requested_at: context.now,
        };
        let requested = PrescriptionRequested {
            patient: self.patient,
            request: self.request.clone(),
            practice: self.practice.clone(),
            items,
            note: self.note.clone().map(Personal::new),
            pharmacy: to.clone(),
            one_off: self.pharmacy.is_some(),
            requested_at: context.now,
        };
        Ok(record(opened).and(requested))
    }
}

impl RequestRepeat {
    /// True if this request was made already, with the same details.
    fn is(&self, requested: &PrescriptionRequested) -> bool {
        let note = self.note.clone().map(Personal::new);
        let one_off = requested.one_off.then_some(&requested.pharmacy);
        requested.practice == self.practice
            && requested.items.iter().map(|item| &item.plan).eq(&self.plans)
            && requested.note == note
            && one_off == self.pharmacy.as_ref()
    }

    /// # Errors
    /// `request-invalid`.
    fn check_plans(&self) -> Result<(), Rejected> {
        if !(1..=ITEMS_MAX).contains(&self.plans.len()) {
            return Err(REQUEST_INVALID.with("why", "a request is for 1 to 20 medicines"));
        }
        if self.plans.iter().collect::<BTreeSet<_>>().len() < self.plans.len() {
            return Err(REQUEST_INVALID.with("why", "each medicine is requested once"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::practices::PracticeSettings;

    use super::*;
    use crate::{
        prescriptions::{CancelRequest, repeat_book::REQUESTS_A_MONTH_MAX, scenes::*},
        spec::*,
    };

    #[test]
    fn several_medicines_are_requested_at_once_for_the_nominated_pharmacy() {
        let requested = ordering().when(request(1, &[1, 2])).records(&[&opened(1, &[1, 2]), &requested(1, &[1, 2])]);
        requested.clone().when(request(1, &[1, 2])).nothing_new();
        requested.when(request(1, &[2])).rejected(&REQUEST_EXISTS);
    }

    #[test]
    fn a_medicine_is_requested_once_at_a_time() {
        let details = ordering()
            .when(request(1, &[1]))
            .records_kinds(&REQUESTED)
            .when(request(2, &[2, 1]))
            .rejected_with(&ALREADY_REQUESTED);
        assert_eq!((&details["plan"], &details["request"]), (&"000000000001".into(), &"000000000001".into()));
        let approved =
            ordering().when(request(1, &[1])).records_kinds(&REQUESTED).when(approve(1)).records_kinds(&APPROVED);
        approved.when(request(2, &[1])).rejected(&ALREADY_REQUESTED);
    }

    #[test]
    fn it_is_too_early_until_seven_days_before_the_last_supply_ends() {
        // Issued on 2 March for 28 days: the supply ends on 30 March.
        let supplied = collected(ordering(), 1, &[1]);
        let details = supplied.clone().at("2026-03-22T23:59:59Z").when(request(2, &[1])).rejected_with(&TOO_EARLY);
        assert_eq!(details["earliest"], "2026-03-23");
        supplied.at("2026-03-23T00:00:00Z").when(request(2, &[1])).records_kinds(&REQUESTED);
    }

    #[test]
    fn the_days_before_the_end_of_a_supply_are_a_setting_of_the_practice() {
        let two = PracticeSettings { repeat_days_early: 2, ..PracticeSettings::default() };
        let supplied = collected(ordering(), 1, &[1]).given(settings_changed(two));
        let details = supplied.when(request(2, &[1])).rejected_with(&TOO_EARLY);
        assert_eq!(details["earliest"], "2026-03-28");
    }

    #[test]
    fn an_approved_request_of_which_no_end_is_reported_does_not_block_the_next_order() {
        let approved =
            ordering().when(request(1, &[1])).records_kinds(&REQUESTED).when(approve(1)).records_kinds(&APPROVED);
        approved.clone().at("2026-03-22T08:00:00Z").when(request(2, &[1])).rejected(&ALREADY_REQUESTED);
        approved.at("2026-03-23T08:00:00Z").when(request(2, &[1])).records_kinds(&REQUESTED);
    }

    #[test]
    fn no_issues_left_is_refused_with_their_number() {
        let all = (1..=6).fold(ordering(), |world, n| {
            let day =
                ["2026-03-02", "2026-03-23", "2026-04-20", "2026-05-18", "2026-06-15", "2026-07-13"][n as usize - 1];
            collected(world.at(&format!("{day}T08:00:00Z")), n, &[1])
        });
        let details = all.at("2026-08-31T08:00:00Z").when(request(7, &[1])).rejected_with(&NO_ISSUES_LEFT);
        assert_eq!(details["issues"], 6);
    }

    #[test]
    fn a_plan_is_ordered_until_its_review_is_overdue() {
        ordering().at("2026-12-31T23:59:59Z").when(request(1, &[1])).records_kinds(&REQUESTED);
        let details = ordering().at("2027-01-01T00:00:00Z").when(request(1, &[1])).rejected_with(&REVIEW_OVERDUE);
        assert_eq!(details["reviewOn"], "2026-12-31");
    }

    #[test]
    fn only_the_own_repeat_medicines_are_ordered() {
        ordering().when(request(1, &[9])).rejected(&NOT_REPEAT);
        let of_bob = RequestRepeat { patient: bob(), ..request(1, &[1]) };
        ordering().by(as_patient(bob())).when(of_bob).rejected(&NOT_REPEAT);
    }

    #[test]
    fn a_request_is_for_one_to_twenty_medicines_each_once() {
        ordering().when(request(1, &[])).rejected(&REQUEST_INVALID);
        ordering().when(request(1, &[1, 1])).rejected(&REQUEST_INVALID);
        let all: Vec<u32> = (1..=21).collect();
        let authorised = |world: World, n: &u32| world.given(authorised(*n));
        let many = all.iter().fold(ordering(), authorised);
        many.clone().when(request(1, &all)).rejected(&REQUEST_INVALID);
        many.when(request(1, &all[..20])).records_kinds(&REQUESTED);
    }

    #[test]
    fn a_one_off_pharmacy_has_to_be_known_and_some_pharmacy_has_to_be_there() {
        let to = |pharmacy| RequestRepeat { pharmacy: Some(pharmacy), ..request(1, &[1]) };
        ordering().when(to(site())).rejected(&PHARMACY_UNKNOWN);
        ordering().when(to(other_pharmacy())).records_kinds(&REQUESTED);
        let without = surgery().given(authorised(1));
        without.clone().when(request(1, &[1])).rejected(&PHARMACY_REQUIRED);
        without.given(other_pharmacy_opened()).when(to(other_pharmacy())).records_kinds(&REQUESTED);
    }

    #[test]
    fn a_practice_can_disable_ordering() {
        let disabled = PracticeSettings { repeat_ordering: false, ..PracticeSettings::default() };
        ordering().given(settings_changed(disabled)).when(request(1, &[1])).rejected(&ORDERING_DISABLED);
    }

    #[test]
    fn a_request_needs_the_own_practice() {
        world().when(request(1, &[1])).rejected(&PRACTICE_NOT_FOUND);
        world()
            .given(practice_opened(PracticeSettings::default()))
            .when(request(1, &[1]))
            .rejected(&NOT_REGISTERED_HERE);
    }

    #[test]
    fn a_patient_makes_twenty_requests_a_month_and_cancels_at_any_time() {
        let full = (1..=REQUESTS_A_MONTH_MAX).fold(ordering(), |world, n| {
            let requested = world.when(request(n, &[1])).records_kinds(&REQUESTED);
            requested.when(CancelRequest { patient: alice(), request: request_id(n) }).records_kinds(&CANCELLED)
        });
        full.clone().when(request(21, &[1])).rejected(&REPEAT_LIMIT_REACHED);
        full.at("2026-04-01T08:00:00Z").when(request(21, &[1])).records_kinds(&REQUESTED);
    }

    #[test]
    fn ordering_needs_a_proven_identity() {
        assert_eq!(RequestRepeat::WHO.data(), patient(P9).or(proxy(Capability::Order)).data());
    }
}
