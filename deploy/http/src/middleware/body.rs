//! Reads a request's body completely, before the request takes a place, and limits its size, time and rate. A client
//! that sends slowly occupies only its connection.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use bytes::BytesMut;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use super::share_holder::ShareHolder;
use crate::shares::{Full, Share};

/// The maximum size of a request's body.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The time limit for any body. A longer body gets the additional time that its size needs at the rate below.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(5);
/// The minimum rate beyond that time, in bytes per second. No body takes longer than 21 seconds.
pub const BODY_BYTES_PER_SECOND_MIN: u32 = 64 * 1024;

/// The reason for which a body was not read completely.
#[derive(Debug, PartialEq, Eq)]
pub enum Unread {
    TooLarge,
    TooSlow,
    /// The client closed the connection, or sent invalid HTTP.
    Broken,
    /// The memory for bodies is used up, for this caller or for all.
    NoRoom(Full),
}

/// Reads the body. `memory` grows with the received bytes, not with the announced length.
pub async fn read(mut body: Body, memory: &mut Share<ShareHolder>) -> Result<Bytes, Unread> {
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return Err(Unread::TooLarge);
    }
    let began = Instant::now();
    let mut received = BytesMut::new();
    while !body.is_end_stream() {
        let at_this_rate = Duration::from_secs_f64(received.len() as f64 / f64::from(BODY_BYTES_PER_SECOND_MIN));
        let frame = timeout_at(began + BODY_TIME_MAX + at_this_rate, body.frame()).await;
        let Some(frame) = frame.map_err(|_| Unread::TooSlow)? else { break };
        // Trailers are ignored.
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        if received.len() + data.len() > BODY_BYTES_MAX {
            return Err(Unread::TooLarge);
        }
        memory.grow(data.len()).map_err(Unread::NoRoom)?;
        received.extend_from_slice(&data);
    }
    Ok(received.freeze())
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use futures::{StreamExt, stream};
    use tokio::time::sleep;

    use super::*;
    use crate::shares::Shares;

    const SOMEBODY: ShareHolder = ShareHolder::Address(IpAddr::V4(Ipv4Addr::LOCALHOST));

    async fn read_within(body: Body, memory_max: usize) -> Result<usize, Unread> {
        let mut memory = Shares::new(memory_max, memory_max).take(SOMEBODY, 0).expect("nothing is free");
        read(body, &mut memory).await.map(|bytes| bytes.len())
    }

    /// A body of this many pieces of this size, with this pause before each. The clock is tokio's and is paused.
    fn dribbled(pieces: usize, bytes: usize, pause: Duration) -> Body {
        let pieces = stream::iter(0..pieces).then(move |_| async move {
            sleep(pause).await;
            Ok::<_, std::io::Error>(vec![b'a'; bytes])
        });
        Body::from_stream(pieces)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_a_byte_a_second_is_given_up_after_five() {
        let began = Instant::now();
        assert_eq!(read_within(dribbled(1_000, 1, Duration::from_secs(1)), 1_000).await, Err(Unread::TooSlow));
        assert_eq!(began.elapsed().as_secs(), BODY_TIME_MAX.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_body_has_the_time_that_its_bytes_need() {
        let whole = dribbled(16, 64 * 1024, Duration::from_secs(1));
        assert_eq!(read_within(whole, BODY_BYTES_MAX).await, Ok(BODY_BYTES_MAX));
        let slower = dribbled(16, 64 * 1024, Duration::from_secs(2));
        assert_eq!(read_within(slower, BODY_BYTES_MAX).await, Err(Unread::TooSlow));
    }

    #[tokio::test]
    async fn a_body_counts_in_memory_as_far_as_it_has_come() {
        let announced = Body::from(vec![b'a'; 100]);
        assert_eq!(read_within(announced, 100).await, Ok(100));
        let larger = Body::from(vec![b'a'; 101]);
        assert_eq!(read_within(larger, 100).await, Err(Unread::NoRoom(Full::Each)));
    }
}
