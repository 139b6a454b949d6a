//! Calls to the operator's listeners of processes.

use std::{net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::net::lookup_host;

/// The answer of a process to `/status`, or the reason why there is none.
#[derive(Debug, Clone)]
pub struct ProcessAnswer {
    /// The address of its operator's listener.
    pub address: String,
    pub answer: Result<Value, String>,
}

/// Connects directly to a process: a proxy from the environment cannot reach a loopback address.
///
/// # Errors
/// If the client cannot be built.
pub fn client(answer_max: Duration) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().no_proxy().timeout(answer_max).build()
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
    let found = lookup_host(address).await.map_err(|error| error.to_string())?;
    let all: Vec<SocketAddr> = found.collect();
    let preferred = all.iter().find(|address| address.is_ipv4()).or(all.first());
    preferred.map(|address| format!("http://{address}{path}")).ok_or_else(|| format!("{address} has no address"))
}
