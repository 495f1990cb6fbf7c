use std::fmt;

use crate::pki::OpenError;
use crate::pki::asn1::{OCTET_STRING, SEQUENCE, Tlv};
use crate::pki::scheme::{Derivation, Hash, MAX_ROUNDS, Password, identifier};

/// `MacData` (RFC 7292 section 4), or PBMAC1 in its place (RFC 9579).
pub(super) struct Mac {
    derivation: Derivation,
    key_length: usize,
    hash: Hash,
    digest: Vec<u8>,
}

impl Mac {
    /// `SEQUENCE { DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 }`
    pub(super) fn read(element: &Tlv<'_>) -> Result<Self, OpenError> {
        let parts = || {
            let parts = element.tagged(SEQUENCE)?.children()?;
            let [info, salt, rest @ ..] = parts.as_slice() else { return None };
            let [algorithm, digest] = info.tagged(SEQUENCE)?.children()?.try_into().ok()?;
            let rounds = rest.first().map_or(Some(1), Tlv::unsigned)?;
            let salt = salt.tagged(OCTET_STRING)?.content;
            Some((algorithm, digest.tagged(OCTET_STRING)?.content.to_vec(), salt, rounds))
        };
        let (algorithm, digest, salt, rounds) = parts().ok_or_else(damaged)?;
        let (kind, parameters) = identifier::identifier(&algorithm).ok_or_else(damaged)?;
        if kind.to_string() == "1.2.840.113549.1.5.14" {
            return Self::pbmac1(parameters.as_ref(), digest);
        }
        let hash = Hash::by_oid(&kind).ok_or_else(|| identifier::unsupported(&kind))?;
        let rounds =
            u32::try_from(rounds).map_err(|_| OpenError::excessive(rounds.into(), MAX_ROUNDS.into(), "rounds"))?;
        let derivation = Derivation::Pkcs12 { hash, salt: salt.to_vec(), rounds }.checked()?;
        Ok(Self { derivation, key_length: hash.length(), hash, digest })
    }

    /// `PBMAC1-params ::= SEQUENCE { keyDerivationFunc, messageAuthScheme }`
    fn pbmac1(parameters: Option<&Tlv<'_>>, digest: Vec<u8>) -> Result<Self, OpenError> {
        let parts = parameters.and_then(|parameters| parameters.tagged(SEQUENCE)?.children());
        let Some([function, scheme]) = parts.as_deref() else { return Err(damaged()) };
        let (derivation, key_length) = identifier::derivation(function)?;
        let (scheme, _) = identifier::identifier(scheme).ok_or_else(damaged)?;
        let hash = Hash::by_hmac_oid(&scheme).ok_or_else(|| identifier::unsupported(&scheme))?;
        // RFC 9579 section 5 demands that it is said
        let key_length = key_length.filter(|length| (20..=1024).contains(length)).ok_or_else(damaged)?;
        Ok(Self { derivation, key_length, hash, digest })
    }

    pub(super) fn rounds(&self) -> u64 {
        self.derivation.rounds()
    }

    pub(super) fn is_legacy(&self) -> bool {
        matches!(self.hash, Hash::Md5 | Hash::Sha1)
    }

    pub(super) fn verifies(&self, password: &Password, content: &[u8]) -> Result<bool, OpenError> {
        let key = self.derivation.mac_key(password, self.key_length)?;
        Ok(self.hash.verifies(&key, content, &self.digest))
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if matches!(self.derivation, Derivation::Pkcs12 { .. }) { "HMAC" } else { "PBMAC1" };
        write!(f, "{name}-{} ({})", self.hash, self.derivation)
    }
}

fn damaged() -> OpenError {
    super::damaged("the message authentication code")
}
