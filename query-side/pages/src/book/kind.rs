//! The kind of appointment: those of the next two weeks. A person can wait for one that has no room.

use std::{fmt, str::FromStr};

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use queries::{appointments::ListClinicKinds, practices::Site, registrations::SeeRegistration};
use serde::Deserialize;
use vocabulary::{
    appointments::{Channel, ServiceType},
    vaccinations::ProgrammeId,
};

use crate::{
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
    words,
};

const HEADING: &str = "What kind of appointment?";

/// A type of service and its channel, as `gp-routine.in-person` in addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookableKind {
    pub service: ServiceType,
    pub channel: Channel,
}

impl BookableKind {
    /// `GP appointment, face to face`
    pub fn name(&self) -> String {
        format!("{}, {}", words::service(&self.service), words::channel(self.channel).to_lowercase())
    }
}

impl fmt::Display for BookableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.service, channel_text(self.channel))
    }
}

impl FromStr for BookableKind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<BookableKind, &'static str> {
        let choose = "Choose a kind of appointment";
        let (service, channel) = text.split_once('.').ok_or(choose)?;
        let all = [Channel::InPerson, Channel::Telephone, Channel::Video];
        let channel = all.into_iter().find(|known| channel_text(*known) == channel).ok_or(choose)?;
        Ok(BookableKind { service: service.parse().map_err(|_| choose)?, channel })
    }
}

fn channel_text(channel: Channel) -> &'static str {
    match channel {
        Channel::InPerson => "in-person",
        Channel::Telephone => "telephone",
        Channel::Video => "video",
    }
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
{% if offers.is_empty() %}
<h1>There are no free appointments</h1>
<p>{{ site }} has no appointments that you can book online in the next two weeks. New ones are added often, so look again tomorrow.</p>
<p>If you need help before that, telephone your practice. Call 111 if it is urgent, and 999 in an emergency.</p>
{% else %}
<form action="{{ base }}/book/days" method="get">
<div class="nhsuk-form-group{% if !errors.is_empty() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset" aria-describedby="kind-hint{% if !errors.is_empty() %} kind-error{% endif %}">
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--l"><h1 class="nhsuk-fieldset__heading">{{ heading }}</h1></legend>
<div class="nhsuk-hint" id="kind-hint">At {{ site }}</div>
{% call forms::message(errors, "kind") %}{% endcall %}
<div class="nhsuk-radios">
{% for offer in offers %}
<div class="nhsuk-radios__item">
<input class="nhsuk-radios__input" id="{% if loop.first %}kind{% else %}kind-{{ loop.index }}{% endif %}" name="kind" type="radio" value="{{ offer.kind }}" aria-describedby="kind-{{ loop.index }}-hint">
<label class="nhsuk-label nhsuk-radios__label" for="{% if loop.first %}kind{% else %}kind-{{ loop.index }}{% endif %}">{{ offer.kind.name() }}</label>
<div class="nhsuk-hint nhsuk-radios__hint" id="kind-{{ loop.index }}-hint">{{ offer.first }}</div>
</div>
{% endfor %}
</div>
</fieldset>
</div>
<button class="nhsuk-button">Continue</button>
</form>
{% endif %}
<p><a href="{{ vaccinations }}">Book a vaccination</a></p>
</div></div>
{% endblock %}"#
)]
struct KindPage {
    layout: Layout,
    heading: &'static str,
    base: String,
    site: String,
    /// The address of the pages that book vaccinations: their programme decides about each.
    vaccinations: String,
    offers: Vec<Offer>,
    errors: FieldFaults,
}

/// A kind, and a sentence about its first free time.
struct Offer {
    kind: BookableKind,
    first: String,
}

#[derive(Deserialize)]
pub struct Chosen {
    missing: Option<String>,
}

/// # Errors
/// If the visitor may not book for this person, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Query(chosen): Query<Chosen>,
) -> Result<Response, PageError> {
    let site = site(&pages, &visitor, &concerned).await?;
    let found = pages.ask(&visitor, &ListClinicKinds { practice: site.code.clone() }).await?;
    let ordinary = found.answer.kinds.into_iter().filter(|kind| ProgrammeId::of_service(&kind.service).is_none());
    let offers = ordinary.map(|kind| Offer {
        first: kind.first_free.map_or_else(
            || "Nothing is free in the next two weeks. You can wait for a time.".to_owned(),
            |at| format!("First free: {}", words::date_and_time(at)),
        ),
        kind: BookableKind { service: kind.service, channel: kind.channel },
    });
    let offers = offers.collect();
    let errors = match chosen.missing {
        Some(_) => FieldFaults::one("kind", "Choose a kind of appointment"),
        None => FieldFaults::none(),
    };
    let back = if concerned.is_by_desk() { concerned.base.clone() } else { "/".to_owned() };
    let layout = Layout::of(&visitor, errors.titled(HEADING)).back(back).stale(found.stale);
    let (vaccinations, site) = (concerned.vaccination_booking(), site_name(&site));
    let page = KindPage { layout, heading: HEADING, base: concerned.base, site, vaccinations, offers, errors };
    Ok(HtmlPage::ok(page).into_response())
}

/// The practice of the person concerned.
///
/// # Errors
/// If the person is not registered, or the visitor may not see it.
pub async fn site(pages: &Pages, visitor: &Visitor, concerned: &Concerned) -> Result<Site, PageError> {
    let registration = pages.ask(visitor, &SeeRegistration { subject: concerned.subject }).await?;
    Ok(registration.answer.practice)
}

pub fn site_name(site: &Site) -> String {
    site.name.as_ref().map_or_else(|| site.code.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_from_its_own_text() {
        for text in ["gp-routine.in-person", "nurse.telephone", "vaccination-covid-19.video"] {
            assert_eq!(text.parse::<BookableKind>().map(|kind| kind.to_string()).as_deref(), Ok(text));
        }
        for wrong in ["", "gp-routine", "gp-routine.", "gp-routine.fax", ".in-person", "GP.in-person"] {
            assert!(wrong.parse::<BookableKind>().is_err(), "{wrong}");
        }
    }
}
