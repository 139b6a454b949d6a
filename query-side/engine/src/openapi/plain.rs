//! Rewrites schemas into the plain form that client generators read well: every object has a name, and a choice of
//! names is one list. The values that they accept stay the same.

use serde_json::{Map, Value, json};

pub const SHARED: &str = "#/components/schemas/";
/// The maximum number of rounds in which named variants may contain further variants; our schemas need fewer.
const ROUNDS_MAX: usize = 3;

/// All shared schemas.
pub fn schemas(schemas: &mut Map<String, Value>) {
    for schema in schemas.values_mut() {
        walk(schema, &mut |schema| {
            join_choices(schema);
            bound(schema);
            leave_defaults_to_members(schema);
        });
    }
    for _ in 0..ROUNDS_MAX {
        let mut made = Map::new();
        for (name, schema) in schemas.iter_mut() {
            name_variants(name, schema, &mut made);
        }
        if made.is_empty() {
            break;
        }
        schemas.extend(made);
    }
}

/// A parameter's schema: a parameter that is absent has no value, so it is never `null`.
pub fn parameter(schema: &mut Value) {
    let alone = schema["anyOf"].as_array().and_then(|branches| match branches.as_slice() {
        [branch, null] if *null == json!({"type": "null"}) => Some(branch.clone()),
        _ => None,
    });
    if let Some(alone) = alone {
        *schema = alone;
    }
    if let Some([kind, null]) = schema["type"].as_array().map(Vec::as_slice)
        && null == "null"
    {
        schema["type"] = kind.clone();
    }
    walk(schema, &mut bound);
}

fn walk(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match schema {
        Value::Object(object) => {
            change(object);
            object.values_mut().for_each(|value| walk(value, change));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Turns an enum with comments on its names, a `oneOf` of constants, into one `enum` with a list of the comments.
fn join_choices(schema: &mut Map<String, Value>) {
    let Some(branches) = schema.get("oneOf").and_then(Value::as_array) else { return };
    let (mut names, mut lines) = (Vec::new(), Vec::new());
    for branch in branches {
        match (branch.get("const"), branch.get("enum").and_then(Value::as_array)) {
            (Some(name), None) => {
                if let Some(words) = branch["description"].as_str() {
                    lines.push(format!("- `{}`: {words}", name.as_str().unwrap_or_default()));
                }
                names.push(name.clone());
            }
            (None, Some(several)) => names.extend(several.iter().cloned()),
            _ => return,
        }
    }
    schema.remove("oneOf");
    schema.insert("type".into(), "string".into());
    schema.insert("enum".into(), names.into());
    if !lines.is_empty() {
        let words =
            schema.get("description").and_then(Value::as_str).map_or_else(String::new, |own| format!("{own}\n\n"));
        schema.insert("description".into(), format!("{words}{}", lines.join("\n")).into());
    }
}

/// Adds the maximum of a whole number if only its format implies it.
fn bound(schema: &mut Map<String, Value>) {
    let greatest = match schema.get("format").and_then(Value::as_str) {
        Some("uint32") => json!(u32::MAX),
        Some("uint64") => json!(u64::MAX),
        _ => return,
    };
    schema.entry("maximum").or_insert(greatest);
}

/// Removes the default of an object. It follows from those of its members, and generators do not support a default of a
/// type that they make.
fn leave_defaults_to_members(schema: &mut Map<String, Value>) {
    if schema.get("default").is_some_and(Value::is_object) {
        schema.remove("default");
    }
}

/// Names the variants of a choice between objects that differ in one member: each becomes a schema of its own, named
/// after the choice and that member's value.
fn name_variants(name: &str, schema: &mut Value, made: &mut Map<String, Value>) {
    let Some(branches) = schema.get_mut("oneOf").and_then(Value::as_array_mut) else { return };
    let Some(tag) = branches.first().and_then(tag_of).map(|(tag, _)| tag) else { return };
    if !branches.iter().all(|branch| tag_of(branch).is_some_and(|(other, _)| other == tag)) {
        return;
    }
    let mut mapping = Map::new();
    for branch in branches {
        let Some((_, value)) = tag_of(branch) else { continue };
        let variant = format!("{name}{}", pascal(&value));
        let reference = format!("{SHARED}{variant}");
        made.insert(variant, std::mem::replace(branch, json!({"$ref": reference})));
        mapping.insert(value, reference.into());
    }
    schema["discriminator"] = json!({"propertyName": tag, "mapping": mapping});
}

/// The member with a fixed value, and that value.
fn tag_of(branch: &Value) -> Option<(String, String)> {
    let members = branch.get("properties")?.as_object()?;
    members.iter().find_map(|(name, schema)| Some((name.clone(), schema.get("const")?.as_str()?.to_owned())))
}

/// `opt-in-all` as `OptInAll`.
pub fn pascal(kebab: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    kebab.split('-').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_names_is_one_list_with_their_comments() {
        let mut all = json!({"When": {"description": "Which.", "oneOf": [
            {"type": "string", "enum": ["past", "now"]},
            {"type": "string", "const": "upcoming", "description": "What is yet to come."},
        ]}});
        schemas(all.as_object_mut().expect("schemas"));
        assert_eq!(
            all["When"],
            json!({"type": "string", "enum": ["past", "now", "upcoming"],
                "description": "Which.\n\n- `upcoming`: What is yet to come."})
        );
    }

    #[test]
    fn every_variant_has_a_name_and_the_member_that_tells_them_apart_is_told() {
        let variant = |kind: &str| json!({"type": "object", "properties": {"kind": {"type": "string", "const": kind}}});
        let mut all = json!({"Decision": {"oneOf": [variant("opt-out"), variant("opt-in-all")]}});
        schemas(all.as_object_mut().expect("schemas"));
        assert_eq!(all["DecisionOptOut"], variant("opt-out"));
        assert_eq!(all["Decision"]["oneOf"][1], json!({"$ref": "#/components/schemas/DecisionOptInAll"}));
        assert_eq!(all["Decision"]["discriminator"]["propertyName"], "kind");
        assert_eq!(all["Decision"]["discriminator"]["mapping"]["opt-out"], "#/components/schemas/DecisionOptOut");
    }

    #[test]
    fn a_parameter_is_never_null() {
        let mut plain = json!({"type": ["integer", "null"], "format": "uint32", "minimum": 0});
        parameter(&mut plain);
        assert_eq!(plain, json!({"type": "integer", "format": "uint32", "minimum": 0, "maximum": u32::MAX}));
        let mut reference = json!({"anyOf": [{"$ref": "x"}, {"type": "null"}]});
        parameter(&mut reference);
        assert_eq!(reference, json!({"$ref": "x"}));
    }
}
