//! The deliveries that arrived, in memory.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use event_core::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// The number of deliveries that are kept; the oldest are forgotten first.
const KEPT_MAX: usize = 200;

/// Cheap to clone: a handle.
#[derive(Clone, Default)]
pub struct Received(Arc<Mutex<VecDeque<ReceivedDelivery>>>);

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedDelivery {
    pub gateway: String,
    /// The idempotency key.
    pub key: String,
    pub contents: Value,
    pub received_at: Timestamp,
    /// The number of times that it arrived: a gateway repeats a delivery until it sees an answer.
    pub times: u32,
}

#[derive(Debug, Serialize)]
pub struct ReceivedDeliveries {
    pub items: Vec<ReceivedDelivery>,
}

impl Received {
    pub fn take(&self, gateway: String, key: String, contents: Value) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.iter_mut().find(|known| known.gateway == gateway && known.key == key) {
            known.times = known.times.saturating_add(1);
            return;
        }
        let received_at = Timestamp::from_jiff(jiff::Timestamp::now());
        kept.push_front(ReceivedDelivery { gateway, key, contents, received_at, times: 1 });
        kept.truncate(KEPT_MAX);
    }

    pub fn newest_first(&self) -> ReceivedDeliveries {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ReceivedDeliveries { items: kept.iter().cloned().collect() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_repeated_delivery_is_counted_and_there_once() {
        let received = Received::default();
        received.take("sms".to_owned(), "1".to_owned(), json!({"text": "a"}));
        received.take("sms".to_owned(), "1".to_owned(), json!({"text": "a"}));
        received.take("push".to_owned(), "1".to_owned(), json!({"text": "b"}));
        let items = received.newest_first().items;
        let shown: Vec<_> = items.iter().map(|item| (item.gateway.as_str(), item.times)).collect();
        assert_eq!(shown, [("push", 1), ("sms", 2)]);
    }

    #[test]
    fn the_oldest_deliveries_are_forgotten() {
        let received = Received::default();
        (0..=KEPT_MAX).for_each(|n| received.take("sms".to_owned(), n.to_string(), json!({})));
        let items = received.newest_first().items;
        assert_eq!((items.len(), items[0].key.as_str()), (KEPT_MAX, KEPT_MAX.to_string().as_str()));
        assert!(items.iter().all(|item| item.key != "0"));
    }
}
