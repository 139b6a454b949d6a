//! Signing in and out. In a demonstration, visitors choose an invented person; elsewhere there is no way to sign in yet.

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http_edge::{Problem, problem_catalogue::NOT_FOUND};
use page_engine::{DemoPerson, Guest, HtmlPage, PageError, Pages, PostedForm, is_own_page};
use serde::Deserialize;
use vocabulary::access::{anonymous_of, patient_of};

use crate::{
    check_symptoms::{CLAIMABLE_DRAFT, KEEP},
    layout::{Layout, filters},
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% if has_ended %}<div class="nhsuk-inset-text"><p>You were signed out because you did not use this service for a while. What you sent last was not saved.</p></div>{% endif %}
<h1>{{ layout.title }}</h1>
{% if is_about_symptoms %}<p><a href="/check-symptoms">Check symptoms without signing in</a></p>{% endif %}
{% if people.is_empty() %}
<p>There is no way to sign in yet: this installation is not a demonstration, and its connection to a login service is not built.</p>
<p>Apps use the <a href="/docs">API</a> with tokens of their issuer.</p>
{% else %}
<p>Choose an invented person. You will see what this person sees.</p>
{% for person in people %}
<form action="/sign-in/{{ person.id }}{{ next }}" method="post">
<h2 class="nhsuk-heading-s nhsuk-u-margin-bottom-1">{{ person.name }}</h2>
<p class="nhsuk-u-margin-bottom-2">{{ person.role }}</p>
<button class="nhsuk-button nhsuk-button--secondary nhsuk-button--small">Continue as {{ person.name }}</button>
</form>
{% endfor %}
{% endif %}
</div></div>
{% endblock %}"#
)]
struct SignInPage<'a> {
    layout: Layout,
    people: &'a [DemoPerson],
    next: String,
    has_ended: bool,
    is_about_symptoms: bool,
}

/// The place to go after signing in, and whether the last sign-in has ended.
#[derive(Deserialize)]
pub struct After {
    next: Option<String>,
    ended: Option<String>,
}

impl After {
    /// A path of this server; the start page in place of anything else.
    fn place(&self) -> &str {
        let next = self.next.as_deref().unwrap_or("/");
        let own = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\');
        if own && next.bytes().all(|byte| byte.is_ascii_graphic()) { next } else { "/" }
    }
}

pub fn routes() -> Router<Pages> {
    Router::new()
        .route("/sign-in", get(page))
        .route("/sign-in/{person}", post(sign_in))
        .route("/sign-out", post(sign_out))
}

async fn page(State(pages): State<Pages>, Query(after): Query<After>) -> Response {
    let next = match after.place() {
        "/" => String::new(),
        place => format!("?next={}", page_engine::encoded(place)),
    };
    let (has_ended, is_about_symptoms) =
        (after.ended.is_some(), after.place().starts_with("/check-symptoms") && after.place() != KEEP);
    let layout = Layout::open(if pages.people.is_empty() { "Sign in" } else { "Who are you?" });
    HtmlPage::ok(SignInPage { layout, people: &pages.people, next, has_ended, is_about_symptoms }).into_response()
}

/// Begins a sign-in in place of the one before. The form has no token, because a token belongs to a sign-in; the header `Origin` shows
/// that a page of this server has sent it. The claimable checks of a visit without an account are carried over. The drafts of a
/// patient are not: the next person at the device can be another one.
async fn sign_in(
    State(pages): State<Pages>,
    Path(person): Path<String>,
    Query(after): Query<After>,
    Guest(visitor): Guest,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    is_own_page(&headers)?;
    let person = pages.person(&person).ok_or_else(|| Problem::of(&NOT_FOUND))?;
    let was_anonymous = visitor.is_some_and(|visitor| anonymous_of(visitor.caller()).is_some());
    let is_patient = patient_of(&person.caller).is_some();
    let carried: &[&str] = if was_anonymous && is_patient { &[CLAIMABLE_DRAFT] } else { &[] };
    let cookie = pages.sign_ins.begin(&headers, &person.caller, &person.name, carried).await?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, after.place())], [(header::SET_COOKIE, cookie)]).into_response())
}

async fn sign_out(
    State(pages): State<Pages>,
    headers: HeaderMap,
    Guest(visitor): Guest,
    form: Result<PostedForm, PageError>,
) -> Result<Response, PageError> {
    if visitor.is_some() {
        form?;
    }
    let cookie = pages.sign_ins.end(&headers).await?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, "/")], [(header::SET_COOKIE, cookie)]).into_response())
}
