//! The fields of a clinic session: as they were typed, and as a command.

use domain::appointments::{PublishSession, rejections};
use event_core::{LocalDate, OrganisationCode, strictness::strictly, text::Line, time::LocalTime};
use http_edge::Problem;
use page_engine::PostedForm;
use queries::appointments::ClinicSession;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vocabulary::{
    PractitionerId, SessionId,
    appointments::{Channel, Practitioner, ServiceType},
    time::LONDON,
};

use crate::{errors::FieldFaults, random_id::twelve_digits, words};

pub const TIME_HINT: &str = "Hours and minutes, from 00:00 to 23:59.";
/// The channels, as the form's field says them.
pub const CHANNELS: [(&str, Channel); 3] =
    [("in-person", Channel::InPerson), ("telephone", Channel::Telephone), ("video", Channel::Video)];
/// The fault of a rule about the session as a whole stands at the element with this id.
pub const WHOLE: &str = "session";
/// The fields as they were typed.
#[derive(Clone, Serialize, Deserialize)]
pub struct SessionForm {
    pub date: String,
    pub from: String,
    pub until: String,
    pub minutes: String,
    pub capacity: String,
    pub service: String,
    pub channel: String,
    pub name: String,
    pub role: String,
    /// The clinician's code. It may be left out.
    pub code: String,
}

impl SessionForm {
    /// An empty form for this day.
    pub fn on(date: LocalDate) -> SessionForm {
        let text = str::to_owned;
        SessionForm {
            date: date.to_string(),
            from: text(""),
            until: text(""),
            minutes: text("10"),
            capacity: text("1"),
            service: text(""),
            channel: text(""),
            name: text(""),
            role: text(""),
            code: text(""),
        }
    }

    pub fn posted(form: &PostedForm) -> SessionForm {
        let text = |name| form.text(name).to_owned();
        SessionForm {
            date: text("date"),
            from: text("from"),
            until: text("until"),
            minutes: text("minutes"),
            capacity: text("capacity"),
            service: text("service"),
            channel: text("channel"),
            name: text("name"),
            role: text("role"),
            code: text("code"),
        }
    }

    /// The session as it is.
    pub fn of(session: &ClinicSession) -> SessionForm {
        let channel = CHANNELS.iter().find(|(_, channel)| *channel == session.channel).map_or("", |(name, _)| name);
        SessionForm {
            date: session.on.to_string(),
            from: session.from.to_string(),
            until: session.until.to_string(),
            minutes: session.timetable.slot_minutes.to_string(),
            capacity: session.capacity.to_string(),
            service: session.service.to_string(),
            channel: channel.to_owned(),
            name: session.practitioner.name.to_string(),
            role: session.practitioner.role.to_string(),
            code: session.practitioner_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        }
    }

    /// The typed change of a session, whose day, service and clinician's code stay.
    pub fn changed(form: &PostedForm, session: &ClinicSession) -> SessionForm {
        let SessionForm { date, service, code, .. } = SessionForm::of(session);
        SessionForm { date, service, code, ..SessionForm::posted(form) }
    }

    /// The command that publishes this session.
    ///
    /// # Errors
    /// The faults of fields that do not read.
    pub fn read(&self, session: SessionId) -> Result<PublishSession, FieldFaults> {
        let mut faults = FieldFaults::none();
        let on = faults.read("date", self.date.parse::<LocalDate>().map_err(|_| "Enter the day, like 2026-11-26"));
        let from = faults.read("from", read_time(&self.from, "Enter the start"));
        let until = faults.read("until", read_time(&self.until, "Enter the end"));
        for (field, time) in [("from", from), ("until", until)] {
            let fault = on.zip(time).and_then(|(on, time)| LONDON.instant_of(on, time).err());
            if let Some(fault) = fault {
                faults.add(field, words::sentence(&fault.to_string()));
            }
        }
        let slot_minutes = faults.read("minutes", number(&self.minutes, "Enter the minutes of a slot as a number"));
        let capacity = faults.read("capacity", number(&self.capacity, "Enter the number of patients as a number"));
        let service = faults.read(
            "service",
            self.service.parse::<ServiceType>().map_err(|_| "Use small letters, digits and hyphens, like gp-routine"),
        );
        let channel = CHANNELS.iter().find(|(name, _)| *name == self.channel).map(|(_, channel)| *channel);
        let channel = faults.read("channel", channel.ok_or("Choose how patient and clinician meet"));
        let name = faults.read("name", line(&self.name, "Enter the clinician's name"));
        let role = faults.read("role", line(&self.role, "Enter the clinician's role"));
        let code = Some(self.code.as_str()).filter(|code| !code.is_empty()).map(str::parse::<PractitionerId>);
        let code = code.transpose().map_err(|_| "Use at most 20 capital letters and digits, like G1234567");
        let practitioner_id = faults.read("code", code).flatten();
        let read = (|| {
            Some(PublishSession {
                practitioner_id,
                released_at: None,
                session,
                on: on?,
                from: from?,
                until: until?,
                slot_minutes: slot_minutes?,
                capacity: capacity?,
                service: service?,
                channel: channel?,
                practitioner: Practitioner { name: name?, role: role? },
            })
        })();
        read.filter(|_| faults.is_empty()).ok_or(faults)
    }
}

/// A time of day. Browsers without a field for times send text, and some send seconds.
///
/// # Errors
/// The sentence for the field.
pub fn read_time(text: &str, missing: &str) -> Result<LocalTime, String> {
    if text.is_empty() {
        return Err(missing.to_owned());
    }
    let minutes = text.strip_suffix(":00").filter(|short| short.len() == 5).unwrap_or(text);
    minutes.parse().map_err(|_| "Enter a time like 08:30".to_owned())
}

fn number(text: &str, fault: &'static str) -> Result<u16, &'static str> {
    text.parse().map_err(|_| fault)
}

/// A line, under the rules for new texts.
fn line(text: &str, missing: &str) -> Result<Line, String> {
    if text.is_empty() {
        return Err(missing.to_owned());
    }
    let fault = |_| format!("Use at most {} visible characters", Line::CHARACTERS_MAX);
    strictly(|| text.parse()).map_err(fault)
}

/// The rule that a session breaks, as a sentence.
pub fn why(problem: &Problem) -> String {
    let why = problem.member("why").and_then(Value::as_str);
    match why.filter(|_| problem.code() == rejections::SESSION_INVALID.code) {
        Some(why) => format!("{}: {why}", problem.title().trim_end_matches('.')),
        None => problem.title().to_owned(),
    }
}

/// A new id for a session of this site.
pub fn new_session(site: &OrganisationCode) -> Option<SessionId> {
    format!("{site}.{}", twelve_digits()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(date: &str, from: &str, until: &str) -> SessionForm {
        let (service, channel) = ("gp-routine".to_owned(), "video".to_owned());
        let (name, role) = ("Dr Mei Tanaka".to_owned(), "General practitioner".to_owned());
        let (from, until) = (from.to_owned(), until.to_owned());
        SessionForm { from, until, service, channel, name, role, ..SessionForm::on(date.parse().expect("a date")) }
    }

    fn session() -> SessionId {
        "A12345.0123456789AB".parse().expect("a session")
    }

    fn faults(form: &SessionForm) -> Vec<(&'static str, String)> {
        match form.read(session()) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.list().iter().map(|fault| (fault.name(), fault.text.clone())).collect(),
        }
    }

    #[test]
    fn a_form_becomes_a_command() {
        let command = form("2026-11-26", "09:00", "12:00:00").read(session()).map_err(|_| "it has faults");
        let command = command.expect("it reads");
        assert_eq!((command.until.to_string().as_str(), command.slot_minutes, command.capacity), ("12:00", 10, 1));
        assert_eq!(command.channel, Channel::Video);
    }

    #[test]
    fn each_field_that_does_not_read_is_a_fault() {
        let empty = SessionForm {
            date: String::new(),
            minutes: "-1".into(),
            ..SessionForm::on(LocalDate::new(Default::default()))
        };
        let fields: Vec<_> = faults(&empty).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["date", "from", "until", "minutes", "service", "channel", "name", "role"]);
        let coded = |code: &str| SessionForm { code: code.into(), ..form("2026-11-26", "09:00", "12:00") };
        assert!(faults(&coded("G1234567")).is_empty());
        assert_eq!(faults(&coded("g 1")).len(), 1);
        let unseen = SessionForm { name: "Dr\u{202e}Mei".into(), ..form("2026-11-26", "09:00", "12:00") };
        assert_eq!(faults(&unseen), [("name", "Use at most 200 visible characters".to_owned())]);
    }

    #[test]
    fn a_time_that_the_clocks_skip_or_repeat_is_a_fault_of_its_field() {
        let skipped = "The clocks go forward over this time: it does not exist on this day";
        assert_eq!(faults(&form("2026-03-29", "01:30", "04:00")), [("from", skipped.to_owned())]);
        let repeated = "The clocks go back over this time: it exists twice on this day";
        assert_eq!(faults(&form("2026-10-25", "00:30", "01:00")), [("until", repeated.to_owned())]);
        assert!(faults(&form("2026-03-29", "00:30", "02:00")).is_empty());
    }

    #[test]
    fn a_new_session_has_an_id_of_its_site() {
        let site: OrganisationCode = "A12345".parse().expect("a code");
        assert!(new_session(&site).is_some_and(|session| session.site() == site));
        assert_ne!(new_session(&site), new_session(&site));
    }
}
