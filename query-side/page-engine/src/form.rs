//! Forms: the fields of a POST from a page, after it was checked that the page is one of this server's.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, Uri, header},
};
use http_edge::{
    Problem,
    problem_catalogue::{MALFORMED, TOO_LARGE},
};

use crate::{
    error::PageError,
    visitor::{Visitor, foreign},
};

/// The maximum size of a form in bytes. The longest text of a form has a few hundred characters.
const FORM_BYTES_MAX: usize = 64 * 1024;
/// The maximum number of fields in a form.
const FIELDS_MAX: usize = 200;
/// The name of the field with the anti-forgery token.
const TOKEN: &str = "form-token";
/// The name of the field with the idempotency key.
const KEY: &str = "form-key";

/// The fields of a form that a visitor has sent. The form comes from a page of this server: its `Origin` is this host,
/// and it holds the token of the visitor's sign-in.
pub struct PostedForm {
    /// The visitor, whose answers are up to date.
    pub visitor: Visitor,
    /// The key that the form was made with.
    pub key: Box<str>,
    fields: Vec<(String, String)>,
}

impl PostedForm {
    /// The value of a field without the space around it; empty if the field is absent.
    pub fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// The value of a field that was filled in.
    pub fn filled(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// The values of a field that can be there several times, such as checkboxes.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.trim()).collect()
    }

    /// A key for a further command of the same form.
    pub fn key_for(&self, step: &str) -> Box<str> {
        format!("{}.{step}", self.key).into()
    }
}

impl<S: Send + Sync> FromRequest<S> for PostedForm {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<PostedForm, PageError> {
        let (mut parts, body) = request.into_parts();
        is_own_page(&parts.headers)?;
        let visitor = <Visitor as FromRequestParts<S>>::from_request_parts(&mut parts, state).await?;
        let body = Bytes::from_request(Request::from_parts(parts, body), state).await;
        let body = body.map_err(|_| Problem::of(&MALFORMED))?;
        if body.len() > FORM_BYTES_MAX {
            return Err(Problem::of(&TOO_LARGE).into());
        }
        let fields: Vec<(String, String)> = form_urlencoded::parse(&body)
            .take(FIELDS_MAX + 1)
            .map(|(name, value)| (name.into(), lines(&value)))
            .collect();
        if fields.len() > FIELDS_MAX {
            return Err(Problem::of(&TOO_LARGE).into());
        }
        let mut form = PostedForm { visitor: visitor.up_to_date(), key: "".into(), fields };
        if !form.visitor.signed_in.holds(form.text(TOKEN)) {
            return Err(foreign().into());
        }
        form.key = form.text(KEY).into();
        Ok(form)
    }
}

/// Browsers end the lines of a text with CR LF; texts are stored with LF.
fn lines(value: &str) -> String {
    value.replace("\r\n", "\n")
}

/// Checks that a page of this server has sent the request. For forms without a sign-in; `PostedForm` includes it.
///
/// # Errors
/// If another page has sent it.
pub fn is_own_page(headers: &HeaderMap) -> Result<(), Problem> {
    if is_own(headers) { Ok(()) } else { Err(foreign()) }
}

/// True if the browser says that a page of this server has sent the request. Browsers send `Origin` with each POST.
fn is_own(headers: &HeaderMap) -> bool {
    let one = |name| {
        let mut given = headers.get_all(name).iter();
        given.next().filter(|_| given.next().is_none()).and_then(|value| value.to_str().ok())
    };
    let origin = one(header::ORIGIN).and_then(|origin| origin.parse::<Uri>().ok());
    let own = origin.as_ref().and_then(Uri::authority).map(|authority| authority.as_str());
    own.is_some() && own == one(header::HOST)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn from(origin: &[&'static str], host: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        for origin in origin {
            headers.append(header::ORIGIN, HeaderValue::from_static(origin));
        }
        headers.append(header::HOST, HeaderValue::from_static(host));
        is_own(&headers)
    }

    #[test]
    fn only_pages_of_this_host_send_forms() {
        assert!(from(&["http://127.0.0.1:8080"], "127.0.0.1:8080"));
        assert!(from(&["https://front.example"], "front.example"));
        for other in ["http://127.0.0.1:8081", "http://evil.example", "null", "", "http://127.0.0.1:8080.evil.example"]
        {
            assert!(!from(&[other], "127.0.0.1:8080"), "{other}");
        }
        assert!(!from(&[], "127.0.0.1:8080"));
        assert!(!from(&["http://127.0.0.1:8080", "http://127.0.0.1:8080"], "127.0.0.1:8080"));
    }
}
