//! Every text that a person can see is there, and the codes of the pass have their form.

use crate::{
    document::{ProgrammeDocument, TEXT_CHARACTERS_MAX},
    finding::{FindingList, ProgrammeFindingKind},
    vaccine::PassCodes,
};

pub(super) fn check(document: &ProgrammeDocument, list: &mut FindingList) {
    text("The programme", "title", &document.title, list);
    text("The programme", "description", &document.about, list);
    for vaccine in &document.vaccines {
        let owner = format!("Vaccine `{}`", vaccine.id);
        text(&owner, "name", &vaccine.name, list);
        text(&owner, "manufacturer", &vaccine.manufacturer, list);
        if let Some(pass) = &vaccine.pass {
            codes(&owner, pass, list);
        }
    }
    for contraindication in &document.contraindications {
        let owner = format!("Contraindication `{}`", contraindication.id);
        text(&owner, "question", &contraindication.question, list);
        text(&owner, "advice", contraindication.effect.advice(), list);
    }
    for cohort in &document.cohorts {
        let owner = format!("Cohort `{}`", cohort.id);
        text(&owner, "label", &cohort.label, list);
        text(&owner, "words", &cohort.words, list);
    }
    for campaign in &document.campaigns {
        text(&format!("Campaign `{}` from {}", campaign.id, campaign.from), "label", &campaign.label, list);
    }
}

fn text(owner: &str, what: &str, text: &str, list: &mut FindingList) {
    list.when(text.trim().is_empty(), ProgrammeFindingKind::MissingText, || format!("{owner} has no {what}."));
    list.when(text.chars().count() > TEXT_CHARACTERS_MAX, ProgrammeFindingKind::LimitExceeded, || {
        format!("{owner} has a {what} of more than {TEXT_CHARACTERS_MAX} characters.")
    });
}

/// The forms of the value sets: a code of SNOMED CT (6 to 18 digits) or of ATC, the number of an authorisation in the EU, a code of an
/// organisation of the European Medicines Agency. Values outside of these, which some countries use, are not needed here.
fn codes(owner: &str, pass: &PassCodes, list: &mut FindingList) {
    let digits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_sct = |text: &str| digits(text, 6, 18);
    let is_atc =
        |text: &str| text.len() == 7 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let is_product = |text: &str| {
        let parts: Vec<&str> = text.split('/').collect();
        matches!(parts.as_slice(), ["EU", "1", year, number] if digits(year, 2, 2) && digits(number, 3, 5))
    };
    for (code, value, is_well_formed) in [
        ("tg", &pass.tg, is_sct(&pass.tg)),
        ("vp", &pass.vp, is_sct(&pass.vp) || is_atc(&pass.vp)),
        ("mp", &pass.mp, is_product(&pass.mp)),
        ("ma", &pass.ma, pass.ma.strip_prefix("ORG-").is_some_and(|number| digits(number, 9, 9))),
    ] {
        list.when(!is_well_formed, ProgrammeFindingKind::MalformedCode, || {
            format!("{owner} has the code `{code}` with the value `{value}`, which has not the form of its value set.")
        });
    }
}
