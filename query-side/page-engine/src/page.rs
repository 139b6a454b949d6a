//! The response of a page: HTML with the headers of pages.

use askama::Template;
use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use event_core::LogPosition;
use http_edge::problem_catalogue::INTERNAL;
use tower_http::compression::CompressionLayer;

use crate::{Asset, Pages, assets};

/// Only this server's own style sheets, scripts and images, and no inline ones.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);
const REFERRER_POLICY: HeaderName = HeaderName::from_static("referrer-policy");

/// A rendered page.
pub struct HtmlPage<T>(pub StatusCode, pub T);

impl<T: Template> HtmlPage<T> {
    pub fn ok(template: T) -> HtmlPage<T> {
        HtmlPage(StatusCode::OK, template)
    }
}

impl<T: Template> IntoResponse for HtmlPage<T> {
    fn into_response(self) -> Response {
        match self.1.render() {
            Ok(html) => {
                let html_type = HeaderValue::from_static("text/html; charset=utf-8");
                (self.0, [(header::CONTENT_TYPE, html_type)], html).into_response()
            }
            Err(error) => {
                tracing::error!(%error, "a page could not be rendered");
                http_edge::Problem::of(&INTERNAL).into_response()
            }
        }
    }
}

/// The answer to a form that leads to another page.
pub fn see_other(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
}

/// The answer to a command that was granted: the way to a page that shows its result.
pub fn back_to(path: &str, position: LogPosition) -> Response {
    let sign = if path.contains('?') { '&' } else { '?' };
    see_other(&format!("{path}{sign}after={position}"))
}

/// The routes of these pages and their assets, with the headers that all pages have. No page is stored by a cache: what
/// it shows may concern a person, and the back button asks again.
pub fn router(pages: Pages, routes: Router<Pages>, assets: &'static [Asset]) -> Router {
    let policed = middleware::from_fn(async |request: Request, next: Next| {
        let mut response = next.run(request).await;
        let headers = response.headers_mut();
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(POLICY);
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        response
    });
    routes.with_state(pages).layer(policed).layer(CompressionLayer::new()).merge(assets::router(assets))
}
