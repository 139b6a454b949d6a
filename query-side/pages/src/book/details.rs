//! The details of a booking: why the patient comes. The time is held meanwhile.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use domain::appointments::ReleaseHold;
use event_core::Timestamp;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, encoded, see_other};
use serde::{Deserialize, Serialize};
use vocabulary::{
    SessionId,
    text::{Comment, Reason},
    time::LONDON,
};

use super::kind::BookableKind;
use crate::{
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal, suggested_reason, words,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "appointments.html" as appointments %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<span class="nhsuk-caption-l">{{ when }}</span>
<h1>{{ heading }}</h1>
{% if let Some(until) = until %}
<p class="frontdoor-hold" data-countdown="{{ until }}">We are holding this time for you until {{ until|at_time }}.</p>
{% else %}
<p>This time is not held for you. It is yours when you have booked it.</p>
{% endif %}
<form action="{{ details }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
{% call appointments::reasons(reason, comment, errors) %}{% endcall %}
<button class="nhsuk-button">Continue</button>
</form>
<form action="{{ release }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="frontdoor-link">Choose another time</button>
</form>
</div></div>
{% endblock %}"#
)]
struct DetailsPage {
    layout: Layout,
    details: String,
    release: String,
    heading: &'static str,
    when: String,
    until: Option<Timestamp>,
    reason: String,
    comment: String,
    errors: FieldFaults,
}

/// The slot that is being booked, in addresses.
#[derive(Debug, Clone, Deserialize)]
pub struct ChosenSlot {
    pub session: SessionId,
    pub at: Timestamp,
    pub kind: String,
    /// The end of the hold. For display only: the rules decide by their own record.
    pub until: Option<Timestamp>,
}

impl ChosenSlot {
    /// The address of a page about this slot.
    pub fn page(&self, base: &str, page: &str) -> String {
        let at = encoded(&self.at.to_string());
        let mut address = format!("{base}/book/{page}?session={}&at={at}&kind={}", self.session, encoded(&self.kind));
        if let Some(until) = self.until {
            address += &format!("&until={}", encoded(&until.to_string()));
        }
        address
    }

    /// The address of the other times of its day.
    pub fn other_times(&self, base: &str) -> String {
        let day = LONDON.day(self.at);
        match self.kind.parse::<BookableKind>() {
            Ok(kind) => format!("{base}/book/times?kind={kind}&day={day}"),
            Err(_) => format!("{base}/book"),
        }
    }

    /// The name of its draft.
    pub fn draft(&self) -> String {
        format!("booking of {}@{}", self.session, self.at)
    }
}

/// What was typed, which is personal and kept as a draft.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct BookingDraft {
    pub reason: String,
    pub comment: String,
}

impl BookingDraft {
    /// The reason and the comment, if they read.
    pub fn read(&self, faults: &mut FieldFaults) -> (Option<Reason>, Option<Comment>) {
        let filled = |text: &str| !text.is_empty();
        let reason = Some(&self.reason).filter(|text| filled(text)).map(|text| faults.read("reason", text.parse()));
        let comment = Some(&self.comment).filter(|text| filled(text)).map(|text| faults.read("comment", text.parse()));
        (reason.flatten(), comment.flatten())
    }
}

/// # Errors
/// If the draft cannot be read.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Query(slot): Query<ChosenSlot>,
) -> Result<Response, PageError> {
    let draft = match pages.kept::<BookingDraft>(&visitor, &slot.draft()).await? {
        Some(draft) => draft,
        None if concerned.is_by_desk() => BookingDraft::default(),
        None => {
            BookingDraft { reason: suggested_reason::suggested(&pages, &visitor).await?, ..BookingDraft::default() }
        }
    };
    Ok(shown(&visitor, &concerned, &slot, draft, FieldFaults::none()))
}

/// Keeps what was typed, and leads to the check.
///
/// # Errors
/// If it cannot be kept.
pub async fn keep(
    State(pages): State<Pages>,
    concerned: Concerned,
    Query(slot): Query<ChosenSlot>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let draft = BookingDraft { reason: form.text("reason").to_owned(), comment: form.text("comment").to_owned() };
    let mut faults = FieldFaults::none();
    draft.read(&mut faults);
    if !faults.is_empty() {
        return Ok(shown(&form.visitor, &concerned, &slot, draft, faults));
    }
    pages.keep(&form.visitor, &slot.draft(), &draft).await?;
    Ok(see_other(&slot.page(&concerned.base, "check")))
}

/// Gives the hold back, and leads to the times of the day.
///
/// # Errors
/// If the form is not one of this server's.
pub async fn choose_again(
    State(pages): State<Pages>,
    concerned: Concerned,
    Query(slot): Query<ChosenSlot>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let release = ReleaseHold { session: slot.session.clone(), starts_at: slot.at, patient: concerned.subject };
    let times = slot.other_times(&concerned.base);
    Ok(match pages.give(&form, &release).await {
        Ok(granted) => back_to(&times, granted.position),
        Err(problem) => refusal::page(&form.visitor, problem, vec![(times, "Choose another time".into())]),
    })
}

/// The page with these texts, and the faults in them.
pub fn shown(
    visitor: &Visitor,
    concerned: &Concerned,
    slot: &ChosenSlot,
    draft: BookingDraft,
    errors: FieldFaults,
) -> Response {
    let base = &concerned.base;
    let shown = DetailsPage {
        layout: Layout::of(visitor, errors.titled("Details")),
        details: slot.page(base, "details"),
        release: slot.page(base, "release"),
        heading: if concerned.is_by_desk() { "Why does the patient come?" } else { "Why do you want to come?" },
        when: words::date_and_time(slot.at),
        until: slot.until,
        reason: draft.reason,
        comment: draft.comment,
        errors,
    };
    HtmlPage(shown.errors.status(), shown).into_response()
}
