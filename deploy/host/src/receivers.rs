//! The systems that gateways deliver to, over HTTP: a POST with the contents as JSON and the delivery's id as
//! `Idempotency-Key`.

use std::{fmt, str::FromStr, time::Duration};

use anyhow::Context;
use async_trait::async_trait;
use policy_engine::{DeliveryFault, OutgoingDelivery, Receiver};
use reqwest::{StatusCode, redirect};

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
    /// # Errors
    /// If the client cannot be built.
    pub fn at(addresses: Vec<GatewayAddress>) -> anyhow::Result<HttpReceivers> {
        let client = reqwest::Client::builder()
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
    use super::*;

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
