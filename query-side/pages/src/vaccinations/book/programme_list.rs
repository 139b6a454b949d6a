//! The programme to book: all that this server has.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use queries::vaccinations::{ListProgrammes, OfferedProgramme};

use crate::{
    concerned::Concerned,
    layout::{Layout, filters},
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>{{ layout.title }}</h1>
<p>Choose a vaccination. Some questions follow, and then you can choose where and when.</p>
<ul class="nhsuk-list nhsuk-list--border">
{% for one in programmes %}<li><a href="{{ address }}/{{ one.programme }}">{{ one.title }}</a><br>{{ one.about }}</li>
{% endfor %}
</ul>
</div></div>
{% endblock %}"#
)]
struct ProgrammeListPage {
    layout: Layout,
    address: String,
    programmes: Vec<OfferedProgramme>,
}

/// # Errors
/// If the visitor is neither a patient nor at a desk, or the query fails.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, concerned: Concerned) -> Result<Response, PageError> {
    let found = pages.ask(&visitor, &ListProgrammes {}).await?;
    let back = if concerned.is_by_desk() { concerned.base.clone() } else { "/".to_owned() };
    let layout = Layout::of(&visitor, "Book a vaccination").back(back).stale(found.stale);
    let page =
        ProgrammeListPage { layout, address: concerned.vaccination_booking(), programmes: found.answer.programmes };
    Ok(HtmlPage::ok(page).into_response())
}
