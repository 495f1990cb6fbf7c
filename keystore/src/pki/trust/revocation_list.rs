use std::fmt;

use webpki::{BorrowedCertRevocationList, CertRevocationList, Error};

use crate::pki::{Certificate, LooksLike, PemError, looks_like, pem, pem_blocks};

/// A list of revoked certificates (RFC 5280 section 5), whose signature is checked when a path is.
#[derive(Clone, PartialEq, Eq)]
pub struct RevocationList {
    der: Vec<u8>,
    /// The contents of its issuer's `Name`.
    issuer: Vec<u8>,
}

/// Why a file gave no revocation lists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevocationListError {
    /// Nothing in the file.
    #[error("the file is empty")]
    Empty,
    /// Something else.
    #[error("not a revocation list: it looks like {looks_like}")]
    NotAList {
        /// What it looks like.
        looks_like: LooksLike,
    },
    /// A block that cannot be read.
    #[error(transparent)]
    Block(#[from] PemError),
    /// A list that cannot be understood.
    #[error("a revocation list that cannot be used: {reason}")]
    Unusable {
        /// Why.
        reason: String,
    },
}

/// The revocation lists of a file, in PEM or DER.
///
/// # Errors
///
/// Says what the file is instead, or what is wrong with a list. A file is taken whole or not at all.
pub fn read_revocation_lists(bytes: &[u8]) -> Result<Vec<RevocationList>, RevocationListError> {
    if bytes.trim_ascii().is_empty() {
        return Err(RevocationListError::Empty);
    }
    let looks_like = looks_like(bytes);
    if looks_like != LooksLike::Crl {
        return Err(RevocationListError::NotAList { looks_like });
    }
    let blocks: Vec<_> = pem_blocks(bytes).into_iter().filter(|block| block.label == "X509 CRL").collect();
    if blocks.is_empty() {
        return Ok(vec![RevocationList::from_der(bytes)?]);
    }
    blocks.into_iter().map(|block| RevocationList::from_der(&block.body?)).collect()
}

impl RevocationList {
    /// Takes a list in DER.
    ///
    /// # Errors
    ///
    /// [`RevocationListError::Unusable`] when it cannot be understood.
    pub fn from_der(der: &[u8]) -> Result<Self, RevocationListError> {
        let unusable = |error: Error| RevocationListError::Unusable { reason: error.to_string() };
        let parsed = BorrowedCertRevocationList::from_der(der).map_err(unusable)?;
        let issuer = CertRevocationList::from(parsed).issuer().to_vec();
        Ok(Self { der: der.to_vec(), issuer })
    }

    /// The list in DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The list as `X509 CRL` (RFC 7468 section 6), LF, 64 columns.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("X509 CRL", &self.der)
    }

    pub(super) fn parsed(&self) -> Result<CertRevocationList<'_>, Error> {
        Ok(BorrowedCertRevocationList::from_der(&self.der)?.into())
    }

    /// Whether it is by the issuer of this certificate, as far as its name goes.
    #[must_use]
    pub fn speaks_of(&self, certificate: &Certificate) -> bool {
        certificate.raw_issuer().ends_with(&self.issuer)
    }

    /// Whether it names this certificate; its signature is not looked at.
    #[must_use]
    pub fn names(&self, certificate: &Certificate) -> bool {
        let serial = certificate.raw_serial();
        let named = || Some(self.parsed().ok()?.find_serial(&serial).ok()?.is_some());
        self.speaks_of(certificate) && named().unwrap_or(false)
    }
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RevocationList({} octets)", self.der.len())
    }
}
