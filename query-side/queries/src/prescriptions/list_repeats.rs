//! The repeat medicines of a patient, with what can be ordered now, and why not.

use std::collections::HashMap;

use event_core::{AccessRule, LocalDate, OrganisationCode, SubjectId};
use query_engine::{Kind, Opener, Query, QueryContext, QueryError, context::Span, page::List};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{RepeatPlanRow, RepeatPlans};
use vocabulary::{
    access::{Capability, IdentityLevel::P9, Permission, patient, proxy, staff},
    practices::PracticeSettings,
    prescriptions::{Medicine, OrderRefusal, PlanId, PlanStanding, RepeatRequestId},
    time::LONDON,
};

use crate::practices::{Site, Sites, practice};

/// The repeat medicines of a patient, with what can be ordered now, and why not. Stopped ones are among them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListRepeats {
    pub subject: SubjectId,
}

/// A repeat medicine of a patient.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepeatMedicine {
    pub plan: PlanId,
    pub practice: Site,
    /// Absent once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medicine: Option<Medicine>,
    pub supply_days: u16,
    /// The number of issues that are authorised, all of them.
    pub issues: u16,
    pub issues_left: u16,
    pub review_on: LocalDate,
    /// The day on which the last supply ends. Absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supply_ends_on: Option<LocalDate>,
    /// The first day on which the next order is not too early. Absent if there was no supply, or the plan was stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_order_on: Option<LocalDate>,
    /// True if the practice has stopped it.
    pub stopped: bool,
    /// The reason why it cannot be ordered now. Absent if it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hindrance: Option<OrderHindrance>,
}

/// The reason why a medicine cannot be ordered now: the rejection that an order would get.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderHindrance {
    pub code: OrderHindranceCode,
    /// The open request, if the medicine was requested already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RepeatRequestId>,
    /// The first day on which it can be ordered, if it is too early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest: Option<LocalDate>,
}

/// The code of a rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OrderHindranceCode {
    OrderingDisabled,
    PlanStopped,
    AlreadyRequested,
    ReviewOverdue,
    NoIssuesLeft,
    TooEarly,
}

impl OrderHindrance {
    /// The rejection that an order of this plan would get today.
    pub(super) fn of(standing: &PlanStanding, settings: &PracticeSettings, today: LocalDate) -> Option<OrderHindrance> {
        let only = |code| OrderHindrance { code, request: None, earliest: None };
        if !settings.repeat_ordering {
            return Some(only(OrderHindranceCode::OrderingDisabled));
        }
        Some(match standing.refusal(today, settings.repeat_days_early)? {
            OrderRefusal::PlanStopped => only(OrderHindranceCode::PlanStopped),
            OrderRefusal::AlreadyRequested { request } => {
                OrderHindrance { request: Some(request), ..only(OrderHindranceCode::AlreadyRequested) }
            }
            OrderRefusal::ReviewOverdue { .. } => only(OrderHindranceCode::ReviewOverdue),
            OrderRefusal::NoIssuesLeft { .. } => only(OrderHindranceCode::NoIssuesLeft),
            OrderRefusal::TooEarly { earliest } => {
                OrderHindrance { earliest: Some(earliest), ..only(OrderHindranceCode::TooEarly) }
            }
        })
    }
}

/// The settings of the practices of one answer, each read once. A practice that is not known here yet has the defaults.
#[derive(Default)]
pub(super) struct SettingsOfPractices(HashMap<OrganisationCode, PracticeSettings>);

impl SettingsOfPractices {
    pub(super) async fn get(
        &mut self,
        code: &OrganisationCode,
        context: &mut QueryContext<'_>,
    ) -> Result<PracticeSettings, QueryError> {
        if let Some(known) = self.0.get(code) {
            return Ok(*known);
        }
        let settings = practice(code, context).await?.map(|row| row.settings).unwrap_or_default();
        self.0.insert(code.clone(), settings);
        Ok(settings)
    }
}

impl Query for ListRepeats {
    const NAME: &'static str = "repeats";
    const PATH: &'static str = "/patients/{subject}/repeats";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View)).or(staff(Permission::Prescribing));
    const PERSONAL: bool = true;
    type Answer = List<RepeatMedicine>;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<RepeatMedicine>, QueryError> {
        let rows = context.list::<RepeatPlans>(Span::whole(RepeatPlans::partition(self.subject))).await?;
        let opener = context.opener(rows.items.first().map(|_| self.subject)).await?;
        let (mut sites, mut settings) = (Sites::default(), SettingsOfPractices::default());
        let today = LONDON.day(context.now);
        let mut items = Vec::with_capacity(rows.items.len());
        for row in rows.items {
            let site = sites.get(row.practice.clone(), context).await?;
            let settings = settings.get(&row.practice, context).await?;
            items.push(shown(self.subject, row, site, (&settings, today), &opener)?);
        }
        Ok(List { items, next: rows.next })
    }
}

fn shown(
    patient: SubjectId,
    row: RepeatPlanRow,
    practice: Site,
    (settings, today): (&PracticeSettings, LocalDate),
    opener: &Opener<'_>,
) -> Result<RepeatMedicine, QueryError> {
    let standing = row.standing;
    let next_order_on = standing.next_order_on(settings.repeat_days_early);
    Ok(RepeatMedicine {
        plan: row.plan,
        practice,
        medicine: opener.open(patient, &row.medicine)?,
        supply_days: standing.supply_days,
        issues: standing.issues,
        issues_left: standing.issues_left(),
        review_on: standing.review_on,
        supply_ends_on: standing.supply_ends_on,
        stopped: standing.stopped_at.is_some(),
        next_order_on: next_order_on.filter(|_| standing.stopped_at.is_none()),
        hindrance: OrderHindrance::of(&standing, settings, today),
    })
}
