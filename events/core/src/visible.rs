//! Visible text. The rule exists twice, as a function and as a JSON Schema; a test of the API's description compares
//! the two.

use schemars::Schema;
use serde_json::json;

use crate::strictness::is_strict;

/// Characters that show nothing, change the direction of others, or begin another line: two texts that differ only in
/// them look the same. By Unicode these are the categories Cf, Zl and Zp, and the blanks that count as letters.
const UNSEEN: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200b}'),
    JOINERS,
    ('\u{200e}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];
/// Joiners, which are allowed in a text of several lines because they make one sign of several emoji.
const JOINERS: (char, char) = ('\u{200c}', '\u{200d}');

/// The characters that `char::is_control` finds.
const CONTROLS: &[(char, char)] = &[('\0', '\u{1f}'), ('\u{7f}', '\u{9f}')];
/// The same but tabs and line feeds.
const CONTROLS_IN_LINES: &[(char, char)] = &[('\0', '\u{8}'), ('\u{b}', '\u{1f}'), ('\u{7f}', '\u{9f}')];
/// White space (Unicode's property White_Space) that is neither a control character nor unseen.
const BLANKS: &[(char, char)] = &[
    (' ', ' '),
    ('\u{a0}', '\u{a0}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{2000}', '\u{200a}'),
    ('\u{202f}', '\u{202f}'),
    ('\u{205f}', '\u{205f}'),
    ('\u{3000}', '\u{3000}'),
];
const BLANKS_IN_LINES: (char, char) = ('\t', '\n');

/// True for a character that a person cannot see. `lines` is true for a text of several lines.
pub fn is_unseen(c: char, lines: bool) -> bool {
    unseen(lines).any(|(first, last)| (first..=last).contains(&c))
}

fn unseen(lines: bool) -> impl Iterator<Item = (char, char)> {
    UNSEEN.iter().copied().filter(move |range| !(lines && *range == JOINERS))
}

/// Turns the schema of a stored text into that of a text that is accepted from outside: 1 to `characters_max`
/// characters, of which at least one is neither blank nor unseen. Does nothing outside `strictly`.
pub fn describe(schema: &mut Schema, characters_max: usize, lines: bool) {
    if !is_strict() {
        return;
    }
    // Above U+FFFF the implementations of patterns share no escape, and some do not support such characters in a class
    // of others. So these are written as they are, in a pattern of their own.
    let (low, high): (Vec<_>, Vec<_>) = unseen(lines).partition(|(first, _)| u32::from(*first) < 0x1_0000);
    let refused = [if lines { CONTROLS_IN_LINES } else { CONTROLS }, &low].concat();
    let blank = if lines { &[&refused, BLANKS, &[BLANKS_IN_LINES]].concat() } else { &[&refused, BLANKS].concat() };
    let (any, shown) = (class(&refused), class(blank));
    schema.insert("minLength".into(), json!(1));
    schema.insert("maxLength".into(), json!(characters_max));
    schema.insert("pattern".into(), json!(format!("^[^{any}]*[^{shown}][^{any}]*$")));
    let high: String = high.iter().map(|(first, last)| format!("{first}-{last}")).collect();
    schema.insert("not".into(), json!({"pattern": format!("[{high}]")}));
}

/// The inside of a class of characters below U+10000, in the escapes of ECMA-262.
fn class(ranges: &[(char, char)]) -> String {
    let escape = |c: char| format!("\\u{:04x}", u32::from(c));
    ranges
        .iter()
        .map(|&(first, last)| if first == last { escape(first) } else { format!("{}-{}", escape(first), escape(last)) })
        .collect()
}
