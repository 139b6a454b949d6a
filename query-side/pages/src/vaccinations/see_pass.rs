//! A vaccination pass: on a page, and as a file that opens without the server.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use passes::PassContents;
use queries::vaccinations::{PASS_UNKNOWN, PassState, SeePass, ShownPass};
use query_engine::{QueryError, page::Paging};
use serde::Deserialize;
use vocabulary::vaccinations::PassId;

use crate::{
    concerned::Concerned,
    layout::{Layout, filters},
    words,
};

const HEADING: &str = "Vaccination pass";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>{{ HEADING }}</h1>
{% match code %}
{% when Some with (code) %}
<div class="frontdoor-pass">{{ code|safe }}</div>
<p>Show this code, or print this page. It is valid until {{ until }}.</p>
<p><a class="nhsuk-button" href="{{ address }}/file" download>Save it for use without a connection</a></p>
{% when None %}
<p><strong class="nhsuk-tag nhsuk-tag--grey">{{ state }}</strong> Verifiers refuse this pass. Get another one at the vaccination.</p>
{% endmatch %}
<dl class="nhsuk-summary-list">
{% for row in rows %}<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">{{ row.0 }}</dt><dd class="nhsuk-summary-list__value frontdoor-typed">{{ row.1 }}</dd></div>
{% endfor %}
</dl>
{% if code.is_some() %}<p><a href="{{ address }}/revoke">Revoke this pass</a>, such as one that was lost</p>{% endif %}
</div></div>
{% endblock %}"#
)]
struct PassPage {
    layout: Layout,
    address: String,
    code: Option<String>,
    state: &'static str,
    until: String,
    rows: Vec<PassFact>,
}

/// The page of a pass that was issued and that the view does not have yet. The layout says to load it again.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<h1>{{ HEADING }}</h1>
<p>The pass is issued. It is here in a moment.</p>
{% endblock %}"#
)]
struct ComingPassPage {
    layout: Layout,
}

/// The same pass as one file, without anything that would have to be fetched.
#[derive(Template)]
#[template(path = "pass_file.html")]
struct PassFile {
    code: String,
    until: String,
    rows: Vec<PassFact>,
}

/// A line of a pass: what it is, and its value.
type PassFact = (&'static str, String);

#[derive(Deserialize)]
pub struct PassPath {
    pub pass: PassId,
}

impl PassPath {
    pub fn address(&self, concerned: &Concerned) -> String {
        format!("{}/vaccinations/passes/{}", concerned.base, self.pass)
    }

    fn query(&self, concerned: &Concerned) -> SeePass {
        SeePass { subject: concerned.subject, pass: self.pass.clone() }
    }
}

/// # Errors
/// If the pass does not exist, access is denied, or this server has no key for the pass.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<PassPath>,
) -> Result<Response, PageError> {
    let list = format!("{}/vaccinations", concerned.base);
    let asked = pages.asked(&visitor, &path.query(&concerned), Paging::default()).await;
    let (pass, stale) = match asked.outcome {
        Ok(pass) => (pass, asked.stale),
        // The view is behind the command that led here.
        Err(QueryError::Rejected(rejected)) if asked.late && rejected.rejection.code == PASS_UNKNOWN.code => {
            let layout = Layout::of(&visitor, HEADING).back(list).stale(true);
            return Ok(HtmlPage::ok(ComingPassPage { layout }).into_response());
        }
        Err(error) => return Err(error.into()),
    };
    let state = match pass.state {
        PassState::Valid => "Valid",
        PassState::Expired => "Expired",
        PassState::Revoked => "Revoked",
    };
    let page = PassPage {
        layout: Layout::of(&visitor, HEADING).back(list).stale(stale),
        address: path.address(&concerned),
        rows: facts(&pass.contents),
        until: until(&pass),
        code: pass.signed.map(|signed| signed.svg),
        state,
    };
    Ok(HtmlPage::ok(page).into_response())
}

/// # Errors
/// If the pass does not exist, access is denied, or this server has no key for the pass.
pub async fn file(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<PassPath>,
) -> Result<Response, PageError> {
    let pass = pages.ask(&visitor, &path.query(&concerned)).await?.answer;
    let (until, rows) = (until(&pass), facts(&pass.contents));
    let Some(signed) = pass.signed else {
        // The page says that it is not valid any more.
        return Ok(page_engine::see_other(&path.address(&concerned)));
    };
    let mut response = HtmlPage::ok(PassFile { code: signed.svg, until, rows }).into_response();
    let disposition = header::HeaderValue::from_static("attachment; filename=\"vaccination-pass.html\"");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

/// The last moment at which the pass is valid.
fn until(pass: &ShownPass) -> String {
    words::date_and_time(pass.expires_at)
}

fn facts(contents: &PassContents) -> Vec<PassFact> {
    let (name, dose) = (&contents.name, &contents.vaccination);
    let mut rows = Vec::new();
    rows.extend(name.surname().map(|text| ("Surname", text.as_str().to_owned())));
    rows.extend(name.forename().map(|text| ("Forenames", text.as_str().to_owned())));
    rows.extend(contents.born.as_str().parse().ok().map(|born| ("Date of birth", words::date_of_birth(born))));
    rows.extend([
        ("Vaccination", format!("Dose {} of {}", dose.dose, dose.doses)),
        ("Given on", words::day(dose.given_on)),
        ("Vaccine", dose.product.to_string()),
        ("Country", dose.country.to_string()),
        ("Issuer", dose.issuer.to_string()),
        ("Identifier", dose.uvci.to_string()),
    ]);
    rows
}
