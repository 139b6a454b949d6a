//! The licences of what the pages are made of.

use askama::Template;
use axum::response::IntoResponse;
use axum::response::Response;
use page_engine::HtmlPage;

use crate::layout::{Layout, filters};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>Licences</h1>
<p>Frontdoor is free software under the Apache License, Version 2.0.</p>
<h2>NHS.UK frontend</h2>
<p>The style sheet of these pages is that of nhsuk-frontend, without its font and its logo.</p>
<p>The MIT License. Copyright (c) 2018 Crown Copyright (NHS England).</p>
<p>Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:</p>
<p>The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.</p>
<p>The Software is provided "as is", without warranty of any kind, express or implied, including but not limited to the warranties of merchantability, fitness for a particular purpose and noninfringement. In no event shall the authors or copyright holders be liable for any claim, damages or other liability, whether in an action of contract, tort or otherwise, arising from, out of or in connection with the Software or the use or other dealings in the Software.</p>
</div></div>
{% endblock %}"#
)]
struct LicencesPage {
    layout: Layout,
}

pub async fn page() -> Response {
    HtmlPage::ok(LicencesPage { layout: Layout::open("Licences") }).into_response()
}
