//! Certificates of authorities: a root, which signs itself, and authorities that it certifies.

use x509_cert::ext::Extension;

use super::certificate::self_signed;
use super::{IssueError, NameConstraints, SerialNumber, Validity};
use crate::pki::extensions::writing;
use crate::pki::{Certificate, KeyUsage, PrivateKey, Subject, oid};

/// What an authority's certificate shall say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthorityTemplate {
    /// Its name, which is in all that it issues.
    pub subject: Subject,
    /// How many authorities there may be below it, one below the other.
    pub authorities_below: u8,
    /// What it may certify.
    pub constraints: NameConstraints,
}

impl AuthorityTemplate {
    /// A root: an authority's certificate that is signed by its own key.
    ///
    /// # Errors
    ///
    /// [`IssueError::Nameless`] without a subject (RFC 5280 section 4.1.2.6), and what the key has to say.
    pub fn self_signed(
        &self,
        key: &PrivateKey,
        serial: &SerialNumber,
        validity: Validity,
    ) -> Result<Certificate, IssueError> {
        self_signed(key, serial, validity, &self.subject()?, self.extensions())
    }

    /// Its name in DER.
    pub(super) fn subject(&self) -> Result<Vec<u8>, IssueError> {
        if self.subject.is_empty() { Err(IssueError::Nameless) } else { Ok(self.subject.to_der()) }
    }

    pub(super) fn extensions(&self) -> der::Result<Vec<Extension>> {
        let mut extensions =
            vec![writing::authority(self.authorities_below)?, writing::key_usage(KeyUsage::OF_AUTHORITY, true)?];
        if !self.constraints.is_empty() {
            // critical, says RFC 5280 section 4.2.1.10
            extensions.push(writing::extension(oid::NAME_CONSTRAINTS, true, self.constraints.to_der()?)?);
        }
        Ok(extensions)
    }
}
