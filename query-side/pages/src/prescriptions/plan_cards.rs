//! The repeat medicines of a patient on the patient's page at the desk, for a prescriber.

use askama::Template;
use event_core::OrganisationCode;
use queries::prescriptions::RepeatMedicine;

use super::medicine_words::{dose, name};
use crate::words;

/// The section of the patient's page.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<h2>Repeat medicines</h2>
<p><a class="nhsuk-button nhsuk-button--secondary" href="{{ base }}/repeats/new">Authorise a repeat medicine</a></p>
{% if cards.is_empty() %}<p>No repeat medicine is authorised.</p>{% endif %}
{% for card in cards %}
<div class="nhsuk-card"><div class="nhsuk-card__content">
<h3 class="nhsuk-heading-s frontdoor-typed">{{ card.name }}</h3>
{% if card.is_stopped %}<p><strong class="nhsuk-tag nhsuk-tag--grey">Stopped</strong></p>{% endif %}
<p class="frontdoor-typed">{{ card.dose }}</p>
<p>{{ card.standing }}</p>
{% if let Some(address) = card.address %}
<p><a href="{{ address }}/change">Change<span class="nhsuk-u-visually-hidden"> {{ card.name }}</span></a></p>
<p><a href="{{ address }}/stop">Stop<span class="nhsuk-u-visually-hidden"> {{ card.name }}</span></a></p>
{% endif %}
</div></div>
{% endfor %}"#
)]
pub struct PlanCards {
    base: String,
    cards: Vec<PlanCard>,
}

struct PlanCard {
    name: String,
    dose: String,
    standing: String,
    is_stopped: bool,
    /// The beginning of the addresses of what can be done, if it is a plan of this practice that stands.
    address: Option<String>,
}

impl PlanCards {
    pub fn of(base: &str, practice: &OrganisationCode, medicines: &[RepeatMedicine]) -> PlanCards {
        let card = |medicine: &RepeatMedicine| {
            let stands = !medicine.stopped && medicine.practice.code == *practice && medicine.medicine.is_some();
            PlanCard {
                name: name(medicine.medicine.as_ref()),
                dose: dose(medicine.medicine.as_ref()),
                standing: standing(medicine),
                is_stopped: medicine.stopped,
                address: stands.then(|| format!("{base}/repeats/{}", medicine.plan)),
            }
        };
        PlanCards { base: base.to_owned(), cards: medicines.iter().map(card).collect() }
    }
}

/// `5 of 6 issues left, each for 28 days. Review by Thursday 26 November 2026.`
pub fn standing(medicine: &RepeatMedicine) -> String {
    let (left, issues) = (medicine.issues_left, words::count(medicine.issues.into(), "issue", "issues"));
    let days = words::count(medicine.supply_days.into(), "day", "days");
    format!("{left} of {issues} left, each for {days}. Review by {}.", words::day(medicine.review_on))
}
