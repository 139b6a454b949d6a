//! The licences of what the binary is made of.

use askama::Template;
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use page_engine::HtmlPage;

use crate::layout::{Layout, filters};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>Licences</h1>
<p>Frontdoor is free software under the Apache License, Version 2.0. It is made with the software below. The style sheet of these
pages is that of nhsuk-frontend, without its font and its logo.</p>
<p><a href="/licences/notices">Every notice and licence text</a></p>
<table class="nhsuk-table">
<caption class="nhsuk-table__caption">Components</caption>
<thead class="nhsuk-table__head"><tr><th scope="col">Component</th><th scope="col">Licence</th></tr></thead>
<tbody class="nhsuk-table__body">
{% for (component, licence) in ::licences::components() %}<tr class="nhsuk-table__row"><td class="nhsuk-table__cell">{{ component }}</td><td class="nhsuk-table__cell">{{ licence }}</td></tr>
{% endfor %}
</tbody>
</table>
</div></div>
{% endblock %}"#
)]
struct LicencesPage {
    layout: Layout,
}

pub async fn page() -> Response {
    HtmlPage::ok(LicencesPage { layout: Layout::open("Licences") }).into_response()
}

/// The notices as text: they are as their authors wrote them.
pub async fn notices() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], ::licences::TEXT).into_response()
}
