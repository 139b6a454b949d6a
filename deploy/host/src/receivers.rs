//! The systems that gateways deliver to, over HTTP: a POST with the contents as JSON and the delivery's id as
//! `Idempotency-Key`.

use std::{fmt, path::Path, str::FromStr, time::Duration};

use anyhow::Context;
use async_trait::async_trait;
use policy_engine::{DeliveryFault, OutgoingDelivery, Receiver};
use reqwest::{StatusCode, redirect};

use crate::http_client;

/// The time limit for a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// The time limit for an answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// `NAME=URL`: the receiver of a gateway.
#[derive(Clone, PartialEq, Eq)]
pub struct GatewayAddress {
    pub gateway: String,
    url: reqwest::Url,
}

impl fmt::Debug for GatewayAddress {
    /// Without the URL, which may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=…", self.gateway)
    }
}

impl FromStr for GatewayAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<GatewayAddress, String> {
        let parts = text.split_once('=').filter(|(gateway, _)| !gateway.is_empty());
        let parsed = parts.and_then(|(gateway, url)| Some((gateway, reqwest::Url::parse(url).ok()?)));
        let (gateway, url) = parsed
            .filter(|(_, url)| ["http", "https"].contains(&url.scheme()))
            .ok_or("a gateway is NAME=URL, and the URL begins with http:// or https://")?;
        Ok(GatewayAddress { gateway: gateway.to_owned(), url })
    }
}

/// Delivers over HTTP.
pub struct HttpReceivers {
    client: reqwest::Client,
    addresses: Vec<GatewayAddress>,
}

impl HttpReceivers {
    /// `authority` is a file with certificates of authorities that vouch for receivers at https addresses, in addition to the
    /// public ones, which are compiled in.
    ///
    /// # Errors
    /// If the file holds no certificate, or the client cannot be built.
    pub fn at(addresses: Vec<GatewayAddress>, authority: Option<&Path>) -> anyhow::Result<HttpReceivers> {
        let client = http_client::builder(authority)?
            .connect_timeout(CONNECT_TIME_MAX)
            .timeout(ANSWER_TIME_MAX)
            // The contents are for this receiver only.
            .redirect(redirect::Policy::none())
            .build()
            .context("no client for gateways")?;
        Ok(HttpReceivers { client, addresses })
    }
}

#[async_trait]
impl Receiver for HttpReceivers {
    async fn receive(&self, delivery: OutgoingDelivery<'_>) -> Result<(), DeliveryFault> {
        let address = self.addresses.iter().find(|address| address.gateway == delivery.gateway);
        let address = address.ok_or_else(|| DeliveryFault::Away("no receiver is configured: --gateway".into()))?;
        let request = self
            .client
            .post(address.url.clone())
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", delivery.id.to_string())
            .body(delivery.contents);
        // The error's own text contains the address.
        let answer = request.send().await.map_err(|error| DeliveryFault::Away(error.without_url().to_string()))?;
        let status = answer.status();
        let says = || format!("the receiver answered {}", status.as_u16());
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                Err(DeliveryFault::Away(says()))
            }
            status if status.is_server_error() => Err(DeliveryFault::Away(says())),
            _ => Err(DeliveryFault::Failed(says())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
    use policy_engine::ReactionId;
    use rustls::{
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    };
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A server that answers each request with this status, and what it got: the key and the body.
    async fn server(status: u16) -> (GatewayAddress, Arc<Mutex<Vec<(String, Bytes)>>>) {
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&got);
        let answer = move |headers: HeaderMap, body: Bytes| async move {
            let key = headers["Idempotency-Key"].to_str().expect("text").to_owned();
            kept.lock().expect("not poisoned").push((key, body));
            StatusCode::from_u16(status).expect("a status")
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(answer))).await });
        (format!("sms=http://{address}/").parse().expect("an address"), got)
    }

    async fn delivered(address: GatewayAddress) -> Result<(), DeliveryFault> {
        delivered_by(&HttpReceivers::at(vec![address], None).expect("a client")).await
    }

    async fn delivered_by(receivers: &HttpReceivers) -> Result<(), DeliveryFault> {
        let id = ReactionId { event: uuid::Uuid::from_u128(7), place: 0 };
        let delivery = OutgoingDelivery { gateway: "sms", id, contents: b"{}".to_vec() };
        receivers.receive(delivery).await
    }

    /// An authority of its own, and a server for `localhost` that it vouches for. Answers each request with 200.
    async fn server_with_tls(folder: &Path) -> GatewayAddress {
        let made = std::process::Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"])
            .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-keyout", "key.pem", "-out", "certificate.pem"])
            .current_dir(folder)
            .output()
            .expect("this test needs the program openssl");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let certificate = CertificateDer::from_pem_file(folder.join("certificate.pem")).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).expect("a key");
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let config = config.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
        let config = config.with_single_cert(vec![certificate], key).expect("they fit");
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                // A client that does not trust the certificate ends the handshake.
                if let Ok(mut connection) = acceptor.accept(connection).await {
                    let mut request = [0; 4096];
                    let read = connection.read(&mut request).await.expect("a request");
                    assert!(request[..read].starts_with(b"POST / HTTP/1.1\r\n"));
                    connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.expect("an answer");
                }
            }
        });
        format!("sms=https://localhost:{port}/").parse().expect("an address")
    }

    #[tokio::test]
    async fn a_receiver_at_an_https_address_is_delivered_to_if_an_authority_vouches_for_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let address = server_with_tls(folder.path()).await;
        let fault = delivered(address.clone()).await;
        assert!(matches!(fault, Err(DeliveryFault::Away(_))), "no public authority vouches for it: {fault:?}");
        let authority = folder.path().join("certificate.pem");
        let receivers = HttpReceivers::at(vec![address.clone()], Some(&authority)).expect("a client");
        delivered_by(&receivers).await.expect("it is taken");
        for unfit in ["key.pem", "nowhere.pem"] {
            let refused = HttpReceivers::at(vec![address.clone()], Some(&folder.path().join(unfit))).err();
            let refused = refused.expect("it is no certificate").to_string();
            assert!(refused.contains("--gateway-authority") && refused.contains(unfit), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_delivery_is_a_post_with_its_id_as_idempotency_key() {
        let (address, got) = server(200).await;
        delivered(address).await.expect("it is taken");
        let got = got.lock().expect("not poisoned").clone();
        assert_eq!(got, [("00000000-0000-0000-0000-000000000007.0".to_owned(), Bytes::from_static(b"{}"))]);
    }

    #[tokio::test]
    async fn an_answer_is_a_fault_of_the_receiver_or_of_the_delivery() {
        for status in [408, 429, 500, 503] {
            let fault = delivered(server(status).await.0).await;
            assert!(matches!(fault, Err(DeliveryFault::Away(_))), "{status}: {fault:?}");
        }
        // The contents are for this receiver only, so a redirection is not followed.
        for status in [302, 400, 404, 422] {
            let fault = delivered(server(status).await.0).await;
            assert!(matches!(fault, Err(DeliveryFault::Failed(_))), "{status}: {fault:?}");
        }
    }

    #[tokio::test]
    async fn a_receiver_that_is_not_there_is_away_and_its_address_is_not_in_the_fault() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let gone = format!("sms=http://user:secret@{address}/").parse().expect("an address");
        let fault = delivered(gone).await.expect_err("it is gone");
        assert!(matches!(&fault, DeliveryFault::Away(why) if !why.contains("secret")), "{fault:?}");
        let other = "push=http://127.0.0.1:1/".parse().expect("an address");
        let fault = delivered(other).await.expect_err("it is not configured");
        assert!(fault.to_string().contains("--gateway"), "{fault}");
    }

    #[test]
    fn a_gateway_has_a_name_and_an_http_address() {
        let address: GatewayAddress = "sms=http://user:secret@127.0.0.1:8090/messages".parse().expect("an address");
        assert_eq!(address.gateway, "sms");
        assert!(!format!("{address:?}").contains("secret"));
        for wrong in ["sms", "=http://a", "sms=", "sms=ftp://a", "sms=127.0.0.1:80"] {
            assert!(wrong.parse::<GatewayAddress>().is_err(), "{wrong}");
        }
    }
}
