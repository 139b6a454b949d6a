//! The page that shows the deliveries, and a script that keeps it up to date.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderName, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::Value;

use super::received::{Received, ReceivedDelivery};
use crate::output;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; \
    base-uri 'none'; form-action 'none'";
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

const STYLE: &str = "\
body { font: 1.1rem/1.4 sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; color: #212b32; background: #f0f4f5 }
article { background: #fff; border-left: 0.5rem solid #005eb8; padding: 0.5rem 1rem; margin: 1rem 0 }
h2 { font-size: 1.1rem; margin: 0 }
p, dl { margin: 0.5rem 0 }
dt { font-weight: bold }
dd { margin: 0 0 0.5rem; white-space: pre-wrap; overflow-wrap: anywhere }
";

const SCRIPT: &str = "\
async function look() {
  try {
    const page = new DOMParser().parseFromString(await (await fetch('/')).text(), 'text/html');
    const [seen, now] = [document, page].map((one) => one.querySelector('main'));
    if (seen.textContent !== now.textContent) seen.replaceChildren(...now.childNodes);
  } finally {
    setTimeout(look, 1000);
  }
}
look();
";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What arrived</title>
<link rel="stylesheet" href="/style.css">
<script src="/script.js" defer></script>
</head>
<body>
<main aria-live="polite">
<h1>What arrived</h1>
<p>This stands for the systems outside: it shows what the gateways of the demonstration deliver, the newest first. Nothing is sent to anybody.</p>
{% if arrived.is_empty() %}<p>Nothing has arrived yet.</p>{% endif %}
{% for delivery in arrived %}
<article>
<h2>{{ delivery.gateway }}</h2>
<dl>
{% for (name, text) in delivery.fields %}<dt>{{ name }}</dt><dd>{{ text }}</dd>
{% endfor %}</dl>
<p>Received at {{ delivery.received_at }}{% if delivery.times > 1 %}, and {{ delivery.times - 1 }} more times{% endif %}</p>
</article>
{% endfor %}
</main>
</body>
</html>
"#
)]
struct ReceivedPage {
    arrived: Vec<Arrived>,
}

struct Arrived {
    gateway: String,
    fields: Vec<(String, String)>,
    received_at: String,
    times: u32,
}

pub async fn show(State(received): State<Received>) -> Response {
    let arrived = received.newest_first().items.into_iter().map(shown).collect();
    match (ReceivedPage { arrived }).render() {
        Ok(page) => (HEADERS, Html(page)).into_response(),
        Err(error) => {
            output::error_line(format_args!("the page cannot be written: {error}"));
            axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

pub async fn script() -> Response {
    (HEADERS, [(header::CONTENT_TYPE, "text/javascript")], SCRIPT).into_response()
}

pub async fn style() -> Response {
    (HEADERS, [(header::CONTENT_TYPE, "text/css")], STYLE).into_response()
}

fn shown(delivery: ReceivedDelivery) -> Arrived {
    let fields = match delivery.contents.as_object() {
        Some(members) => members.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        None => vec![("contents".to_owned(), text(&delivery.contents))],
    };
    let received_at = delivery.received_at.to_string();
    Arrived { gateway: delivery.gateway, fields, received_at, times: delivery.times }
}

/// A text as it is; anything else as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| format!("{value:#}"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn the_page_shows_what_was_delivered_as_text() {
        let received = Received::default();
        received.take("sms".to_owned(), "1".to_owned(), json!({"to": "+447700900123", "text": "<b>New</b>"}));
        let shown = show(State(received)).await;
        assert_eq!(shown.headers()[header::CONTENT_SECURITY_POLICY], POLICY);
        let body = axum::body::to_bytes(shown.into_body(), 64 * 1024).await.expect("a page");
        let page = String::from_utf8(body.into()).expect("text");
        assert!(page.contains("+447700900123") && page.contains("&#60;b&#62;New"), "{page}");
    }
}
