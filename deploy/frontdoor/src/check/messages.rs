//! Messages: the second folds of their read models.

use serde_json::{Value, json};

use super::{
    event::CheckedEvent,
    kinds::{Arm, Kinds},
    second_fold::{Rows, SecondFold, change, of, push},
};

const fn kinds(ignored: &'static [&'static str]) -> Kinds {
    Kinds { service: "message", ignored }
}

pub const FOLDS: &[SecondFold] = &[
    SecondFold {
        name: "inbox",
        version: 1,
        kinds: kinds(&["message.notification-requested.v1", "message.notified.v1", "message.delivered.v1"]),
        fold: inbox,
    },
    SecondFold { name: "message_details", version: 1, kinds: kinds(&[]), fold: message_details },
    SecondFold {
        name: "unread_messages",
        version: 1,
        kinds: kinds(&[
            "message.notification-requested.v1",
            "message.notified.v1",
            "message.delivered.v1",
            "message.replied.v1",
        ]),
        fold: unread_messages,
    },
    SecondFold {
        name: "sent_messages",
        version: 1,
        kinds: kinds(&["message.system-sent.v1", "message.notification-requested.v1"]),
        fold: sent_messages,
    },
];

/// The whole second of sending, and the message.
fn sort(event: &CheckedEvent) -> String {
    let second = event.text("/sentAt").get(..19).unwrap_or_default();
    format!("{second}Z.{}", event.text("/message"))
}

/// The text that was sent: these fields of a practice's message, or the facts of a message that follows from an event.
fn sent(event: &CheckedEvent, fields: &[&str]) -> Option<Value> {
    let mut text = match event.kind.as_str() {
        "message.sent.v1" => of(event, fields),
        "message.system-sent.v1" => of(event, &["facts"]),
        _ => return None,
    };
    text["from"] = json!(if event.kind == "message.sent.v1" { "practice" } else { "system" });
    Some(text)
}

fn inbox(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = (event.text("/subject").to_owned(), sort(event));
    if let Some(text) = sent(event, &["title"]) {
        let mut row = of(event, &["message", "sentAt"]);
        row["text"] = text;
        row["isRead"] = json!(false);
        row["isReplied"] = json!(false);
        rows.insert(key, row);
        return Arm::Found;
    }
    match event.kind.as_str() {
        "message.read.v1" => change(rows, &key, |row| row["isRead"] = json!(true)),
        "message.replied.v1" => change(rows, &key, |row| row["isReplied"] = json!(true)),
        _ => return Arm::Missing,
    }
    Arm::Found
}

fn message_details(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = (event.text("/subject").to_owned(), event.text("/message").to_owned());
    if let Some(text) = sent(event, &["title", "content"]) {
        let mut row = of(event, &["message", "sentAt"]);
        row["text"] = text;
        row["receipts"] = json!([]);
        for later in ["readAt", "reply", "repliedAt"] {
            row[later] = Value::Null;
        }
        rows.insert(key, row);
        return Arm::Found;
    }
    match event.kind.as_str() {
        "message.notification-requested.v1" => change(rows, &key, |row| {
            let mut receipt = of(event, &["channel", "requestedAt"]);
            receipt["notifiedAt"] = Value::Null;
            receipt["deliveredAt"] = Value::Null;
            push(row, "receipts", receipt);
        }),
        "message.notified.v1" => change(rows, &key, |row| receive(row, event, "notifiedAt")),
        "message.delivered.v1" => change(rows, &key, |row| receive(row, event, "deliveredAt")),
        "message.read.v1" => change(rows, &key, |row| row["readAt"] = event.value("/readAt").clone()),
        "message.replied.v1" => change(rows, &key, |row| {
            row["reply"] = event.value("/reply").clone();
            row["repliedAt"] = event.value("/repliedAt").clone();
        }),
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// Sets a time of the receipt of the event's channel.
fn receive(row: &mut Value, event: &CheckedEvent, time: &str) {
    let receipts = row["receipts"].as_array_mut();
    let of_channel = receipts.and_then(|all| all.iter_mut().find(|one| one["channel"] == *event.value("/channel")));
    if let Some(receipt) = of_channel {
        receipt[time] = event.value(&format!("/{time}")).clone();
    }
}

fn unread_messages(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let row =
        rows.entry((event.text("/subject").to_owned(), "unread".to_owned())).or_insert_with(|| json!({"unread": 0}));
    let before = row["unread"].as_u64().unwrap_or(0);
    match event.kind.as_str() {
        "message.sent.v1" | "message.system-sent.v1" => row["unread"] = json!(before + 1),
        "message.read.v1" => row["unread"] = json!(before.saturating_sub(1)),
        _ => return Arm::Missing,
    }
    Arm::Found
}

fn sent_messages(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let message = event.text("/message");
    let sender = message.split('.').next().unwrap_or_default();
    let key = (sender.to_owned(), sort(event));
    match event.kind.as_str() {
        "message.sent.v1" => {
            let mut row = of(event, &["message", "title", "sentAt"]);
            row["patient"] = event.value("/subject").clone();
            for state in ["isNotified", "isDelivered", "isRead"] {
                row[state] = json!(false);
            }
            row["reply"] = Value::Null;
            rows.insert(key, row);
        }
        "message.notified.v1" => change(rows, &key, |row| row["isNotified"] = json!(true)),
        "message.delivered.v1" => change(rows, &key, |row| row["isDelivered"] = json!(true)),
        "message.read.v1" => change(rows, &key, |row| row["isRead"] = json!(true)),
        "message.replied.v1" => change(rows, &key, |row| row["reply"] = event.value("/reply").clone()),
        _ => return Arm::Missing,
    }
    Arm::Found
}
