//! The person with the symptoms, and the consent; the start of the check.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::symptom_checks::start_symptom_check::{PersonWithSymptoms, StartSymptomCheck};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, see_other};
use pathways::{Party, Sex, demographics::AGE_YEARS_MAX};
use queries::symptom_checks::NOT_FOR_CLINICAL_USE;
use serde::{Deserialize, Serialize};
use vocabulary::symptom_checks::{ClaimCode, PathwayReleaseId, SymptomCheckId};

use super::{
    checker::Checker,
    claimable::{ClaimableCheck, ClaimableChecks},
};
use crate::{
    errors::FieldFaults,
    layout::{Layout, filters},
    random_id, refusal,
};

const HEADING: &str = "About the person with the symptoms";
/// The name of the draft.
const DRAFT: &str = "symptom check";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "symptoms.html" as symptoms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<h1>{{ heading }}</h1>
<form action="/check-symptoms/person" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<div class="nhsuk-form-group{% if errors.of("party").is_some() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset"{% if errors.of("party").is_some() %} aria-describedby="party-error"{% endif %}>
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--m">Who has the symptoms?</legend>
{% call forms::message(errors, "party") %}{% endcall %}
<div class="nhsuk-radios">
<div class="nhsuk-radios__item"><input class="nhsuk-radios__input" id="party" name="party" type="radio" value="first"{% if draft.party == Some(Party::First) %} checked{% endif %}><label class="nhsuk-label nhsuk-radios__label" for="party">I have them</label></div>
<div class="nhsuk-radios__item"><input class="nhsuk-radios__input" id="party-2" name="party" type="radio" value="third"{% if draft.party == Some(Party::Third) %} checked{% endif %}><label class="nhsuk-label nhsuk-radios__label" for="party-2">Somebody else has them, and I answer for that person</label></div>
</div>
</fieldset>
</div>
<div class="nhsuk-form-group{% if errors.of("age").is_some() %} nhsuk-form-group--error{% endif %}">
<label class="nhsuk-label nhsuk-label--m" for="age">How old is the person?</label>
<div class="nhsuk-hint" id="age-hint">In whole years. Enter 0 for a baby under 1 year.</div>
{% call forms::message(errors, "age") %}{% endcall %}
<input class="nhsuk-input nhsuk-input--width-3{% if errors.of("age").is_some() %} nhsuk-input--error{% endif %}" id="age" name="age" type="text" inputmode="numeric" autocomplete="off" value="{{ draft.age }}" aria-describedby="age-hint{% if errors.of("age").is_some() %} age-error{% endif %}">
</div>
<div class="nhsuk-form-group{% if errors.of("sex").is_some() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset" aria-describedby="sex-hint{% if errors.of("sex").is_some() %} sex-error{% endif %}">
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--m">What is the person's sex?</legend>
<div class="nhsuk-hint" id="sex-hint">The sex that was registered at birth. Some questions depend on it.</div>
{% call forms::message(errors, "sex") %}{% endcall %}
<div class="nhsuk-radios">
<div class="nhsuk-radios__item"><input class="nhsuk-radios__input" id="sex" name="sex" type="radio" value="female"{% if draft.sex == Some(Sex::Female) %} checked{% endif %}><label class="nhsuk-label nhsuk-radios__label" for="sex">Female</label></div>
<div class="nhsuk-radios__item"><input class="nhsuk-radios__input" id="sex-2" name="sex" type="radio" value="male"{% if draft.sex == Some(Sex::Male) %} checked{% endif %}><label class="nhsuk-label nhsuk-radios__label" for="sex-2">Male</label></div>
</div>
</fieldset>
</div>
<div class="nhsuk-form-group{% if errors.of("consent").is_some() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset"{% if errors.of("consent").is_some() %} aria-describedby="consent-error"{% endif %}>
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--m">Your agreement</legend>
{% call forms::message(errors, "consent") %}{% endcall %}
<div class="nhsuk-checkboxes">
<div class="nhsuk-checkboxes__item"><input class="nhsuk-checkboxes__input" id="consent" name="consent" type="checkbox" value="storage"{% if draft.storage %} checked{% endif %}><label class="nhsuk-label nhsuk-checkboxes__label" for="consent">My answers may be stored. Without this the check cannot start.</label></div>
{% if !layout.is_anonymous %}<div class="nhsuk-checkboxes__item"><input class="nhsuk-checkboxes__input" id="consent-2" name="consent" type="checkbox" value="sharing"{% if draft.sharing %} checked{% endif %}><label class="nhsuk-label nhsuk-checkboxes__label" for="consent-2">My practice may see my answers (optional).</label></div>{% endif %}
</div>
</fieldset>
</div>
<button class="nhsuk-button">Start the questions</button>
</form>
{% call symptoms::safety(notice) %}{% endcall %}
</div></div>
{% endblock %}"#
)]
struct PersonPage {
    layout: Layout,
    heading: &'static str,
    notice: &'static str,
    draft: CheckDraft,
    errors: FieldFaults,
}

/// The choices and the text before the first question. They are personal, so they are kept as a draft.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CheckDraft {
    pub release: Option<PathwayReleaseId>,
    party: Option<Party>,
    /// As it was typed.
    age: String,
    sex: Option<Sex>,
    storage: bool,
    sharing: bool,
    /// The code with which the check can be kept, without an account only. It is made once, so that the form can be sent twice.
    code: Option<ClaimCode>,
}

impl CheckDraft {
    /// The draft of the visitor.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn kept(pages: &Pages, visitor: &Visitor) -> Result<CheckDraft, PageError> {
        Ok(pages.kept(visitor, DRAFT).await?.unwrap_or_default())
    }

    /// # Errors
    /// If it cannot be kept.
    pub async fn keep(&self, pages: &Pages, visitor: &Visitor) -> Result<(), PageError> {
        pages.keep(visitor, DRAFT, self).await
    }

    #[must_use]
    pub fn with_release(self, release: PathwayReleaseId) -> CheckDraft {
        CheckDraft { release: Some(release), ..self }
    }

    fn with_form(self, form: &PostedForm) -> CheckDraft {
        let ticked = form.all("consent");
        CheckDraft {
            party: Party::ALL.into_iter().find(|party| party.name() == form.text("party")),
            age: form.text("age").to_owned(),
            sex: Sex::ALL.into_iter().find(|sex| sex.name() == form.text("sex")),
            storage: ticked.contains(&"storage"),
            sharing: ticked.contains(&"sharing"),
            ..self
        }
    }

    /// The person, if everything was answered.
    fn person(&self, faults: &mut FieldFaults) -> Option<PersonWithSymptoms> {
        let party = faults.read("party", self.party.ok_or("Choose who has the symptoms"));
        let age = self.age.parse::<u8>().ok().filter(|age| *age <= AGE_YEARS_MAX);
        let age_years = faults.read("age", age.ok_or("Enter an age in whole years, like 34"));
        let sex = faults.read("sex", self.sex.ok_or("Choose female or male"));
        Some(PersonWithSymptoms { age_years: age_years?, sex: sex?, party: party? })
    }
}

/// # Errors
/// If the visitor is of the staff, or the draft cannot be read.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, checker: Checker) -> Result<Response, PageError> {
    let mut draft = CheckDraft::kept(&pages, &visitor).await?;
    if draft.release.is_none() {
        return Ok(see_other("/check-symptoms/start"));
    }
    if checker.is_anonymous && draft.code.is_none() {
        draft.code = random_id::secret().parse().ok();
        draft.keep(&pages, &visitor).await?;
    }
    Ok(shown(&visitor, draft, FieldFaults::none()))
}

/// # Errors
/// If the form is not one of this server's, or the draft cannot be kept.
pub async fn start(State(pages): State<Pages>, checker: Checker, form: PostedForm) -> Result<Response, PageError> {
    let visitor = &form.visitor;
    let draft = CheckDraft::kept(&pages, visitor).await?.with_form(&form);
    let (Some(release), Some(number)) = (&draft.release, random_id::of_form(&form.key)) else {
        return Ok(see_other("/check-symptoms/start"));
    };
    let mut faults = FieldFaults::none();
    let person = draft.person(&mut faults);
    if !draft.storage {
        faults.add("consent", "Agree that your answers are stored, or call 111 about the symptoms");
    }
    let check = format!("{release}.{number}").parse::<SymptomCheckId>().ok();
    let (Some(person), Some(check), true) = (person, check, faults.is_empty()) else {
        return Ok(shown(visitor, draft, faults));
    };
    let code = draft.code.clone().filter(|_| checker.is_anonymous);
    let command = StartSymptomCheck {
        subject: checker.subject,
        check: check.clone(),
        person,
        consents_to_storage: draft.storage,
        consents_to_sharing: draft.sharing,
        claim: code.as_ref().map(ClaimCode::hash),
    };
    if let Some(code) = code {
        // Before the check starts: a code that was lost could not be had again. If it does not start, the code is of no check.
        let added = ClaimableCheck { check, code };
        ClaimableChecks::kept(&pages, visitor).await?.with(added).keep(&pages, visitor).await?;
    }
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => {
            // The next check begins without the answers of this one.
            CheckDraft::default().keep(&pages, visitor).await?;
            back_to(&format!("/check-symptoms/{number}"), granted.position)
        }
        Err(problem) => {
            let another = ("/check-symptoms/start".to_owned(), "Choose what the problem is about".to_owned());
            let person = ("/check-symptoms/person".to_owned(), "Change the person's age or sex".to_owned());
            refusal::page(visitor, problem, vec![another, person])
        }
    })
}

fn shown(visitor: &Visitor, draft: CheckDraft, errors: FieldFaults) -> Response {
    let layout = Layout::of(visitor, errors.titled(HEADING)).back("/check-symptoms/start");
    let page = PersonPage { layout, heading: HEADING, notice: NOT_FOR_CLINICAL_USE, draft, errors };
    HtmlPage(page.errors.status(), page).into_response()
}
