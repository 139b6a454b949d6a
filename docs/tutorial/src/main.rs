//! `library [LOG VIEWS [KAFKA]]`: serves on 127.0.0.1:8090, and prints a librarian's token.

use anyhow::Context;
use http_edge::{
    Tokens,
    testing::{AUDIENCE, Signer, claims_of},
};
use library::{Places, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let log = arguments.next().unwrap_or_else(|| "sqlite:library-data".to_owned());
    let views = arguments.next().unwrap_or_else(|| "sqlite:library-data/views.db".to_owned());
    let kafka = arguments.next().map(|url| url.parse()).transpose()?;
    std::fs::create_dir_all("library-data")?;

    // An issuer of this process's own. A real one is another program, and its public keys are a file.
    let issuer = Signer::new("tutorial");
    let tokens = Tokens::new(AUDIENCE, vec![issuer.trusted()], |_| true)?;
    println!("TOKEN={}", issuer.sign(&claims_of("ann", "librarian")));

    let listen = TcpListener::bind("127.0.0.1:8090").await.context("127.0.0.1:8090 cannot be bound")?;
    let stop = CancellationToken::new();
    tokio::spawn({
        let stop = stop.clone();
        async move {
            let _ = tokio::signal::ctrl_c().await;
            stop.cancel();
        }
    });
    println!("http://{}/docs", listen.local_addr()?);
    serve(Places { log, views, kafka }, tokens, listen, stop).await
}
