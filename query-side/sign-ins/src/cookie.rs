//! The cookie of a sign-in.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::{error::SignInsError, token::SignInToken};

/// The cookie's name. With the prefix `__Host-` a browser takes it from this host alone, over TLS, for all paths, so no
/// other host of the same domain can set it.
pub const COOKIE: &str = "__Host-sign-in";

/// The value of `Set-Cookie` that removes the cookie from the browser.
pub const CLEARED: HeaderValue =
    HeaderValue::from_static("__Host-sign-in=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");

/// The value of `Set-Cookie` for a new sign-in. Without `Max-Age`, the cookie ends with the browser, too.
pub fn set(token: &SignInToken) -> Result<HeaderValue, SignInsError> {
    let value = format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax", token.text());
    let mut value =
        HeaderValue::try_from(value).map_err(|_| SignInsError::Unmade("the cookie is no value of a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The token in the cookie. `None` unless there is one header `Cookie`, with one cookie of this name, which is a token.
/// A cookie that comes twice says that something other than `set` has made one of them.
pub fn token(headers: &HeaderMap) -> Option<SignInToken> {
    let mut given = headers.get_all(header::COOKIE).iter();
    let (Some(header), None) = (given.next(), given.next()) else { return None };
    // Bytes, because cookies of others may have values that are not ASCII.
    let mut values = header.as_bytes().split(|byte| *byte == b';').filter_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = pair.split_at(at);
        (name.trim_ascii() == COOKIE.as_bytes()).then(|| value.get(1..).unwrap_or_default().trim_ascii())
    });
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    SignInToken::parse(value)
}
