//! Revocation lists, written (RFC 5280 section 5).

use std::fmt;
use std::str::FromStr;

use der::asn1::Uint;
use der::{Decode, Encode};
use x509_cert::Version;
use x509_cert::crl::{RevokedCert, TbsCertList};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::CrlReason;
use x509_cert::name::Name;

use super::certificate::authority_key_identifier;
use super::{IssueError, Issuer, SerialNumber, validity};
use crate::name::serde_as_text;
use crate::pki::extensions::writing;
use crate::pki::{KeyUsage, RevocationList, oid, signature};
use crate::timestamp::Timestamp;

/// A certificate that is no longer good.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Revoked {
    /// Which.
    pub serial: SerialNumber,
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
}

/// Why a certificate is revoked (RFC 5280 section 5.3.1), by the standard's names. Revocations that can be taken back are
/// not made here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum RevocationReason {
    /// Nothing is said.
    #[default]
    Unspecified,
    /// Somebody else has the private key, or may have it.
    KeyCompromise,
    /// Somebody else has the private key of an authority.
    CaCompromise,
    /// What the subject says is no longer so.
    AffiliationChanged,
    /// Another certificate has taken its place.
    Superseded,
    /// What it was for has ended.
    CessationOfOperation,
    /// Its holder may no longer do what it was for.
    PrivilegeWithdrawn,
}

/// Text that names no reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no reason for a revocation: there are {}", RevocationReason::ALL.map(RevocationReason::as_str).join(", "))]
pub struct RevocationReasonError {
    /// What was given.
    pub text: String,
}

impl RevocationReason {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::PrivilegeWithdrawn,
    ];

    /// The name as it is typed and stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
        }
    }

    /// None for what is unspecified: it should be left out (RFC 5280 section 5.3.1).
    fn code(self) -> Option<CrlReason> {
        Some(match self {
            Self::Unspecified => return None,
            Self::KeyCompromise => CrlReason::KeyCompromise,
            Self::CaCompromise => CrlReason::CaCompromise,
            Self::AffiliationChanged => CrlReason::AffiliationChanged,
            Self::Superseded => CrlReason::Superseded,
            Self::CessationOfOperation => CrlReason::CessationOfOperation,
            Self::PrivilegeWithdrawn => CrlReason::PrivilegeWithdrawn,
        })
    }
}

impl Issuer<'_> {
    /// The list of what is revoked, version 2. `number` must be greater than that of every list before it (section 5.2.3).
    /// `next_update` is when it runs out.
    ///
    /// # Errors
    ///
    /// [`IssueError`]: its certificate does not let the authority sign lists, or the list would run out before it begins.
    pub fn revocation_list(
        &self,
        revoked: &[Revoked],
        number: u64,
        this_update: Timestamp,
        next_update: Timestamp,
    ) -> Result<RevocationList, IssueError> {
        if !self.may(KeyUsage::LIST_SIGNING) {
            return Err(self.fault("its certificate does not let it sign revocation lists"));
        }
        super::Validity::new(this_update, next_update)?;
        let list = || {
            let entries = revoked.iter().map(entry).collect::<der::Result<Vec<_>>>()?;
            TbsCertList {
                version: Version::V2,
                signature: self.key().signature_algorithm(),
                issuer: Name::from_der(self.certificate().raw_subject())?,
                this_update: validity::encoded(this_update)?,
                next_update: Some(validity::encoded(next_update)?),
                // absent when there are none (section 5.1.2.6)
                revoked_certificates: (!entries.is_empty()).then_some(entries),
                crl_extensions: Some(vec![
                    authority_key_identifier(self.key_id())?,
                    writing::extension(oid::CRL_NUMBER, false, Uint::try_from(number)?.to_der()?)?,
                ]),
            }
            .to_der()
        };
        let der = signature::sign(&list().map_err(IssueError::Encoding)?, self.key())?;
        RevocationList::from_der(&der).map_err(|error| IssueError::ListReadBack { reason: error.to_string() })
    }
}

fn entry(revoked: &Revoked) -> der::Result<RevokedCert> {
    let reason = |code: CrlReason| writing::extension(oid::CRL_REASON, false, code.to_der()?);
    let extensions: Vec<Extension> = revoked.reason.code().map(reason).transpose()?.into_iter().collect();
    Ok(RevokedCert {
        serial_number: revoked.serial.encoded()?,
        revocation_date: validity::encoded(revoked.at)?,
        crl_entry_extensions: (!extensions.is_empty()).then_some(extensions),
    })
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for RevocationReason {
    type Err = RevocationReasonError;

    /// In whatever case, with hyphens between the words or without.
    fn from_str(text: &str) -> Result<Self, RevocationReasonError> {
        let bare: String = text.chars().filter(|&character| character != '-').collect();
        let found = Self::ALL.into_iter().find(|reason| reason.as_str().eq_ignore_ascii_case(&bare));
        found.ok_or_else(|| RevocationReasonError { text: text.to_owned() })
    }
}

serde_as_text!(RevocationReason);
