//! From a certificate and the chain that is sent with it to a trusted root.

use super::{Finding, Trust};
use crate::pki::{Certificate, Chain, PathError, Roots, Subject, TrustedPath, find_path, read_certificates};
use crate::timestamp::Timestamp;

/// The most issuers that are fetched: a chain has three or four certificates.
const FETCHES: usize = 6;

/// The way to a root.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Examined {
    /// The leaf's issuer first, without the root; empty when there is no way.
    pub path: Vec<Certificate>,
    /// The trusted root that the way leads to.
    pub root: Option<Certificate>,
    /// Issuers that were fetched.
    pub fetched: Vec<Fetched>,
    /// What is wrong, and what to look at.
    pub findings: Vec<Finding>,
}

/// An issuer that was fetched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetched {
    /// From where.
    pub url: String,
    /// Its certificate.
    pub certificate: Certificate,
}

impl Examined {
    /// Whether clients will take it, as far as they were told whom to trust.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !self.findings.iter().any(Finding::is_fault)
    }

    /// The first certificate that is revoked.
    pub(in crate::ops) fn revoked(&self) -> Option<&Subject> {
        self.findings.iter().find_map(|finding| match finding {
            Finding::Revoked { subject } => Some(subject),
            _ => None,
        })
    }

    /// Drops the remark on a root that will not be in the chain.
    pub(in crate::ops) fn forget_superfluous_root(&mut self, chain: &Chain) {
        let Some(root) = &chain.root else { return };
        let is_it =
            |finding: &Finding| matches!(finding, Finding::Superfluous { subject } if subject == root.subject());
        self.findings.retain(|finding| !is_it(finding));
    }
}

/// Looks for the way from a leaf to a trusted root through the certificates that are sent with it.
pub(in crate::ops) fn examine(leaf: &Certificate, sent: &[Certificate], trust: &Trust<'_>, now: Timestamp) -> Examined {
    let mut examined = Examined::default();
    let mut known = sent.to_vec();
    let mut found = look(leaf, &known, trust, now);
    while let (Err(PathError::UnknownIssuer), Some(fetch)) = (&found, trust.fetch) {
        let last = end(leaf, &known);
        if last.is_self_signed() || examined.fetched.len() == FETCHES {
            break;
        }
        match issuer_of(last, fetch) {
            Ok((url, certificate)) => {
                known.push(certificate.clone());
                examined.fetched.push(Fetched { url, certificate });
            }
            Err(reason) => {
                examined.findings.push(Finding::NotFetched { of: last.subject().clone(), reason });
                break;
            }
        }
        found = look(leaf, &known, trust, now);
    }
    // a root needs not be sent
    examined.fetched.retain(|fetched| !fetched.certificate.is_self_signed());
    judge(leaf, sent, &known, &found, trust, &mut examined.findings);
    members(leaf, sent, &found, now, &mut examined.findings);
    if let Ok(TrustedPath { intermediates, root }) = found {
        examined.path = intermediates;
        examined.root = trust.roots.map(|_| root);
    }
    examined
}

/// Without roots, whatever the chain ends in is one, so that what leads there is looked at all the same.
fn look(
    leaf: &Certificate,
    known: &[Certificate],
    trust: &Trust<'_>,
    now: Timestamp,
) -> Result<TrustedPath, PathError> {
    let last = end(leaf, known);
    let found = match trust.roots {
        Some(roots) => find_path(leaf, known, roots, trust.lists, now),
        None => find_path(leaf, known, &Roots::new([last.clone()]), trust.lists, now),
    };
    // the chain holds as far as it goes, and a root is only called like the one that it ends in
    let is_named = |one: &Certificate| one != last && one.subject() == last.issuer();
    match found {
        Err(PathError::Signature) if !known.iter().any(is_named) => Err(PathError::UnknownIssuer),
        found => found,
    }
}

/// The certificate that the chain ends in: the last that an issuer was found for.
fn end<'c>(leaf: &'c Certificate, known: &'c [Certificate]) -> &'c Certificate {
    let mut last = leaf;
    // each step takes another certificate, so that two that signed each other end it
    let mut left: Vec<&Certificate> = known.iter().filter(|one| *one != leaf).collect();
    while let Some(at) = left.iter().position(|one| !last.is_self_issued() && last.issued_by(one)) {
        last = left.swap_remove(at);
    }
    last
}

/// Gets the certificate of an issuer from where a certificate says it is.
fn issuer_of(certificate: &Certificate, fetch: super::Fetch<'_>) -> Result<(String, Certificate), String> {
    let mut reason = "it does not say where, with http://".to_owned();
    let urls = certificate.issuer_urls();
    for url in urls.into_iter().filter(|url| url.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("http://"))) {
        let found = fetch(&url).and_then(|bytes| {
            let all = read_certificates(&bytes).map_err(|error| error.to_string())?;
            all.into_iter().find(|one| certificate.issued_by(one)).ok_or_else(|| "it is another one's".to_owned())
        });
        match found {
            Ok(issuer) => return Ok((url, issuer)),
            Err(error) => reason = format!("{url}: {error}"),
        }
    }
    Err(reason)
}

/// What the search for a way came to.
fn judge(
    leaf: &Certificate,
    sent: &[Certificate],
    known: &[Certificate],
    found: &Result<TrustedPath, PathError>,
    trust: &Trust<'_>,
    findings: &mut Vec<Finding>,
) {
    match found {
        Ok(path) => {
            of_sent(sent, path, trust, findings);
            of_lists(leaf, path, trust, findings);
        }
        Err(PathError::UnknownIssuer) => findings.extend(of_end(leaf, known, trust)),
        Err(PathError::Revoked) => findings.extend(of_revoked(leaf, known, trust)),
        Err(error) => findings.push(Finding::Path(error.clone())),
    }
}

/// What was sent beside what the way needs.
fn of_sent(sent: &[Certificate], path: &TrustedPath, trust: &Trust<'_>, findings: &mut Vec<Finding>) {
    let not_sent = path.intermediates.iter().filter(|one| !sent.contains(one));
    findings.extend(not_sent.map(|one| Finding::NotSent { subject: one.subject().clone() }));
    let needed: Vec<&Certificate> = path.intermediates.iter().filter(|one| sent.contains(one)).collect();
    // without roots, the last one sent stands for the root, and clients may need it
    let is_end = |one: &Certificate| trust.roots.is_none() && *one == path.root;
    let superfluous = sent.iter().filter(|one| !needed.contains(one) && !is_end(one));
    findings.extend(superfluous.map(|one| Finding::Superfluous { subject: one.subject().clone() }));
    let in_order: Vec<&Certificate> = sent.iter().filter(|one| needed.contains(one)).collect();
    if in_order != needed {
        findings.push(Finding::OutOfOrder);
    }
}

/// The certificates on the way of which no revocation list speaks, where there are lists.
fn of_lists(leaf: &Certificate, path: &TrustedPath, trust: &Trust<'_>, findings: &mut Vec<Finding>) {
    if trust.lists.is_empty() {
        return;
    }
    let looked_up = std::iter::once(leaf).chain(&path.intermediates);
    let unheard = looked_up.filter(|one| !trust.lists.iter().any(|list| list.speaks_of(one)));
    let no_list = |one: &Certificate| Finding::NoList { subject: one.subject().clone(), issuer: one.issuer().clone() };
    findings.extend(unheard.map(no_list));
}

/// The chain leads nowhere.
fn of_end(leaf: &Certificate, known: &[Certificate], trust: &Trust<'_>) -> Option<Finding> {
    let last = end(leaf, known);
    // alone and not judged, it is not known whether its issuer is a root
    if trust.roots.is_none() && last == leaf {
        return None;
    }
    Some(match last.is_self_issued() {
        true => Finding::Untrusted { root: last.subject().clone() },
        false => Finding::MissingIssuer { of: last.subject().clone(), issuer: last.issuer().clone() },
    })
}

/// One of them is revoked: webpki says that, and the lists say which.
fn of_revoked(leaf: &Certificate, known: &[Certificate], trust: &Trust<'_>) -> Vec<Finding> {
    let all = std::iter::once(leaf).chain(known);
    let named = all.filter(|one| trust.lists.iter().any(|list| list.names(one)));
    let mut revoked: Vec<_> = named.map(|one| Finding::Revoked { subject: one.subject().clone() }).collect();
    if revoked.is_empty() {
        revoked.push(Finding::Revoked { subject: leaf.subject().clone() });
    }
    revoked
}

/// Each certificate's own validity.
fn members(
    leaf: &Certificate,
    sent: &[Certificate],
    found: &Result<TrustedPath, PathError>,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) {
    let path = found.as_ref().map(|path| path.intermediates.as_slice()).unwrap_or_default();
    let times_matter = matches!(found, Err(PathError::Expired | PathError::NotYetValid));
    let before = findings.len();
    for one in std::iter::once(leaf).chain(sent) {
        let (subject, needed) = (|| one.subject().clone(), one == leaf || times_matter || path.contains(one));
        if one.not_after() < now {
            findings.push(Finding::Expired { subject: subject(), not_after: one.not_after(), needed });
        } else if one.not_before() > now {
            findings.push(Finding::NotYetValid { subject: subject(), not_before: one.not_before(), needed });
        } else if one.not_after() < leaf.not_after() && path.contains(one) {
            findings.push(Finding::IssuerEndsFirst { subject: subject(), not_after: one.not_after() });
        }
    }
    // named now, one by one
    if times_matter && findings.len() > before {
        findings.retain(|finding| !matches!(finding, Finding::Path(PathError::Expired | PathError::NotYetValid)));
    }
}

#[cfg(test)]
mod tests;
