//! Dates, times and names, as people say them. Times are those of the practices' clocks, in London.

use event_core::{LocalDate, Timestamp, time::LocalTime};
use jiff::{civil, fmt::strtime};
use programmes::CATALOGUE;
use vocabulary::{
    appointments::{Channel, ServiceType},
    text::NhsNumber,
    time::LONDON,
    vaccinations::ProgrammeId,
};

/// `Thursday 26 November 2026`
pub fn day(day: LocalDate) -> String {
    strtime::format("%A %-d %B %Y", day.civil()).unwrap_or_else(|_| day.to_string())
}

/// `Thursday 26 November 2026`
pub fn date(at: Timestamp) -> String {
    day(LONDON.day(at))
}

/// `29 February 1952`
pub fn date_of_birth(day: LocalDate) -> String {
    strtime::format("%-d %B %Y", day.civil()).unwrap_or_else(|_| day.to_string())
}

/// `9:00am`; midday and midnight are `12:00pm` and `12:00am`.
pub fn time(at: Timestamp) -> String {
    twelve_hours(LONDON.local(at).time())
}

/// The same for a time of day.
pub fn clock(time: LocalTime) -> String {
    twelve_hours(time.civil())
}

fn twelve_hours(time: civil::Time) -> String {
    let hour = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    format!("{hour}:{:02}{}", time.minute(), if time.hour() < 12 { "am" } else { "pm" })
}

/// The hour of the day in London, 0 to 23.
pub fn hour(at: Timestamp) -> i8 {
    LONDON.local(at).hour()
}

/// `Thursday 26 November 2026 at 9:00am`
pub fn date_and_time(at: Timestamp) -> String {
    format!("{} at {}", date(at), time(at))
}

/// The name of a type of service for patients. An unknown one is shown as it is written.
pub fn service(service: &ServiceType) -> String {
    let programme = ProgrammeId::of_service(service);
    if let Some(programme) = programme.as_ref().and_then(|id| CATALOGUE.newest(id.as_str())) {
        return programme.document().title.clone();
    }
    match service.to_string().as_str() {
        "gp-routine" => "GP appointment".to_owned(),
        "nurse" => "Nurse appointment".to_owned(),
        other => {
            let mut text = other.replace('-', " ");
            if let Some(first) = text.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            text
        }
    }
}

pub fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::InPerson => "Face to face",
        Channel::Telephone => "By telephone",
        Channel::Video => "By video",
    }
}

/// `999 000 0026`, as letters have it.
pub fn nhs_number(number: &NhsNumber) -> String {
    match (number.as_str().get(..3), number.as_str().get(3..6), number.as_str().get(6..)) {
        (Some(first), Some(second), Some(rest)) => format!("{first} {second} {rest}"),
        _ => number.as_str().to_owned(),
    }
}

/// The same text with a capital letter: a sentence of a rule begins with a small one.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `1 place`, `2 places`
pub fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn times_are_those_of_london() {
        assert_eq!(date_and_time(at("2026-11-26T09:00:00Z")), "Thursday 26 November 2026 at 9:00am");
        assert_eq!(date_and_time(at("2026-07-01T23:30:00Z")), "Thursday 2 July 2026 at 12:30am");
        assert_eq!(time(at("2026-07-01T11:05:00Z")), "12:05pm");
        assert_eq!(time(at("2026-01-01T00:00:00Z")), "12:00am");
    }

    #[test]
    fn an_nhs_number_is_shown_in_three_groups() {
        assert_eq!(nhs_number(&"9990000026".parse().expect("a number")), "999 000 0026");
    }

    #[test]
    fn services_have_names() {
        let named = |text: &str| service(&text.parse().expect("a service"));
        assert_eq!(named("gp-routine"), "GP appointment");
        assert_eq!(named("vaccination-covid-19"), "COVID-19 vaccination");
        assert_eq!(named("vaccination-thumb-fever"), "Vaccination thumb fever");
    }
}
