//! Which certificates issued which.

use std::collections::HashMap;

use super::{Finding, Object};
use crate::digest::Digest;
use crate::pki::{Certificate, Content, Subject, assemble};

/// A certificate with those who issued it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundChain {
    /// The objects, by their index: each before its issuer.
    pub members: Vec<usize>,
    /// Whether the last one is a self-signed root.
    pub ends_in_root: bool,
    /// The issuer that is not among them.
    pub missing_issuer: Option<Subject>,
}

/// A chain for each certificate that issued none of the others. Marks chains that stand out of order in a text.
pub(super) fn find(objects: &mut [Object]) -> Vec<FoundChain> {
    let mut indexes: HashMap<Digest, usize> = HashMap::new();
    let mut certificates: Vec<Certificate> = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        if let Content::Certificate(certificate) = &object.item.content
            && !indexes.contains_key(&certificate.fingerprint())
        {
            indexes.insert(certificate.fingerprint(), index);
            certificates.push((**certificate).clone());
        }
    }
    let issued_another =
        |issuer: &Certificate| certificates.iter().any(|other| other != issuer && other.issued_by(issuer));
    let ends: Vec<&Certificate> = certificates.iter().filter(|certificate| !issued_another(certificate)).collect();
    let chains: Vec<FoundChain> = ends.into_iter().filter_map(|end| chain(end, &certificates, &indexes)).collect();
    for chain in &chains {
        if is_out_of_order(chain, objects) {
            objects[chain.members[0]].findings.push(Finding::ChainOrder);
        }
    }
    chains
}

fn chain(end: &Certificate, certificates: &[Certificate], indexes: &HashMap<Digest, usize>) -> Option<FoundChain> {
    let hash = end.public_key().hash();
    // of several certificates for one key, the newest would be taken for the end
    let others = certificates.iter().filter(|other| *other == end || other.public_key().hash() != hash);
    let chain = assemble(others.cloned().collect(), &[hash]).ok()?;
    let members = [&chain.leaf].into_iter().chain(&chain.intermediates).chain(&chain.root);
    Some(FoundChain {
        members: members.filter_map(|member| indexes.get(&member.fingerprint()).copied()).collect(),
        ends_in_root: chain.root.is_some() || chain.leaf.is_self_signed(),
        missing_issuer: chain.missing_issuer,
    })
}

/// Whether the members stand in one text, in another order than servers send them in.
fn is_out_of_order(chain: &FoundChain, objects: &[Object]) -> bool {
    let in_one_text = |members: &[usize]| {
        let first = &objects[members[0]];
        members.iter().all(|&member| objects[member].file == first.file && objects[member].item.within.is_none())
    };
    chain.members.len() > 1 && in_one_text(&chain.members) && !chain.members.is_sorted()
}
