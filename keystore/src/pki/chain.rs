//! From a heap of certificates to what a server sends: leaf first, then whoever signed it, and so on.

use std::collections::VecDeque;

use super::{Certificate, Subject};
use crate::digest::Digest;

/// What a heap of certificates came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chain {
    /// The certificate of the key.
    pub leaf: Certificate,
    /// Who signed it, and who signed that: the leaf's issuer first, without a self-signed root.
    pub intermediates: Vec<Certificate>,
    /// The self-signed certificate that the chain ends in, when it was among them.
    pub root: Option<Certificate>,
    /// What has no part in it, in the order given: other leaves, other ways to a root.
    pub foreign: Vec<Certificate>,
    /// The issuer that would come next, when it was not among them and the last one is not self-signed.
    pub missing_issuer: Option<Subject>,
}

impl Chain {
    /// The intermediates as the file that goes with the leaf: PEM, the leaf's issuer first; empty without any.
    #[must_use]
    pub fn intermediates_pem(&self) -> String {
        self.intermediates.iter().map(Certificate::to_pem).collect()
    }
}

/// Why there is no chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// No certificate at all.
    #[error("no certificates")]
    Empty,
    /// No certificate that certifies one of the keys.
    #[error("no certificate is for this key")]
    NoLeaf {
        /// What there was instead: subjects and the hashes of their public keys, authorities last.
        offered: Vec<(Subject, Digest)>,
    },
}

/// Puts certificates in order. The leaf is the newest one whose public key is among `keys` (hashes of
/// `SubjectPublicKeyInfo`); the shortest way to a self-signed root wins, else the longest there is.
///
/// # Errors
///
/// [`ChainError::Empty`] without certificates, [`ChainError::NoLeaf`] when none is for one of the keys.
pub fn assemble(certificates: Vec<Certificate>, keys: &[Digest]) -> Result<Chain, ChainError> {
    let certificates = without_duplicates(certificates);
    if certificates.is_empty() {
        return Err(ChainError::Empty);
    }
    let leaf = find_leaf(&certificates, keys).ok_or_else(|| no_leaf(&certificates))?;
    let path = path_from(leaf, &certificates);
    let last = *path.last().unwrap_or(&leaf);
    let self_signed = certificates[last].is_self_signed();
    let root = (self_signed && last != leaf).then_some(last);
    let known = || certificates.iter().any(|issuer| certificates[last].issued_by(issuer));
    let missing_issuer = (!self_signed && !known()).then(|| certificates[last].issuer().clone());
    let foreign = (0..certificates.len()).filter(|index| !path.contains(index));
    let take = |index: usize| certificates[index].clone();
    Ok(Chain {
        leaf: take(leaf),
        intermediates: path.iter().copied().filter(|&index| index != leaf && Some(index) != root).map(take).collect(),
        root: root.map(take),
        foreign: foreign.map(take).collect(),
        missing_issuer,
    })
}

fn without_duplicates(certificates: Vec<Certificate>) -> Vec<Certificate> {
    let mut seen = std::collections::HashSet::new();
    certificates.into_iter().filter(|certificate| seen.insert(certificate.fingerprint())).collect()
}

fn find_leaf(certificates: &[Certificate], keys: &[Digest]) -> Option<usize> {
    let ours = |index: &usize| keys.contains(&certificates[*index].public_key().hash());
    // the last of equals is what max_by_key takes: the first given shall win
    (0..certificates.len()).rev().filter(ours).max_by_key(|&index| certificates[index].not_before())
}

fn no_leaf(certificates: &[Certificate]) -> ChainError {
    let (authorities, others): (Vec<&Certificate>, Vec<_>) = certificates.iter().partition(|found| found.is_ca());
    let offer = |found: &Certificate| (found.subject().clone(), found.public_key().hash());
    ChainError::NoLeaf { offered: others.into_iter().chain(authorities).map(offer).collect() }
}

/// Breadth first from issuer to issuer, so that cross-signed authorities neither loop nor multiply. Among the
/// issuers of one certificate, the one that lasts longest comes first.
fn path_from(leaf: usize, certificates: &[Certificate]) -> Vec<usize> {
    let mut came_from: Vec<Option<usize>> = vec![None; certificates.len()];
    let mut queue = VecDeque::from([leaf]);
    let mut last = leaf;
    while let Some(index) = queue.pop_front() {
        last = deeper(last, index, &came_from);
        if certificates[index].is_self_signed() {
            last = index;
            break;
        }
        let mut issuers: Vec<usize> = (0..certificates.len())
            .filter(|&other| other != leaf && other != index && came_from[other].is_none())
            .filter(|&other| certificates[index].issued_by(&certificates[other]))
            .collect();
        issuers.sort_by_key(|&issuer| std::cmp::Reverse(certificates[issuer].not_after()));
        for issuer in issuers {
            came_from[issuer] = Some(index);
            queue.push_back(issuer);
        }
    }
    walk_back(last, &came_from)
}

fn deeper(best: usize, candidate: usize, came_from: &[Option<usize>]) -> usize {
    let longer = walk_back(candidate, came_from).len() > walk_back(best, came_from).len();
    if longer { candidate } else { best }
}

fn walk_back(last: usize, came_from: &[Option<usize>]) -> Vec<usize> {
    let mut path: Vec<usize> = std::iter::successors(Some(last), |&index| came_from[index]).collect();
    path.reverse();
    path
}

#[cfg(test)]
mod tests;
