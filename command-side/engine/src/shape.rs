//! Checks that a body has the shapes that its schema names. Serde also reads a struct from an array of its values, and
//! a name from an object with that name: a second spelling that the schema does not describe. Commands are accepted in
//! the described spelling only, at every depth.

use serde_json::Value;

use http_edge::Fault;

/// The maximum number of references that are followed in a row; our schemas have one at a time.
const REFERENCES_MAX: usize = 8;

/// # Errors
/// The place of the first value that is not of its schema's JSON type.
pub(crate) fn check(schema: &Value, body: &Value) -> Result<(), Fault> {
    Shapes { root: schema }.check(schema, body, String::new())
}

struct Shapes<'a> {
    root: &'a Value,
}

impl<'a> Shapes<'a> {
    fn check(&self, schema: &'a Value, value: &Value, pointer: String) -> Result<(), Fault> {
        let schema = self.resolved(schema);
        let branches = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array);
        if let Some(branches) = branches {
            let mut first = None;
            for branch in branches {
                match self.check(branch, value, pointer.clone()) {
                    Ok(()) => return Ok(()),
                    Err(fault) => first = first.or(Some(fault)),
                }
            }
            return first.map_or(Ok(()), Err);
        }
        if schema.get("const").is_some_and(|wanted| wanted != value) {
            return Err(Fault { pointer, detail: format!("it is {}", schema["const"]) });
        }
        if let Some(wanted) = schema.get("type").filter(|wanted| !is_of(wanted, value)) {
            return Err(Fault { pointer, detail: format!("it is of the type {wanted}") });
        }
        self.check_parts(schema, value, &pointer)
    }

    fn check_parts(&self, schema: &'a Value, value: &Value, pointer: &str) -> Result<(), Fault> {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    // Unknown names are refused when the command itself is read.
                    let Some(schema) = schema.get("properties").and_then(|known| known.get(name)) else { continue };
                    let name = name.replace('~', "~0").replace('/', "~1");
                    self.check(schema, value, format!("{pointer}/{name}"))?;
                }
                Ok(())
            }
            Value::Array(items) => {
                let Some(schema) = schema.get("items") else { return Ok(()) };
                items.iter().enumerate().try_for_each(|(at, item)| self.check(schema, item, format!("{pointer}/{at}")))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..REFERENCES_MAX {
            let reference = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
            match reference.and_then(|pointer| self.root.pointer(pointer)) {
                Some(referred) => schema = referred,
                None => break,
            }
        }
        schema
    }
}

/// `wanted`: the name of a JSON type, or a list of them.
fn is_of(wanted: &Value, value: &Value) -> bool {
    let is = |name: &str| match value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "boolean",
        Value::Number(_) => name == "integer" || name == "number",
        Value::String(_) => name == "string",
        Value::Array(_) => name == "array",
        Value::Object(_) => name == "object",
    };
    match wanted {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{catalogue::Catalogue, failure::Failure};

    const ALICE: &str = "a11ce000-0000-4000-8000-000000000001";

    /// The place of the fault, or `None` if the body can be read.
    fn fault(command: &str, body: &Value) -> Option<String> {
        let catalogue = Catalogue::of(domain::every_command);
        match catalogue.get(command).expect("a command").parse(body.to_string().as_bytes(), body) {
            Ok(_) => None,
            Err(Failure::Unreadable(fault)) => Some(fault.pointer),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn session(channel: &Value, practitioner: &Value) -> Value {
        json!({"session": "A12345.000000000001", "on": "2026-03-09", "from": "09:00", "until": "10:00",
            "slotMinutes": 10, "capacity": 1, "service": "gp", "channel": channel, "practitioner": practitioner})
    }

    #[test]
    fn an_array_is_never_an_object_at_any_depth() {
        let by_name = json!({"subject": ALICE, "decision": {"kind": "opt-in-all"}});
        assert_eq!(fault("register-donor", &by_name), None);
        assert_eq!(fault("register-donor", &json!([ALICE, {"kind": "opt-in-all"}])).as_deref(), Some(""));
        let decision = json!({"subject": ALICE, "decision": ["opt-in-all"]});
        assert_eq!(fault("register-donor", &decision).as_deref(), Some("/decision"));
        let in_order = json!(["Dr A", "GP"]);
        let practitioner = session(&json!("video"), &in_order);
        assert_eq!(fault("publish-session", &practitioner).as_deref(), Some("/practitioner"));
        let settings = json!({"practice": "A12345", "settings": [7, 3, 30]});
        assert_eq!(fault("change-practice-settings", &settings).as_deref(), Some("/settings"));
    }

    #[test]
    fn a_command_is_read_by_the_rules_of_today() {
        let body = |subject: &str, name: &str, number: &str| json!({"subject": subject, "practice": "A12345", "name": name, "nhsNumber": number, "bornOn": "1980-02-29"});
        assert_eq!(fault("register-patient", &body(ALICE, "Alice Example", "9990000026")), None);
        for (subject, name, number, place) in [
            (ALICE, "Alice\u{202e}Example", "9990000026", "/name"),
            (ALICE, "Alice Example", "0000000000", "/nhsNumber"),
            ("a11ce000-0000-4000-2000-000000000001", "Alice Example", "9990000026", "/subject"),
        ] {
            assert_eq!(fault("register-patient", &body(subject, name, number)).as_deref(), Some(place));
        }
    }

    #[test]
    fn an_object_is_never_a_name() {
        let practitioner = json!({"name": "Dr A", "role": "GP"});
        assert_eq!(fault("publish-session", &session(&json!("video"), &practitioner)), None);
        let map = session(&json!({"video": null}), &practitioner);
        assert_eq!(fault("publish-session", &map).as_deref(), Some("/channel"));
        let faith = json!({"subject": ALICE, "faith": {"yes": null}});
        assert_eq!(fault("declare-faith", &faith).as_deref(), Some("/faith"));
        let organs = json!({"subject": ALICE, "decision": {"kind": "opt-in-some", "organs": [{"heart": null}]}});
        assert!(fault("register-donor", &organs).is_some_and(|pointer| pointer.starts_with("/decision")));
        let cancel = |reason: Value| json!({"patient": ALICE, "session": "A12345.000000000001", "startsAt": "2026-03-09T09:00:00Z", "reason": reason});
        assert_eq!(fault("cancel-appointment", &cancel(json!("cancelled-by-citizen"))), None);
        assert_eq!(fault("cancel-appointment", &cancel(Value::Null)), None);
        let map = cancel(json!({"cancelled-by-citizen": null}));
        assert_eq!(fault("cancel-appointment", &map).as_deref(), Some("/reason"));
    }
}
