//! What is wrong with one thing by itself.

use super::Finding;
use super::limits;
use crate::pki::{Certificate, CertificationRequest, Content, Item, OpenError, RequestError, Subject, SubjectAltName};
use crate::timestamp::Timestamp;

pub(super) fn lint(item: &Item, now: Timestamp) -> Vec<Finding> {
    let mut findings = match &item.content {
        Content::Certificate(certificate) => certificate_findings(certificate, now),
        Content::Request(request) => request_findings(request),
        Content::Crl(crl) => {
            let outdated = crl.next_update.filter(|next| *next < now);
            outdated.map(|next_update| Finding::OutdatedCrl { next_update }).into_iter().collect()
        }
        Content::Unreadable { what, error } => vec![Finding::Unreadable { what: *what, error: error.clone() }],
        _ => Vec::new(),
    };
    let weaknesses = item.public_key().map(crate::pki::PublicKey::weaknesses).unwrap_or_default();
    findings.extend(weaknesses.into_iter().map(Finding::WeakKey));
    if let Some(protection) = &item.protection {
        if protection.legacy {
            let schemes = protection.schemes.iter().chain(&protection.integrity).cloned().collect();
            findings.push(Finding::LegacyEncryption { schemes });
        }
        findings.extend(match &protection.closed {
            None | Some(OpenError::PassphraseNeeded) => None,
            Some(OpenError::WrongPassphrase) => Some(Finding::WrongPassphrase),
            Some(error) => Some(Finding::Unreadable { what: what(item), error: error.clone() }),
        });
    }
    findings
}

fn what(item: &Item) -> crate::pki::LooksLike {
    use crate::pki::LooksLike;
    if matches!(item.content, Content::Pkcs12(_)) { LooksLike::Pkcs12 } else { LooksLike::EncryptedPrivateKey }
}

fn certificate_findings(certificate: &Certificate, now: Timestamp) -> Vec<Finding> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    let mut findings = Vec::new();
    if not_after < now {
        findings.push(Finding::Expired { not_after });
    }
    if not_before > now {
        findings.push(Finding::NotYetValid { not_before });
    }
    findings.extend(certificate.broken_hash().map(|hash| Finding::WeakSignature { hash }));
    if certificate.is_self_issued() && !certificate.is_self_signed() {
        findings.push(Finding::NamedLikeIssuer);
    }
    if certificate.is_ca() {
        return findings;
    }
    findings.extend(not_named(certificate.subject(), certificate.names()));
    if let Some((limit, since)) = limits::limit(not_before) {
        let days = limits::days(not_before, not_after);
        findings.extend((days > limit).then_some(Finding::LongLifetime { days, limit, since }));
    }
    findings
}

fn request_findings(request: &CertificationRequest) -> Vec<Finding> {
    let mut findings = Vec::new();
    if matches!(request.verify(), Err(RequestError::SignatureInvalid)) {
        findings.push(Finding::InvalidSignature);
    }
    findings.extend(request.broken_hash().map(|hash| Finding::WeakSignature { hash }));
    findings.extend(not_named(request.subject(), request.names()));
    findings
}

/// A common name that is a host name or an address, and not among the names.
fn not_named(subject: &Subject, names: &[SubjectAltName]) -> Option<Finding> {
    let common_name = subject.common_name()?;
    let name = SubjectAltName::host_name_of_common_name(common_name)?;
    let covered = names.contains(&name) || names.iter().any(|other| other.matches_host(common_name));
    (!covered).then(|| Finding::CommonNameNotNamed { common_name: common_name.to_owned() })
}
