//! The graph of a release as a Mermaid flowchart (https://mermaid.js.org). A release with faults has a graph, too.

use std::{collections::HashMap, fmt::Write as _};

use crate::{
    document::{PartyText, PathwayDocument},
    rule::{Rule, RuleTarget},
};

/// The longest label before it is cut off.
const LABEL_CHARACTERS_MAX: usize = 120;

/// The flowchart: questions as boxes (red flags in red), outcomes as rounded boxes, rules as arrows. An arrow to something that
/// does not exist leads to a box with its id.
pub fn mermaid(document: &PathwayDocument) -> String {
    let mut chart = String::from("flowchart TD\n");
    let questions: HashMap<&str, usize> = numbered(document.questions.iter().map(|question| question.id.as_str()));
    let outcomes: HashMap<&str, usize> = numbered(document.outcomes.iter().map(|outcome| outcome.id.as_str()));
    for (number, question) in document.questions.iter().enumerate() {
        let class = if question.red_flag { ":::redFlag" } else { "" };
        line(&mut chart, &format!("q{number}[\"{}\"]{class}", label(words(&question.text))));
    }
    for (number, outcome) in document.outcomes.iter().enumerate() {
        let text = format!("{} ({}): {}", outcome.disposition.name(), outcome.time_frame, words(&outcome.text));
        let class = if outcome.disposition.is_emergency() { "emergency" } else { "outcome" };
        line(&mut chart, &format!("o{number}([\"{}\"]):::{class}", label(&text)));
    }
    for (number, question) in document.questions.iter().enumerate() {
        for rule in &question.next {
            let arrow =
                rule.when.as_ref().map_or("-->".into(), |when| format!("-->|\"{}\"|", label(&when.to_string())));
            line(&mut chart, &format!("q{number} {arrow} {}", target(rule, &questions, &outcomes)));
        }
    }
    line(&mut chart, "classDef redFlag stroke:#d5281b,stroke-width:3px");
    line(&mut chart, "classDef emergency fill:#d5281b,color:#ffffff");
    line(&mut chart, "classDef outcome fill:#d8dde0,color:#212b32");
    chart
}

fn numbered<'a>(ids: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    ids.enumerate().map(|(number, id)| (id, number)).collect()
}

fn target(rule: &Rule, questions: &HashMap<&str, usize>, outcomes: &HashMap<&str, usize>) -> String {
    let (letter, id, number) = match &rule.target {
        RuleTarget::Ask(id) => ('q', id, questions.get(id.as_str())),
        RuleTarget::Outcome(id) => ('o', id, outcomes.get(id.as_str())),
    };
    match number {
        Some(number) => format!("{letter}{number}"),
        None => {
            let plain: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            format!("missing_{letter}_{plain}[\"{}\"]", label(id))
        }
    }
}

/// The first party's text; the third party's if there is none.
fn words(text: &PartyText) -> &str {
    if text.first.is_empty() { &text.third } else { &text.first }
}

/// A text within quotes: Mermaid writes special characters as `#name;`, and has no line feeds in labels.
fn label(text: &str) -> String {
    let mut label = String::with_capacity(text.len());
    for (at, character) in text.chars().enumerate() {
        if at == LABEL_CHARACTERS_MAX {
            label.push('…');
            break;
        }
        match character {
            '"' => label.push_str("#quot;"),
            '#' => label.push_str("#35;"),
            '<' => label.push_str("#lt;"),
            '>' => label.push_str("#gt;"),
            '`' => label.push_str("#96;"),
            control if control.is_control() => label.push(' '),
            other => label.push(other),
        }
    }
    label
}

fn line(chart: &mut String, text: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(chart, "    {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_no_characters_of_the_notation() {
        assert_eq!(label("a \"b\" <c> #1\n`d`"), "a #quot;b#quot; #lt;c#gt; #35;1 #96;d#96;");
        assert_eq!(label(&"x".repeat(200)).chars().count(), LABEL_CHARACTERS_MAX + 1);
    }

    #[test]
    fn a_release_with_faults_has_a_graph() {
        let release = r#"{"pathway": "p", "release": 1, "title": "T", "about": "A", "ages": {"min": 0, "max": 1}, "sexes": [],
            "parties": [], "outcomes": [], "questions": [{"id": "q", "redFlag": true, "text": {"third": "Why?"},
            "answer": {"type": "text", "charactersMax": 9}, "next": [{"when": {"not": {"age": {"lessThan": 1}}}, "ask": "no-such"}]}]}"#;
        let chart = mermaid(&PathwayDocument::parse(release).expect("a document"));
        let lines: Vec<&str> = chart.lines().map(str::trim).collect();
        assert_eq!(
            lines[..3],
            [
                "flowchart TD",
                "q0[\"Why?\"]:::redFlag",
                "q0 -->|\"not age less than 1\"| missing_q_no_such[\"no-such\"]"
            ]
        );
    }
}
