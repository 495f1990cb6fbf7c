//! Which of the chains is taken that an authority offers (RFC 8555 section 7.4.2).

use keystore::pki::{Certificate, read_certificates};

use super::AcmeAuthority;
use super::fault::AcmeFault;
use super::order::Session;

impl AcmeAuthority<'_> {
    /// The chain whose uppermost issuer is the preferred one, else the first.
    pub(super) fn preferred(&self, session: &Session, first: String) -> Result<String, AcmeFault> {
        let Some(wanted) = &self.settings.preferred_chain else { return Ok(first) };
        // of the answer that brought the first one
        let others = session.wire.seen().alternates;
        if leads_to(&first, wanted.as_str()) {
            return Ok(first);
        }
        for url in others {
            let chain = session.read(&url)?;
            if leads_to(&chain, wanted.as_str()) {
                return Ok(chain);
            }
        }
        Ok(first)
    }
}

/// Whether the uppermost certificate of a chain, as it was sent, was issued by somebody with this common name.
fn leads_to(chain: &str, wanted: &str) -> bool {
    let certificates = read_certificates(chain.as_bytes()).unwrap_or_default();
    certificates.last().map(Certificate::issuer).and_then(|issuer| issuer.common_name()).is_some_and(|it| it == wanted)
}
