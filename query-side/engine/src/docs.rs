//! `/docs`: a page to try the API, served from the binary. It loads nothing from elsewhere, and its policy forbids it.

use axum::{
    Router,
    http::{HeaderValue, header},
};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Scripts, styles and calls are allowed from this origin only. The page itself also writes inline styles and images.
const ONLY_FROM_HERE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

pub fn router() -> Router {
    let config = Config::from("/openapi.json")
        // Swagger UI would send the document to a validator on the internet.
        .validator_url("none")
        // Tokens are pasted again after each reload, and are never written to the browser's storage.
        .persist_authorization(false)
        .display_request_duration(true);
    Router::from(SwaggerUi::new("/docs").config(config))
        .layer(SetResponseHeaderLayer::overriding(header::CONTENT_SECURITY_POLICY, ONLY_FROM_HERE))
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        http::{Request, StatusCode},
    };
    use tower::ServiceExt;

    use super::*;

    async fn get(path: &str) -> (StatusCode, Option<HeaderValue>, String) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let answer = router().oneshot(request).await.expect("infallible");
        let policy = answer.headers().get(header::CONTENT_SECURITY_POLICY).cloned();
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), 64 << 20).await.expect("a body");
        (status, policy, String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The values of the attributes `src` and `href` in a page.
    fn loaded(page: &str) -> Vec<&str> {
        let attributes = ["src=\"", "href=\""];
        let starts = attributes.iter().flat_map(|name| page.match_indices(name).map(|(at, found)| at + found.len()));
        starts.filter_map(|start| page[start..].split('"').next()).collect()
    }

    #[tokio::test]
    async fn the_page_loads_only_files_of_this_binary() {
        let (status, policy, page) = get("/docs/").await;
        assert_eq!((status, policy), (StatusCode::OK, Some(ONLY_FROM_HERE)));
        let files = loaded(&page);
        assert!(files.len() >= 5, "{files:?}");
        for file in files {
            assert!(!file.contains("//"), "{file} comes from elsewhere");
            let (status, policy, _) = get(&format!("/docs/{}", file.trim_start_matches("./"))).await;
            assert_eq!((status, policy), (StatusCode::OK, Some(ONLY_FROM_HERE)), "{file}");
        }
    }

    #[tokio::test]
    async fn the_page_shows_our_document_and_asks_no_validator() {
        let (_, _, script) = get("/docs/swagger-initializer.js").await;
        assert!(script.contains("\"url\": \"/openapi.json\""), "{script}");
        assert!(script.contains("\"validatorUrl\": \"none\""), "{script}");
        assert!(!script.contains("http"), "{script}");
    }
}
