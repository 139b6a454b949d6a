//! The way from the advice to a booking of the service that it names, with a reason for the practice.

use axum::{
    extract::{Path, State},
    response::Response,
};
use page_engine::{PageError, Pages, PostedForm, see_other};
use queries::{
    appointments::ListClinicKinds,
    symptom_checks::{Onward, SeeSymptomCheck},
};
use vocabulary::{symptom_checks::SymptomCheckNumber, text::Reason};

use super::answer_line::address;
use crate::{
    book::{BookableKind, site},
    concerned::Concerned,
    suggested_reason,
};

/// Keeps the reason, and leads to the days of the service that the check advises.
///
/// # Errors
/// If the form is not one of this server's, or a query fails.
pub async fn book(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(number): Path<SymptomCheckNumber>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let (visitor, subject) = (&form.visitor, concerned.subject);
    let file = pages.ask(visitor, &SeeSymptomCheck { subject, number: number.clone() }).await?.answer;
    let Some(Onward::BookAppointment { service }) = file.outcome.map(|outcome| outcome.onward) else {
        return Ok(see_other(&address(&number)));
    };
    let reason: String = format!("Symptom check: {}", file.title).chars().take(Reason::CHARACTERS_MAX).collect();
    suggested_reason::suggest(&pages, visitor, reason).await?;
    let practice = site(&pages, visitor, &concerned).await?;
    let kinds = pages.ask(visitor, &ListClinicKinds { practice: practice.code }).await?.answer.kinds;
    // The first is the one with the earliest free time. Without any, the page of all kinds says what there is.
    let kind = kinds.into_iter().find(|kind| kind.service == service);
    Ok(match kind.map(|kind| BookableKind { service: kind.service, channel: kind.channel }) {
        Some(kind) => see_other(&format!("/book/days?kind={kind}")),
        None => see_other("/book"),
    })
}
