//! An HTTP/1.1 client that costs less than any library, because load generator and server share two cores.

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A keep-alive HTTP/1.1 connection that sends prepared bytes.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// Answers are far smaller: a larger one is a fault of the benchmark.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

impl Connection {
    /// # Errors
    /// If nothing listens there.
    pub async fn open(address: std::net::SocketAddr) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// The status of the answer. Its body is left in `body`.
    ///
    /// # Errors
    /// If the connection breaks, or the answer has no Content-Length.
    pub async fn send(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (head, length) = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
            if let Some(head) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break (head + 4, content_length(&self.buffer[..head])?);
            }
        };
        while self.buffer.len() < head + length {
            if self.buffer.len() > ANSWER_BYTES_MAX || self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the answer ended early or is too large");
            }
        }
        let status = self.buffer.get(9..12).and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
        self.buffer.drain(..head);
        status.context("no HTTP status")
    }

    pub fn body(&self) -> &[u8] {
        &self.buffer
    }
}

fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    let head = std::str::from_utf8(head)?;
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .context("the answer has no Content-Length")
}
