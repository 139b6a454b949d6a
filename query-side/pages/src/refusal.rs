//! The page of a command that was refused: the rule's own sentence, the limit if there is one, and ways to go on.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http_edge::Problem;
use page_engine::{HtmlPage, Visitor};

use crate::{
    appointment_card::AppointmentCard,
    layout::{Layout, filters},
};

/// A way to go on: an address and its text.
pub type WayOn = (String, String);

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>{{ layout.title }}</h1>
{% if let Some(limit) = limit %}<p>{{ limit }}</p>{% endif %}
<p>Nothing was changed.</p>
{% if !counted.is_empty() %}<h2>These count</h2>{% for one in counted %}{{ one|safe }}{% endfor %}{% endif %}
<ul class="nhsuk-list">
{% for way in ways %}<li><a href="{{ way.0 }}">{{ way.1 }}</a></li>
{% endfor %}
</ul>
</div></div>
{% endblock %}"#
)]
struct RefusalPage {
    layout: Layout,
    limit: Option<String>,
    /// The appointments that count towards the limit.
    counted: Vec<AppointmentCard>,
    ways: Vec<WayOn>,
}

/// True if a rule refused the command. Other problems (the log is not available, the form is malformed) have an error
/// page.
pub fn is_rule(problem: &Problem) -> bool {
    matches!(problem.status().as_u16(), 403 | 404 | 409 | 410 | 412 | 422)
}

/// The page of a refusal by a rule; an error page for another problem.
pub fn page(visitor: &Visitor, problem: Problem, ways: Vec<WayOn>) -> Response {
    if !is_rule(&problem) {
        return problem.into_response();
    }
    titled(visitor, problem.title(), &problem, ways)
}

/// The same with another sentence than the rule's.
pub fn titled(visitor: &Visitor, title: &str, problem: &Problem, ways: Vec<WayOn>) -> Response {
    shown(visitor, title, problem, Vec::new(), ways)
}

/// The page of a limit, with the appointments that count towards it.
pub fn of_limit(visitor: &Visitor, problem: &Problem, counted: Vec<AppointmentCard>, ways: Vec<WayOn>) -> Response {
    shown(visitor, problem.title(), problem, counted, ways)
}

fn shown(
    visitor: &Visitor,
    title: &str,
    problem: &Problem,
    counted: Vec<AppointmentCard>,
    ways: Vec<WayOn>,
) -> Response {
    let layout = Layout::of(visitor, title);
    HtmlPage(problem.status(), RefusalPage { layout, limit: limit(problem), counted, ways }).into_response()
}

/// The limit that was reached, as a sentence.
fn limit(problem: &Problem) -> Option<String> {
    let (limit, of) = (problem.member("limit")?, problem.member("of")?.as_str()?);
    Some(format!("The limit is {limit} {of}."))
}
