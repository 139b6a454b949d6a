//! An appointment in a list, and the words and addresses that pages about appointments share.

use askama::Template;
use page_engine::encoded;
use queries::{
    appointments::{Appointment, Status},
    practices::Site,
};

use crate::words;

/// An appointment in a list.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<div class="nhsuk-card"><div class="nhsuk-card__content">
<h3 class="nhsuk-card__heading nhsuk-heading-s"><a href="{{ address }}">{{ when }}</a>{% if let Some(tag) = tag %} <strong class="nhsuk-tag nhsuk-tag--grey">{{ tag }}</strong>{% endif %}</h3>
<p class="nhsuk-card__description">{{ what }}<br>{{ with }}<br>{{ place }}</p>
{% if let Some(again) = again %}<p class="nhsuk-card__description">The practice has changed its clinic. <a href="{{ again }}">Book another appointment<span class="nhsuk-u-visually-hidden"> in place of the one on {{ when }}</span></a></p>{% endif %}
</div></div>"#
)]
pub struct AppointmentCard {
    address: String,
    when: String,
    what: String,
    with: String,
    place: String,
    tag: Option<&'static str>,
    /// The address for booking another one, if it does not take place because its clinic was changed.
    again: Option<String>,
}

impl AppointmentCard {
    pub fn of(base: &str, appointment: &Appointment) -> AppointmentCard {
        AppointmentCard {
            address: address(base, appointment),
            when: words::date_and_time(appointment.starts_at),
            what: what(appointment),
            with: format!("{}, {}", appointment.practitioner.name, appointment.practitioner.role),
            place: place(&appointment.site),
            tag: tag(appointment.status),
            again: (appointment.status == Status::Orphaned).then(|| format!("{base}/book")),
        }
    }
}

/// The words for an appointment that does not take place.
pub fn tag(status: Status) -> Option<&'static str> {
    match status {
        Status::Booked => None,
        Status::Cancelled => Some("Cancelled"),
        Status::Orphaned => Some("Does not take place"),
    }
}

/// The address of an appointment's page.
pub fn address(base: &str, appointment: &Appointment) -> String {
    format!("{base}/appointments/{}/{}", appointment.session, encoded(&appointment.starts_at.to_string()))
}

/// `GP appointment, face to face`
pub fn what(appointment: &Appointment) -> String {
    format!("{}, {}", words::service(&appointment.service), words::channel(appointment.channel).to_lowercase())
}

/// The name and address of a site.
pub fn place(site: &Site) -> String {
    let name = site.name.as_ref().map_or_else(|| site.code.to_string(), ToString::to_string);
    site.address.as_ref().map_or(name.clone(), |address| format!("{name}, {address}"))
}
