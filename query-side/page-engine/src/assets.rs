//! Style sheets, scripts and images, from the binary. Their path holds a hash of their content, so that browsers keep
//! them without asking again.

use std::io::Read;

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use http_edge::{Problem, problem_catalogue::INTERNAL};

/// A file that is embedded in the binary.
#[derive(Debug)]
pub struct Asset {
    /// The path below `/assets/`, with the hash of all assets in it.
    pub path: &'static str,
    pub content_type: &'static str,
    /// Its content, compressed with gzip.
    pub gzip: &'static [u8],
}

const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub(crate) fn router(assets: &'static [Asset]) -> Router {
    let served = move |Path(path): Path<String>, headers: HeaderMap| async move {
        match assets.iter().find(|asset| asset.path == path) {
            Some(asset) => asset.served(&headers),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    };
    Router::new().route("/assets/{*path}", get(served))
}

impl Asset {
    fn served(&self, headers: &HeaderMap) -> Response {
        let mut response = if accepts_gzip(headers) {
            ([(header::CONTENT_ENCODING, "gzip")], self.gzip).into_response()
        } else {
            let mut content = Vec::new();
            match flate2::read::GzDecoder::new(self.gzip).read_to_end(&mut content) {
                Ok(_) => content.into_response(),
                Err(_) => return Problem::of(&INTERNAL).into_response(),
            }
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::CACHE_CONTROL, KEPT);
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }
}

/// Browsers send `gzip` without a weight. A client that sends one gets the plain form.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| coding.trim().eq_ignore_ascii_case("gzip"))
}
