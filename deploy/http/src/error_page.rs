//! Error pages for people: a problem as HTML. The page has no script, loads nothing, and is readable without a style
//! sheet. A crate with its own pages passes its layout to the middleware (`middleware::public_with_pages`).

use axum::http::StatusCode;

use crate::fault::Fault;

/// The content of an error page. All texts are raw: a layout has to escape each of them (`escaped`).
#[derive(Debug)]
pub struct ErrorPage<'a> {
    pub status: StatusCode,
    /// A description in plain words.
    pub heading: &'static str,
    /// The title of the problem's type, from the catalogue.
    pub title: &'static str,
    /// The fault in this case. It may quote the request.
    pub detail: Option<&'a str>,
    /// The remedy.
    pub advice: &'static str,
    /// The faults in the input. They may quote the request.
    pub faults: &'a [Fault],
    /// The id by which support can find the request. Absent on the operator's listener.
    pub request_id: Option<&'a str>,
}

/// Writes the whole HTML document of an error. Style sheets and images may come from the same server; scripts and
/// external resources are blocked by the policy of error pages.
pub type ErrorLayout = fn(&ErrorPage<'_>) -> String;

/// The layout of an installation without its own pages.
pub fn plain(page: &ErrorPage<'_>) -> String {
    let heading = escaped(page.heading);
    let mut main = format!("<h1>{heading}</h1>\n");
    let texts = [Some(page.title), page.detail, Some(page.advice)];
    for text in texts.into_iter().flatten() {
        main += &format!("<p>{}</p>\n", escaped(text));
    }
    if !page.faults.is_empty() {
        main.push_str("<ul>\n");
        for Fault { pointer, detail } in page.faults {
            main += &format!("<li>{}: {}</li>\n", escaped(pointer), escaped(detail));
        }
        main.push_str("</ul>\n");
    }
    if let Some(id) = page.request_id {
        main += &format!("<p>If you ask for help, give this reference: <code>{}</code></p>\n", escaped(id));
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{heading}</title>\n</head>\n<body>\n<main>\n{main}</main>\n</body>\n</html>\n"
    )
}

/// Escapes markup characters, for text and for quoted attributes.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            character => safe.push(character),
        }
    }
    safe
}

/// The heading of a status, for people.
pub(crate) fn heading(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "Please sign in",
        StatusCode::FORBIDDEN => "Sorry, you cannot see this page",
        StatusCode::NOT_FOUND | StatusCode::GONE => "Sorry, this page is not here",
        StatusCode::REQUEST_TIMEOUT => "Sorry, your request came too slowly",
        StatusCode::PAYLOAD_TOO_LARGE => "Sorry, that is too large to send",
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED | StatusCode::UNPROCESSABLE_ENTITY => {
            "Sorry, this could not be done"
        }
        StatusCode::TOO_MANY_REQUESTS => "Sorry, there are too many requests from you at once",
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            "Sorry, the service is not available at the moment"
        }
        status if status.is_client_error() => "Sorry, we could not read this request",
        _ => "Sorry, something went wrong",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_a_page_is_escaped() {
        let faults = [Fault { pointer: "/<a>".into(), detail: "<b> is wrong".into() }];
        let page = plain(&ErrorPage {
            status: StatusCode::BAD_REQUEST,
            heading: "<heading> & more",
            title: "<title>",
            detail: Some("<script>alert('\"')</script>"),
            advice: "Send <token>.",
            faults: &faults,
            request_id: Some("<id>"),
        });
        let main = page.split_once("<main>\n").and_then(|(_, rest)| rest.split_once("</main>")).map(|(main, _)| main);
        assert_eq!(
            main,
            Some(
                "<h1>&lt;heading&gt; &amp; more</h1>\n<p>&lt;title&gt;</p>\n\
                 <p>&lt;script&gt;alert(&#39;&quot;&#39;)&lt;/script&gt;</p>\n<p>Send &lt;token&gt;.</p>\n\
                 <ul>\n<li>/&lt;a&gt;: &lt;b&gt; is wrong</li>\n</ul>\n\
                 <p>If you ask for help, give this reference: <code>&lt;id&gt;</code></p>\n"
            )
        );
        assert!(page.contains("<title>&lt;heading&gt; &amp; more</title>"), "{page}");
    }
}
