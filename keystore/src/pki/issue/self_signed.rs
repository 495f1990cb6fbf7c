use super::certificate::self_signed;
use super::{CertificateProfile, IssueError, SerialNumber, Validity};
use crate::pki::extensions::writing;
use crate::pki::{Certificate, DnsName, PrivateKey, Subject, SubjectAltName};

/// How long the certificates are valid that Exchange signs itself: five years.
pub const EXCHANGE_DAYS: u32 = 5 * 365 + 1;

/// A server's certificate that is signed by its own key.
///
/// It says that it is no authority's (`CA:FALSE`), and may not sign certificates. Whoever trusts it then trusts one server and
/// not whatever its key would sign; rustls takes no other from a server (`CaUsedAsEndEntity`). Clients of OpenSSL and of
/// GnuTLS take it once it is among what they trust. Alone `certtool --verify`, which is no client, wants an authority's.
/// It has a subject, as it is an issuer (RFC 5280 section 4.1.2.4).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SelfSignedTemplate {
    /// Who it is; may not be empty.
    pub subject: Subject,
    /// What it is good for; the host name of the common name is added when it is missing.
    pub names: Vec<SubjectAltName>,
}

impl SelfSignedTemplate {
    /// The certificate.
    ///
    /// # Errors
    ///
    /// [`IssueError::Nameless`] without a subject, [`IssueError::NoHost`] without a host name or an address, and what the
    /// key has to say.
    pub fn sign(&self, key: &PrivateKey, serial: &SerialNumber, validity: Validity) -> Result<Certificate, IssueError> {
        if self.subject.is_empty() {
            return Err(IssueError::Nameless);
        }
        let names = SubjectAltName::with_common_name(&self.names, &self.subject);
        if !names.iter().any(|name| matches!(name, SubjectAltName::Dns(_) | SubjectAltName::Ip(_))) {
            return Err(IssueError::NoHost);
        }
        let extensions = || {
            let mut extensions = CertificateProfile::Server.extensions(Some(key.algorithm()))?;
            extensions.push(writing::subject_alt_names(&names, false)?);
            Ok(extensions)
        };
        self_signed(key, serial, validity, &self.subject.to_der(), extensions())
    }
}

/// The names that Exchange gives a server: the short one and the whole one.
#[must_use]
pub fn exchange_names(server: &DnsName) -> Vec<SubjectAltName> {
    let short = server.as_str().split('.').next().and_then(|short| short.parse().ok());
    let whole = SubjectAltName::Dns(server.clone());
    let mut names: Vec<SubjectAltName> = short.map(SubjectAltName::Dns).into_iter().collect();
    if !names.contains(&whole) {
        names.push(whole);
    }
    names
}
