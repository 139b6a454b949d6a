//! The strict forms of types that events also contain: commands reject unknown fields, and events tolerate them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vocabulary::messages::{MessageReply, ReplyKeyword, ReplyOffer, ReplyText};

use super::message::KEYWORDS_MAX;

/// The replies that a message offers.
// Variants without fields have braces because serde accepts any fields on a unit variant of a tagged enum.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "ReplyOffer", tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "ReplyOffer")]
pub enum StrictReplyOffer {
    /// It cannot be replied to.
    None {},
    /// One of these words: 1 to 6, none twice.
    Keywords {
        #[schemars(length(min = 1, max = KEYWORDS_MAX), extend("uniqueItems" = true))]
        keywords: Vec<ReplyKeyword>,
    },
    /// One text in the patient's own words.
    FreeText {},
}

/// A reply of a patient.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "MessageReply", tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "MessageReply")]
pub enum StrictMessageReply {
    Keyword { keyword: ReplyKeyword },
    FreeText { text: ReplyText },
}

#[cfg(test)]
mod specs {
    use serde_json::{Value, json};

    use crate::{
        messages::{ReplyToMessage, SendMessage},
        spec::{alice, refuses},
    };

    #[test]
    fn replies_and_offers_with_more_than_they_have_are_refused() {
        let send = |replies: Value| {
            json!({"sender": "A12345", "request": "9KTW3M0ZQ1BC", "patient": alice(), "title": "Test", "body": "Test",
                "replies": replies})
        };
        for (right, wrong) in [
            (json!({"kind": "none"}), json!({"kind": "none", "keywords": ["YES"]})),
            (json!({"kind": "free-text"}), json!({"kind": "free-text", "keywords": ["YES"]})),
            (
                json!({"kind": "keywords", "keywords": ["YES"]}),
                json!({"kind": "keywords", "keywords": ["YES"], "or": 1}),
            ),
        ] {
            assert!(!refuses::<SendMessage>(send(right)) && refuses::<SendMessage>(send(wrong)));
        }
        let reply = json!({"subject": alice(), "message": "A12345.9KTW3M0ZQ1BC",
            "reply": {"kind": "keyword", "keyword": "YES", "text": "no"}});
        assert!(refuses::<ReplyToMessage>(reply));
    }
}
