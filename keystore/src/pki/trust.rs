//! Whether a certificate leads to a root that is trusted. Paths are built and checked by rustls-webpki (RFC 5280
//! section 6), with its limits on how much of that a heap of certificates can ask for.

mod error;
mod revocation_list;

use std::time::Duration;

use pki_types::{CertificateDer, Der, TrustAnchor, UnixTime};
use webpki::{
    CertRevocationList, EndEntityCert, Error, ExpirationPolicy, KeyUsage, RevocationCheckDepth, RevocationOptions,
    RevocationOptionsBuilder, UnknownStatusPolicy,
};

use super::Certificate;
use crate::timestamp::Timestamp;
pub use error::PathError;
pub use revocation_list::{RevocationList, RevocationListError, read_revocation_lists};

/// The roots that are trusted.
#[derive(Clone, Default)]
pub struct Roots(Vec<Root>);

/// One of them, and what webpki takes it for.
#[derive(Clone)]
struct Root {
    certificate: Certificate,
    anchor: TrustAnchor<'static>,
}

impl Root {
    fn of(certificate: Certificate) -> Option<Self> {
        let anchor = webpki::anchor_from_trusted_cert(&CertificateDer::from(certificate.as_der())).ok()?.to_owned();
        Some(Self { certificate, anchor })
    }

    fn is_valid_at(&self, now: Timestamp) -> bool {
        self.certificate.not_before() <= now && now <= self.certificate.not_after()
    }

    /// The same without a copy.
    fn anchor(&self) -> TrustAnchor<'_> {
        TrustAnchor {
            subject: Der::from_slice(&self.anchor.subject),
            subject_public_key_info: Der::from_slice(&self.anchor.subject_public_key_info),
            name_constraints: self.anchor.name_constraints.as_deref().map(Der::from_slice),
        }
    }
}

/// A way from a certificate to a trusted root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustedPath {
    /// Between the two, the leaf's issuer first.
    pub intermediates: Vec<Certificate>,
    /// Where it ends.
    pub root: Certificate,
}

impl Roots {
    /// These certificates, whether self-signed or not; what can't be read as an authority is left out.
    #[must_use]
    pub fn new(certificates: impl IntoIterator<Item = Certificate>) -> Self {
        Self(certificates.into_iter().filter_map(Root::of).collect())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.0.iter().map(|root| &root.certificate)
    }

    /// Whether one of them signed this certificate.
    #[must_use]
    pub fn issued(&self, certificate: &Certificate) -> bool {
        self.0.iter().any(|root| certificate.issued_by(&root.certificate))
    }
}

/// The way from a TLS server's certificate to a trusted root, through some of these certificates in whatever order,
/// none of it revoked by one of these lists. A certificate that no list speaks of is not held to be revoked; a list
/// that has run out is an error.
///
/// # Errors
///
/// Why there is none.
pub fn find_path(
    leaf: &Certificate,
    others: &[Certificate],
    roots: &Roots,
    lists: &[RevocationList],
    now: Timestamp,
) -> Result<TrustedPath, PathError> {
    // webpki takes a root for a name and a key, and does not ask how long it is good
    let all: Vec<&Root> = roots.0.iter().collect();
    let valid: Vec<&Root> = all.iter().copied().filter(|root| root.is_valid_at(now)).collect();
    match path(leaf, others, &valid, lists, now) {
        Err(PathError::UnknownIssuer) if valid.len() < all.len() => match path(leaf, others, &all, lists, now) {
            Ok(TrustedPath { root, .. }) => Err(PathError::Root { subject: root.subject().clone() }),
            Err(error) => Err(error),
        },
        found => found,
    }
}

fn path(
    leaf: &Certificate,
    others: &[Certificate],
    roots: &[&Root],
    lists: &[RevocationList],
    now: Timestamp,
) -> Result<TrustedPath, PathError> {
    let der = CertificateDer::from(leaf.as_der());
    let leaf = EndEntityCert::try_from(&der)?;
    let anchors: Vec<TrustAnchor<'_>> = roots.iter().map(|root| root.anchor()).collect();
    let ders: Vec<CertificateDer<'_>> = others.iter().map(|other| CertificateDer::from(other.as_der())).collect();
    let lists: Vec<CertRevocationList<'_>> = lists.iter().map(RevocationList::parsed).collect::<Result<_, Error>>()?;
    let lists: Vec<&CertRevocationList<'_>> = lists.iter().collect();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.unix()).unwrap_or(0)));
    let found = leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        &ders,
        time,
        KeyUsage::server_auth(),
        revocation(&lists),
        None,
    )?;
    let known = |der: CertificateDer<'_>| others.iter().find(|other| other.as_der() == der.as_ref()).cloned();
    let intermediates = found.intermediate_certificates().filter_map(|found| known(found.der())).collect();
    let root = roots.iter().find(|root| root.anchor == *found.anchor()).ok_or(PathError::UnknownIssuer)?;
    Ok(TrustedPath { intermediates, root: root.certificate.clone() })
}

fn revocation<'l>(lists: &'l [&'l CertRevocationList<'l>]) -> Option<RevocationOptions<'l>> {
    let builder = RevocationOptionsBuilder::new(lists).ok()?;
    let builder = builder.with_depth(RevocationCheckDepth::Chain).with_status_policy(UnknownStatusPolicy::Allow);
    Some(builder.with_expiration_policy(ExpirationPolicy::Enforce).build())
}

#[cfg(test)]
mod tests;
