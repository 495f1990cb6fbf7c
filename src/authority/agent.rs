//! HTTP to authorities: over TLS that is held against roots, within limits, and nowhere but where it is asked.

use std::sync::Arc;
use std::time::Duration;

use keystore::model::AbsolutePath;
use keystore::pki::{Certificate, ReadError};
use ureq::tls::{ClientCert, RootCerts, TlsConfig, TlsProvider};

use crate::outside::{self, OutsideError};

/// For one answer, from looking up its host to its last octet.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
/// The most that is read of an answer: more than any chain of certificates.
pub(super) const LIMIT: u64 = 1 << 20;

/// Why TLS with an authority can't begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AgentFault {
    /// A file that can't be read.
    #[error(transparent)]
    File(OutsideError),
    /// The roots that its certificate is held against.
    #[error("the roots in {file} cannot be read")]
    Roots {
        file: String,
        #[source]
        source: ReadError,
    },
}

/// A client for HTTP. Redirections are not followed, an answer is one whatever its status.
pub(super) fn agent(
    roots: Option<&AbsolutePath>,
    client: Option<ClientCert>,
    https_only: bool,
) -> Result<ureq::Agent, AgentFault> {
    let roots = match roots {
        Some(path) => {
            let file = path.to_string();
            let bytes = outside::read(&file).map_err(AgentFault::File)?;
            keystore::pki::read_certificates(&bytes).map_err(|source| AgentFault::Roots { file, source })?
        }
        None => outside::system_roots().certificates().cloned().collect(),
    };
    let root = |root: &Certificate| ureq::tls::Certificate::from_der(root.as_der()).to_owned();
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .client_cert(client)
        .root_certs(RootCerts::from(roots.iter().map(root)));
    let config = ureq::Agent::config_builder()
        .tls_config(tls.build())
        .https_only(https_only)
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(TIMEOUT));
    Ok(config.build().new_agent())
}
