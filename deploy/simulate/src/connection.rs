//! An HTTP/1.1 client that costs less than any library, because a load generator shares its processors with the server.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Answers are far smaller: a larger one is a fault of the caller.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The server sends about ten.
const HEADERS_MAX: usize = 64;

/// A keep-alive HTTP/1.1 connection that sends prepared bytes.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// The size of the head of the last answer.
    head: usize,
}

impl Connection {
    /// # Errors
    /// If nothing listens there.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(16 * 1024), head: 0 })
    }

    /// The status of the answer. Its body and headers are kept until the next request.
    ///
    /// # Errors
    /// If the connection breaks, or the answer has no Content-Length.
    pub async fn send(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.buffer.clear();
        self.head = 0;
        self.stream.write_all(request).await?;
        let (status, length) = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
            if let Some((head, status, length)) = parsed(&self.buffer)? {
                self.head = head;
                break (status, length);
            }
        };
        while self.buffer.len() < self.head + length {
            if self.buffer.len() > ANSWER_BYTES_MAX || self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the answer ended early or is too large");
            }
        }
        Ok(status)
    }

    pub fn body(&self) -> &[u8] {
        self.buffer.get(self.head..).unwrap_or_default()
    }

    /// A header of the last answer, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = std::str::from_utf8(self.buffer.get(..self.head)?).ok()?;
        let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields.map(|(field, value)| (field, value.trim())).find(|(f, _)| f.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }
}

/// The size of the head, the status, and the size of the body; `None` while the head is incomplete.
fn parsed(bytes: &[u8]) -> anyhow::Result<Option<(usize, u16, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = answer.parse(bytes)? else { return Ok(None) };
    let status = answer.code.context("no HTTP status")?;
    let length = answer.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.context("the answer has no Content-Length")?.value;
    Ok(Some((head, status, std::str::from_utf8(length)?.trim().parse()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_is_read_whole_in_however_many_parts_it_arrives() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut request = [0; 4];
            stream.read_exact(&mut request).await.expect("a request");
            for part in ["HTTP/1.1 409 Conf", "lict\r\nretry-AFTER: 2\r\nContent-Length: 5\r\n", "\r\nhe", "llo"] {
                stream.write_all(part.as_bytes()).await.expect("it is sent");
                stream.flush().await.expect("it is sent");
            }
        });
        let mut connection = Connection::open(address).await.expect("it listens");
        assert_eq!(connection.send(b"ping").await.expect("an answer"), 409);
        assert_eq!((connection.body(), connection.header("Retry-After")), (&b"hello"[..], Some("2")));
        assert_eq!(connection.header("Link"), None);
        server.await.expect("it ends");
        assert!(connection.send(b"ping").await.is_err());
    }
}
