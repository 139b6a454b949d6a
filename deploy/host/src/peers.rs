//! Calls to the operator's listeners of processes.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use futures::future::join_all;
use serde_json::Value;
use tokio::net::lookup_host;

use crate::http_client;

/// The processes that are asked at most. Further addresses of a name are left out.
const PROCESSES_MAX: usize = 512;

/// The answer of a process to `/status`, or the reason why there is none.
#[derive(Debug, Clone)]
pub struct ProcessAnswer {
    /// The address of its operator's listener.
    pub address: String,
    pub answer: Result<Value, String>,
}

/// # Errors
/// If the client cannot be built.
pub fn client(answer_max: Duration) -> anyhow::Result<reqwest::Client> {
    Ok(http_client::for_operator()?.timeout(answer_max).build()?)
}

/// The addresses of the processes behind these. A name with several addresses stands for a process at each, like the name of a
/// headless service in Kubernetes. A name without an address stays as it is, so that the question says what is wrong with it.
pub async fn behind(addresses: &[String]) -> Vec<String> {
    let each = addresses.iter().map(async |address| {
        let found = found(address).await.unwrap_or_default();
        if found.len() > 1 { found.iter().map(SocketAddr::to_string).collect() } else { vec![address.clone()] }
    });
    join_all(each).await.into_iter().flatten().take(PROCESSES_MAX).collect()
}

/// Asks a process for its state.
pub async fn asked(client: &reqwest::Client, address: &str) -> ProcessAnswer {
    let answer = async {
        let url = url(address, "/status").await?;
        let answer = async { client.get(url).send().await?.error_for_status()?.json().await };
        answer.await.map_err(|error: reqwest::Error| error.without_url().to_string())
    };
    ProcessAnswer { address: address.to_owned(), answer: answer.await }
}

/// Starts a rebuild in a process, which goes on without this connection.
///
/// # Errors
/// The reason why it was not started.
pub async fn start_rebuild(client: &reqwest::Client, address: &str, name: &str) -> Result<(), String> {
    let url = url(address, &format!("/projections/{name}/rebuild")).await?;
    let answer = async { client.post(url).send().await?.error_for_status() };
    answer.await.map(drop).map_err(|error| error.without_url().to_string())
}

/// A URL with the IP address that a name has now: the listener refuses names that it does not know, and processes get
/// other addresses when they are replaced.
async fn url(address: &str, path: &str) -> Result<String, String> {
    let first = found(address).await?.pop_first().ok_or_else(|| format!("{address} has no address"))?;
    Ok(format!("http://{first}{path}"))
}

/// The IP addresses that a name has now: the IPv4 ones, or the IPv6 ones if there are no others, because a process may have both.
async fn found(address: &str) -> Result<BTreeSet<SocketAddr>, String> {
    Ok(of_one_family(lookup_host(address).await.map_err(|error| error.to_string())?))
}

fn of_one_family(all: impl Iterator<Item = SocketAddr>) -> BTreeSet<SocketAddr> {
    let (v4, v6): (BTreeSet<_>, BTreeSet<_>) = all.partition(SocketAddr::is_ipv4);
    if v4.is_empty() { v6 } else { v4 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_each_process_once() {
        let of = |all: &[&str]| {
            let all = all.iter().map(|address| address.parse().expect("an address"));
            of_one_family(all).iter().map(SocketAddr::to_string).collect::<Vec<_>>()
        };
        assert_eq!(of(&["10.0.0.2:1", "10.0.0.1:1", "10.0.0.2:1"]), ["10.0.0.1:1", "10.0.0.2:1"]);
        assert_eq!(of(&["[::1]:1", "127.0.0.1:1"]), ["127.0.0.1:1"], "one process has an address of each family");
        assert_eq!(of(&["[fd00::2]:1", "[fd00::1]:1"]), ["[fd00::1]:1", "[fd00::2]:1"]);
    }

    #[tokio::test]
    async fn a_name_with_one_address_and_a_name_without_stay_as_they_are() {
        let given = ["localhost:8081".to_owned(), "peer.invalid:8081".to_owned(), "127.0.0.1:1".to_owned()];
        assert_eq!(behind(&given).await, given);
    }
}
