//! The shared schemas of the API's description. Each JSON Schema brings its own `$defs`; here they become one set.

use serde_json::{Map, Value};

use super::plain::{self, SHARED};

const OWN: &str = "#/$defs/";

/// `components.schemas`.
#[derive(Default)]
pub struct Components(Map<String, Value>);

/// The direction of a schema's values. An answer may be looser than the present input, because it was accepted earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    In,
    Out,
}

impl Way {
    /// The next name to try for a definition with a name that is taken: `LineInput`, `Line2`.
    fn next_name(self, name: &str, number: usize) -> String {
        match (self, number) {
            (Way::In, 2) => format!("{name}Input"),
            (Way::In, number) => format!("{name}Input{}", number - 1),
            (Way::Out, number) => format!("{name}{number}"),
        }
    }
}

impl Components {
    /// Takes over the definitions of a root schema, and returns the schema with references to them. A definition with a
    /// name that is taken gets the next free one, like `PractitionerInput`.
    pub fn absorb(&mut self, way: Way, mut schema: Value) -> Value {
        let Some(object) = schema.as_object_mut() else { return schema };
        object.remove("$schema");
        let Some(Value::Object(own)) = object.remove("$defs") else { return schema };
        let names = self.names(way, &own);
        for (name, mut definition) in own {
            rename(&mut definition, &names);
            let shared = named(&names, &name);
            self.0.entry(shared).or_insert(definition);
        }
        rename(&mut schema, &names);
        schema
    }

    /// Adds a schema under its own name, and returns the reference to it.
    pub fn add(&mut self, way: Way, name: &str, schema: Value) -> Value {
        let mut root = Map::new();
        let mut schema = schema;
        if let Some(Value::Object(own)) = schema.as_object_mut().and_then(|object| object.remove("$defs")) {
            root = own;
        }
        if let Some(object) = schema.as_object_mut() {
            object.remove("$schema");
            object.remove("title");
        }
        root.insert(name.to_owned(), schema);
        let reference = serde_json::json!({"$ref": format!("{OWN}{name}"), "$defs": root});
        self.absorb(way, reference)
    }

    /// All of them, in the plain form.
    pub fn into_value(mut self) -> Value {
        plain::schemas(&mut self.0);
        Value::Object(self.0)
    }

    /// The shared name of each definition: its own if that is free or means the same, otherwise the next one of its
    /// direction.
    fn names(&self, way: Way, own: &Map<String, Value>) -> Vec<(String, String)> {
        let mut names: Vec<(String, String)> = own.keys().map(|name| (name.clone(), name.clone())).collect();
        // Renaming a definition can change those that refer to it, so this repeats until nothing changes: at most once
        // for each name.
        for _ in 0..=own.len() {
            let mut changed = false;
            for at in 0..names.len() {
                // It starts from its own name again: the names that it refers to may have changed, and make it the same
                // as a known one.
                let (name, shared) = &mut names[at];
                let before = std::mem::replace(shared, name.clone());
                let mut number = 1;
                while !self.fits(own, &names, at) {
                    number += 1;
                    names[at].1 = way.next_name(&names[at].0, number);
                }
                changed |= names[at].1 != before;
            }
            if !changed {
                break;
            }
        }
        names
    }

    /// True if the shared name of this definition is free, or means the same.
    fn fits(&self, own: &Map<String, Value>, names: &[(String, String)], at: usize) -> bool {
        let (name, shared) = &names[at];
        let alone = names.iter().filter(|(_, other)| other == shared).count() == 1;
        let same = |known: &Value| {
            let mut definition = own.get(name).cloned().unwrap_or_default();
            rename(&mut definition, names);
            *known == definition
        };
        alone && self.0.get(shared).is_none_or(same)
    }
}

fn named(names: &[(String, String)], own: &str) -> String {
    names.iter().find(|(name, _)| name == own).map_or_else(|| own.to_owned(), |(_, shared)| shared.clone())
}

/// Points every `#/$defs/X` at the shared schema of `X`.
fn rename(value: &mut Value, names: &[(String, String)]) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let reference = value.as_str().filter(|_| name == "$ref").and_then(|text| text.strip_prefix(OWN));
                match reference.map(|own| format!("{SHARED}{}", named(names, own))) {
                    Some(shared) => *value = shared.into(),
                    None => rename(value, names),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_point_at_the_shared_schemas() {
        let mut components = Components::default();
        let schema = components.absorb(
            Way::In,
            json!({
                "$schema": "x", "properties": {"site": {"$ref": "#/$defs/Site"}}, "$defs": {"Site": {"type": "string"}},
            }),
        );
        assert_eq!(schema, json!({"properties": {"site": {"$ref": "#/components/schemas/Site"}}}));
        assert_eq!(components.into_value(), json!({"Site": {"type": "string"}}));
    }

    #[test]
    fn namesakes_that_differ_are_kept_apart_with_all_that_refers_to_them() {
        let mut components = Components::default();
        let of = |kind: &str| {
            json!({"$ref": "#/$defs/Outer", "$defs": {
                "Outer": {"items": {"$ref": "#/$defs/Inner"}}, "Inner": {"type": kind},
            }})
        };
        let first = components.absorb(Way::Out, of("string"));
        assert_eq!(components.absorb(Way::Out, of("string")), first);
        for _ in 0..2 {
            assert_eq!(components.absorb(Way::In, of("number")), json!({"$ref": "#/components/schemas/OuterInput"}));
        }
        assert_eq!(
            components.into_value(),
            json!({
                "Outer": {"items": {"$ref": "#/components/schemas/Inner"}}, "Inner": {"type": "string"},
                "OuterInput": {"items": {"$ref": "#/components/schemas/InnerInput"}}, "InnerInput": {"type": "number"},
            })
        );
    }

    #[test]
    fn a_definition_comes_once_though_what_it_refers_to_has_another_name_here() {
        let mut components = Components::default();
        components.absorb(Way::Out, json!({"$ref": "#/$defs/Decision", "$defs": {"Decision": {"type": "string"}}}));
        for _ in 0..2 {
            let change = components.absorb(
                Way::In,
                json!({"$ref": "#/$defs/Change", "$defs": {
                    "Change": {"items": {"$ref": "#/$defs/Decision"}}, "Decision": {"type": "number"},
                }}),
            );
            assert_eq!(change, json!({"$ref": "#/components/schemas/Change"}));
        }
    }

    #[test]
    fn the_same_definition_comes_once() {
        let mut components = Components::default();
        let reference = components.add(Way::Out, "Problem", json!({"type": "object", "$schema": "x"}));
        assert_eq!(reference, components.add(Way::Out, "Problem", json!({"type": "object"})));
        assert_eq!(components.into_value(), json!({"Problem": {"type": "object"}}));
    }
}
