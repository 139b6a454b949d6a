//! The log lines of a request, as specified in `docs/logging.md`.

use std::{cell::RefCell, io, sync::Once};

use serde_json::Value;
use tracing::{Level, callsite::rebuild_interest_cache};

use super::*;

thread_local! {
    /// Each test has its own thread.
    static WRITTEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct WrittenHere;

impl io::Write for WrittenHere {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        WRITTEN.with_borrow_mut(|written| written.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All lines that are written while the middleware answers this request.
async fn lines_of(request: Request) -> Vec<Value> {
    static SUBSCRIBED: Once = Once::new();
    SUBSCRIBED.call_once(|| {
        let lines = tracing_subscriber::fmt().json().with_max_level(Level::DEBUG).with_writer(|| WrittenHere);
        // For all threads: with a subscriber for this thread alone, a line that another test reaches first stays
        // disabled.
        tracing::subscriber::set_global_default(lines.finish()).expect("there is no other");
        rebuild_interest_cache();
    });
    WRITTEN.take();
    drop(ask(Limits::default(), request).await);
    let written = WRITTEN.take();
    let lines = written.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice::<Value>(line).expect("JSON")).collect()
}

#[tokio::test]
async fn a_request_has_one_line_with_its_ids_and_the_template_of_its_path() {
    let mut request = get_request("/people/alice");
    request.headers_mut().insert(trace::REQUEST_ID, HeaderValue::from_static("gateway-7"));
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    request.headers_mut().insert(trace::TRACEPARENT, HeaderValue::from_static(parent));
    let lines = lines_of(request).await;
    let [line] = lines.as_slice() else { panic!("not one line: {lines:?}") };
    assert_eq!(line["target"], "http_edge::middleware");
    assert_eq!(line["level"], "DEBUG");
    assert_eq!(line["fields"]["message"], "answered a request");
    assert_eq!(line["fields"]["status"], 200);
    assert!(line["fields"]["took_ms"].is_f64(), "{line}");
    let span = &line["span"];
    assert_eq!(span["name"], "request");
    assert_eq!(span["method"], "GET");
    assert_eq!(span["route"], "/people/{id}");
    assert_eq!(span["request_id"], "gateway-7");
    assert_eq!(span["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert!(!line.to_string().contains("alice"), "{line}");
}

#[tokio::test]
async fn a_panic_is_an_error_of_its_request_and_does_not_repeat_its_text() {
    let lines = lines_of(get_request("/panic")).await;
    let told = lines.iter().map(|line| (line["level"].as_str(), line["fields"]["message"].as_str()));
    let expected = [(Some("ERROR"), Some("a request panicked")), (Some("WARN"), Some("a request failed"))];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert!(lines.iter().all(|line| line["span"]["route"] == "/panic"), "{lines:?}");
    assert!(!format!("{lines:?}").contains("a bug"), "{lines:?}");
}
