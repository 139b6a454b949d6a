//! JSON for reading: on several lines, and otherwise byte for byte as it was recorded (numbers and order included).

/// The deepest indentation. Deeper values stay at this column.
const DEPTH_MAX: usize = 32;
const STEP: &str = "  ";

/// The same JSON, on a line for each member and item.
pub fn on_lines(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut within_text = false;
    let mut escaped = false;
    let mut letters = json.chars().peekable();
    while let Some(letter) = letters.next() {
        if within_text {
            out.push(letter);
            within_text = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
            continue;
        }
        match letter {
            '{' | '[' => {
                out.push(letter);
                while letters.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                if let Some(end) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push(letter);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            space if space.is_ascii_whitespace() => {}
            other => {
                within_text = other == '"';
                out.push(other);
            }
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&STEP.repeat(depth.min(DEPTH_MAX)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_on_lines_and_keeps_its_numbers_and_texts() {
        let json = r#"{"z":1.50,"a":[1, {"b":"x\",{:\\"}],"e":{ },"n":null,"l":[]}"#;
        let lines = "{\n  \"z\": 1.50,\n  \"a\": [\n    1,\n    {\n      \"b\": \"x\\\",{:\\\\\"\n    }\n  ],\n  \
                     \"e\": {},\n  \"n\": null,\n  \"l\": []\n}";
        assert_eq!(on_lines(json), lines);
        let values = [json, lines].map(|text| serde_json::from_str::<serde_json::Value>(text).expect("JSON"));
        assert_eq!(values[0], values[1]);
    }

    #[test]
    fn deep_json_does_not_grow_beyond_its_indentation() {
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert!(on_lines(&deep).lines().all(|line| line.len() <= DEPTH_MAX * STEP.len() + 2));
    }
}
