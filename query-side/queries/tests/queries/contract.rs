//! Compares every answer of every test with `/openapi.json`: its status, its type, its headers and its body must be
//! described for its operation.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
};

use axum::http::{Method, StatusCode};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::harness::Answer;

/// The document is the same for every harness.
static CONTRACT: OnceLock<Contract> = OnceLock::new();

/// Headers that HTTP itself defines for any answer, and that of pages.
const OF_HTTP: [&str; 6] =
    ["allow", "cache-control", "content-length", "content-security-policy", "content-type", "location"];

pub struct Contract {
    document: Value,
    /// By the reference to the schema, or the schema's text.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// True once the document was set.
pub fn is_known() -> bool {
    CONTRACT.get().is_some()
}

/// Sets the document; later calls have no effect.
pub fn learn(document: Value) {
    CONTRACT.get_or_init(|| Contract { document, validators: Mutex::default() });
}

/// Panics if the answer is not described.
pub fn hold(method: &Method, path: &str, answer: &Answer) {
    if let Some(contract) = CONTRACT.get() {
        contract.hold(method, path, answer);
    }
}

/// The described path that a request for `path` reaches, like `/streams/{stream}` for `/streams/diary-1`.
pub fn template_of(path: &str) -> Option<String> {
    let contract = CONTRACT.get().expect("a document");
    contract.described(path).map(|(template, _)| template.clone())
}

/// True if the schema of a command accepts this body.
pub fn accepts(command: &str, body: &Value) -> bool {
    let contract = CONTRACT.get().expect("a document");
    let schema = json!({"$ref": format!("#/components/schemas/{}", contract.body_of(command))});
    contract.validator(&schema).is_valid(body)
}

impl Contract {
    fn hold(&self, method: &Method, path: &str, answer: &Answer) {
        let Some((template, operations)) = self.described(path) else { return };
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let operation = &operations[method.as_str().to_lowercase()];
        if operation.is_null() {
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {template} is not described");
            return;
        }
        let place = format!("{method} {template} {}", answer.status);
        let described = self.resolved(&operation["responses"][answer.status.as_str()]);
        assert!(described.is_object(), "{place} is not described: {answer:?}");
        self.hold_headers(&place, described, answer);
        let Some(content) = described["content"].as_object().filter(|content| !content.is_empty()) else { return };
        let kind = answer.header("content-type").unwrap_or_default();
        let schema = content.get(kind).unwrap_or_else(|| panic!("{place}: {kind} is not described"));
        if answer.text.is_empty() {
            return;
        }
        let body = answer.json();
        let faults: Vec<String> =
            self.validator(&schema["schema"]).iter_errors(&body).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{place}: {faults:?}\n{body}");
    }

    /// The described path that a request for `path` reaches, and its operations.
    fn described(&self, path: &str) -> Option<(&String, &Value)> {
        let path = path.split('?').next().unwrap_or_default();
        let paths = self.document["paths"].as_object().expect("paths");
        // A path without braces is meant before one with them.
        let fitting = paths.iter().filter(|(template, _)| fits(template, path));
        fitting.min_by_key(|(template, _)| template.matches('{').count())
    }

    fn hold_headers(&self, place: &str, described: &Value, answer: &Answer) {
        let headers = described["headers"].as_object();
        let known = |name: &str| headers.is_some_and(|all| all.keys().any(|known| known.eq_ignore_ascii_case(name)));
        for (name, value) in &answer.headers {
            if OF_HTTP.contains(&name.as_str()) {
                continue;
            }
            assert!(known(name.as_str()), "{place}: the header {name} is not described");
            let schema = headers.into_iter().flatten().find(|(known, _)| known.eq_ignore_ascii_case(name.as_str()));
            let schema = schema.map(|(_, header)| &self.resolved(header)["schema"]).expect("a header");
            let text = value.to_str().expect("text");
            let value = text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number));
            assert!(self.validator(schema).is_valid(&value), "{place}: {name}: {text}");
        }
    }

    fn body_of(&self, command: &str) -> &str {
        let operation = &self.document["paths"][format!("/commands/{command}")]["post"];
        let reference = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        reference.as_str().and_then(|reference| reference.rsplit('/').next()).expect("a body with a name")
    }

    fn resolved<'a>(&'a self, part: &'a Value) -> &'a Value {
        let pointer = part["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        pointer.map_or(part, |pointer| self.document.pointer(pointer).expect("a component"))
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().expect("no test panics here");
        let make = || {
            let whole = json!({"allOf": [schema], "components": {"schemas": self.document["components"]["schemas"]}});
            Arc::new(jsonschema::draft202012::new(&whole).expect("a JSON Schema"))
        };
        Arc::clone(validators.entry(schema.to_string()).or_insert_with(make))
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let same = |(part, given): (&&str, &&str)| part.starts_with('{') || part == given;
    template.len() == path.len() && template.iter().zip(&path).all(same)
}
