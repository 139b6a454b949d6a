//! The page of an error: what happened, what to do, other ways to get help, and the reference of the request.

use askama::Template;
use axum::http::StatusCode;
use http_edge::ErrorPage;

use crate::layout::{Layout, filters};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>{{ heading }}</h1>
<p>{{ remedy }}</p>
<p><a class="nhsuk-button" href="">Try again</a></p>
<p><a href="/">Go to the start page</a></p>
<h2>If you need help now</h2>
<ul>
<li>telephone your practice</li>
<li>call 111 if you need medical help and are not sure what to do</li>
<li>call 999 in an emergency</li>
</ul>
{% if let Some(id) = reference %}
<p>If you ask for help with this page, give this reference: <span class="frontdoor-reference">{{ id }}</span></p>
{% endif %}
</div></div>
{% endblock %}"#
)]
struct ProblemPage<'a> {
    layout: Layout,
    heading: &'static str,
    remedy: &'static str,
    reference: Option<&'a str>,
}

/// The layout of error pages. It shows nothing of the problem's own text, which addresses developers.
pub fn error_page(page: &ErrorPage<'_>) -> String {
    let remedy = match page.status {
        StatusCode::NOT_FOUND | StatusCode::GONE => "If you typed the address, check that it is correct.",
        StatusCode::FORBIDDEN => "It may belong to another person, or it may have ended. Go to the start page.",
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            "Wait a moment and try again. What you sent last may have been saved, and sending it again does no harm."
        }
        status if status.is_server_error() => {
            "Try again later. What you sent last may have been saved, and sending it again does no harm."
        }
        _ => "Go back, load the page again and send it once more.",
    };
    let mut layout = Layout::open(page.heading);
    layout.has_script = false;
    let shown = ProblemPage { layout, heading: page.heading, remedy, reference: page.request_id };
    shown.render().unwrap_or_else(|_| http_edge::error_page::plain(page))
}
