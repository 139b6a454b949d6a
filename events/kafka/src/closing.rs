//! Closes clients of librdkafka. Closing waits for their threads and for brokers (rust-rdkafka #509), so it happens on
//! a thread on which nothing else waits.

use rdkafka::error::KafkaError;

/// A client, open until this is dropped.
pub(crate) struct Closing<C: Send + 'static>(Option<C>);

impl<C: Send + 'static> Closing<C> {
    pub fn new(client: C) -> Closing<C> {
        Closing(Some(client))
    }

    /// # Errors
    /// None while it is open.
    pub fn open(&self) -> Result<&C, KafkaError> {
        self.0.as_ref().ok_or(KafkaError::Canceled)
    }

    /// Closes the client, and waits until it is closed.
    pub async fn close(mut self) {
        if let Some(client) = self.0.take() {
            // The result has no information beyond the end of the thread.
            let _ = tokio::task::spawn_blocking(move || drop(client)).await;
        }
    }
}

impl<C: Send + 'static> Drop for Closing<C> {
    fn drop(&mut self) {
        let Some(client) = self.0.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(client))),
            // This thread does not belong to a runtime, so it may block.
            Err(_) => drop(client),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A client that blocks while it closes, until the test releases it.
    struct Slow(Receiver<()>, Sender<()>);

    impl Drop for Slow {
        fn drop(&mut self) {
            self.0.recv().expect("the test releases it");
            self.1.send(()).expect("the test waits");
        }
    }

    /// The trap: the runtime's only thread waits for a broker, and everything else waits for that thread.
    #[tokio::test]
    async fn a_client_that_closes_slowly_delays_nobody() {
        let ((end, told), (ended, done)) = (channel(), channel());
        drop(Closing::new(Slow(told, ended)));
        end.send(()).expect("it listens");
        let waited = tokio::task::spawn_blocking(move || done.recv()).await;
        waited.expect("no panic").expect("it is closed");
    }
}
