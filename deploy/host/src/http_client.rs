//! Clients for HTTP. What they trust does not depend on the machine: a container image has no files of its own.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use reqwest::ClientBuilder;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::Misconfigured;

/// A client that trusts the public authorities, which are compiled in, and those in this file (certificates in PEM).
///
/// # Errors
/// If the file holds no certificate.
pub fn builder(authority: Option<&Path>) -> anyhow::Result<ClientBuilder> {
    Ok(reqwest::Client::builder().tls_backend_preconfigured(tls(authority)?))
}

/// A client for the operator's listeners. It connects directly: a proxy from the environment cannot reach a loopback address.
///
/// # Errors
/// If it cannot be built.
pub fn for_operator() -> anyhow::Result<ClientBuilder> {
    Ok(builder(None)?.no_proxy())
}

fn tls(authority: Option<&Path>) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = authority {
        let unfit = || Misconfigured(format!("--gateway-authority {}: no certificates in PEM", file.display()));
        let certificates = CertificateDer::pem_file_iter(file).map_err(|_| unfit())?;
        let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(|_| unfit())?;
        if roots.add_parsable_certificates(certificates).0 == 0 {
            return Err(unfit().into());
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().context("no TLS for gateways")?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
