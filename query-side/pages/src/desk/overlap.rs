//! The refusal of a session because its clinician has another one at that time, as a sentence that names the other.

use domain::appointments::{StrictPractitionersDay, rejections::OVERLAPPING_SESSION};
use http_edge::Problem;
use page_engine::{Pages, Visitor};
use queries::appointments::{ClinicSession, SeeClinicSession};
use serde_json::Value;

use super::clinic::what;
use crate::words;

/// The sentence, if this is the refusal. A session of another site is not named.
pub async fn sentence(pages: &Pages, visitor: &Visitor, problem: &Problem) -> Option<String> {
    if problem.code() != OVERLAPPING_SESSION.code {
        return None;
    }
    let named = problem.member("session").and_then(Value::as_str).and_then(|session| session.parse().ok());
    let Some(session) = named else {
        return Some(format!("{} It is at another site", problem.title()));
    };
    let other = pages.ask(&visitor.up_to_date(), &SeeClinicSession { session }).await.ok()?.answer;
    Some(named_as(&other))
}

/// `The clinician has another session at that time: Dr Mei Tanaka, 4:00pm to 6:00pm, GP appointment, by telephone`
fn named_as(other: &ClinicSession) -> String {
    let (from, until) = (words::clock(other.from), words::clock(other.until));
    let what = what(&other.service, other.channel);
    let name = &other.practitioner.name;
    format!("The clinician has another session at that time: {name}, {from} to {until}, {what}")
}

/// The day of the clinician that a command to change this session names.
pub fn day_of(session: &ClinicSession) -> Option<StrictPractitionersDay> {
    let practitioner = session.practitioner_id.clone()?;
    Some(StrictPractitionersDay { practitioner, on: session.on })
}
