//! The doses of a person, and what they can have next.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use programmes::Eligibility;
use queries::vaccinations::{
    ListPasses, ListProgrammes, ListVaccinations, SeeEligibility, VaccinationDose, VaccinationEligibility,
    VaccinationPass,
};
use query_engine::page::{ITEMS_MAX, Paging};
use serde::Deserialize;
use vocabulary::{access::Permission, time::LONDON, vaccinations::DeclaredFacts};

use super::dose_card::DoseCard;
use crate::{
    concerned::Concerned,
    layout::{Layout, filters, has},
    words,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "desk.html" as desk %}
{% import "vaccinations.html" as vaccinations %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% if let Some(done) = done %}{% call desk::done(done) %}{% endcall %}{% endif %}
<h1>{{ layout.title }}</h1>
{% if let Some(record) = record %}<p><a class="nhsuk-button" href="{{ record }}">Record a dose</a></p>{% endif %}
<p><a href="{{ book }}">Book a vaccination</a></p>
{% if doses.is_empty() %}<p>No vaccination is recorded here.</p>{% endif %}
{% for dose in doses %}{% call vaccinations::card(dose) %}{% endcall %}{% endfor %}
{% if !passes.is_empty() %}
<h2>Valid passes</h2>
<ul class="nhsuk-list nhsuk-list--border">
{% for pass in passes %}<li><a href="{{ pass.address }}">{{ pass.title }}</a><br>Valid until {{ pass.until }}</li>
{% endfor %}
</ul>
{% endif %}
{% if !offers.is_empty() %}
<h2>What can be next</h2>
<ul class="nhsuk-list nhsuk-list--border">
{% for offer in offers %}<li><strong>{{ offer.title }}</strong><br>{{ offer.words }}</li>
{% endfor %}
</ul>
{% endif %}
</div></div>
{% endblock %}"#
)]
struct VaccinationsPage {
    layout: Layout,
    done: Option<&'static str>,
    /// The address at which the visitor records a dose.
    record: Option<String>,
    /// The address of the pages that book a dose.
    book: String,
    doses: Vec<DoseCard>,
    passes: Vec<PassLink>,
    offers: Vec<NextDose>,
}

struct PassLink {
    address: String,
    title: String,
    until: String,
}

struct NextDose {
    title: String,
    words: String,
}

#[derive(Deserialize)]
pub struct VaccinationDone {
    recorded: Option<String>,
    voided: Option<String>,
    revoked: Option<String>,
}

impl VaccinationDone {
    pub fn done(&self) -> Option<&'static str> {
        let all = [
            (&self.recorded, "The dose is recorded."),
            (&self.voided, "The record is void."),
            (&self.revoked, "The pass is revoked."),
        ];
        all.into_iter().find(|(done, _)| done.is_some()).map(|(_, text)| text)
    }
}

/// # Errors
/// If the visitor may not see this person's vaccinations, or a query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Query(done): Query<VaccinationDone>,
) -> Result<Response, PageError> {
    let subject = concerned.subject;
    let found = pages.ask_for(&visitor, &ListVaccinations { subject }, Paging::of(ITEMS_MAX)).await?;
    let today = LONDON.day(pages.now());
    let mut offers = Vec::new();
    for programme in pages.ask(&visitor, &ListProgrammes {}).await?.answer.programmes {
        let declared = DeclaredFacts::default();
        let query = SeeEligibility { subject, programme: programme.programme.clone(), on: today, site: None, declared };
        let answer = pages.ask(&visitor, &query).await?.answer;
        offers.push(NextDose { words: next_words(&answer), title: programme.title });
    }
    let passes = pages.ask(&visitor, &ListPasses { subject }).await?.answer.passes;
    let vaccinates = concerned.is_by_desk() && has(visitor.caller(), Permission::Vaccinating);
    let base = format!("{}/vaccinations", concerned.base);
    let back = if concerned.is_by_desk() { concerned.base.clone() } else { "/".to_owned() };
    let title = if concerned.is_by_desk() { "Vaccinations" } else { "Your vaccinations" };
    let of_organisation = |dose: &VaccinationDose| visitor.caller().organisation.as_ref() == Some(&dose.given.site);
    let card = |dose: VaccinationDose| {
        let voidable = vaccinates && dose.voided_at.is_none() && of_organisation(&dose);
        let to_void = voidable.then(|| format!("{base}/{}/void", dose.dose));
        let to_pass = (dose.has_passes && dose.voided_at.is_none()).then(|| format!("{base}/{}/pass", dose.dose));
        DoseCard::of(dose, to_pass, to_void)
    };
    let link = |pass: VaccinationPass| PassLink {
        address: format!("{base}/passes/{}", pass.pass),
        title: match (pass.programme_title, pass.number) {
            (Some(programme), Some(number)) => format!("{programme}, dose {number}"),
            (_, _) => "Vaccination pass".to_owned(),
        },
        until: words::date_and_time(pass.expires_at),
    };
    let page = VaccinationsPage {
        layout: Layout::of(&visitor, title).back(back).stale(found.stale),
        done: done.done(),
        record: vaccinates.then(|| format!("{base}/new")),
        book: concerned.vaccination_booking(),
        doses: found.answer.items.into_iter().map(card).collect(),
        passes: passes.into_iter().map(link).collect(),
        offers,
    };
    Ok(HtmlPage::ok(page).into_response())
}

/// The answer of a programme about the next dose, in one or two sentences.
fn next_words(answer: &VaccinationEligibility) -> String {
    match &answer.eligibility {
        Eligibility::Eligible { dose, .. } => format!("Dose {dose} can be given now."),
        Eligibility::NotYet { from, .. } => {
            let words = answer.words.clone().unwrap_or_default();
            format!("From {}. {words}", words::day(*from))
        }
        Eligibility::Not { advice, .. } => {
            let words = answer.words.clone().unwrap_or_default();
            format!("{words} {advice}")
        }
    }
}
