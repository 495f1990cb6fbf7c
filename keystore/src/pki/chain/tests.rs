use super::{Chain, ChainError, assemble};
use crate::pki::Certificate;
use crate::pki::test_support::{Authority, server_key};

fn names(certificates: &[Certificate]) -> Vec<String> {
    certificates.iter().map(|certificate| certificate.subject().to_string()).collect()
}

/// The chain must not depend on the order in which its parts come.
fn assemble_any_order(certificates: &[Certificate], key: crate::digest::Digest) -> Chain {
    let chain = assemble(certificates.to_vec(), &[key]).unwrap();
    for turn in 1..certificates.len() {
        let mut turned = certificates.to_vec();
        turned.rotate_left(turn);
        let other = assemble(turned, &[key]).unwrap();
        assert_eq!((&other.leaf, &other.intermediates, &other.root), (&chain.leaf, &chain.intermediates, &chain.root));
        assert_eq!(other.missing_issuer, chain.missing_issuer);
    }
    chain
}

#[test]
fn leaf_first_then_whoever_signed_it() {
    let root = Authority::root("Root");
    let upper = root.intermediate("Upper");
    let lower = upper.intermediate("Lower");
    let stranger = Authority::root("Stranger");
    let (key, hash) = server_key();
    let leaf = lower.leaf(&key, "a.example", 2026);
    let all = [&root.certificate, &stranger.certificate, &lower.certificate, &leaf, &upper.certificate, &leaf];
    let chain = assemble_any_order(&all.map(Clone::clone), hash);
    assert_eq!(chain.leaf, leaf);
    assert_eq!(chain.intermediates, [lower.certificate.clone(), upper.certificate.clone()]);
    assert_eq!(chain.root, Some(root.certificate));
    assert_eq!(chain.foreign, [stranger.certificate]);
    assert_eq!(chain.missing_issuer, None);
}

#[test]
fn a_missing_issuer_is_named() {
    let root = Authority::root("Root");
    let upper = root.intermediate("Upper");
    let lower = upper.intermediate("Lower");
    let (key, hash) = server_key();
    let leaf = lower.leaf(&key, "a.example", 2026);
    let missing = |certificates: Vec<Certificate>| {
        let chain = assemble_any_order(&certificates, hash);
        assert_eq!(chain.root, None);
        (names(&chain.intermediates), chain.missing_issuer.unwrap().to_string(), chain.foreign.len())
    };
    assert_eq!(missing(vec![leaf.clone()]), (vec![], "CN=Lower".to_owned(), 0));
    assert_eq!(missing(vec![lower.certificate, leaf.clone()]), (vec!["CN=Lower".into()], "CN=Upper".into(), 0));
    assert_eq!(missing(vec![upper.certificate, leaf]), (vec![], "CN=Lower".to_owned(), 1));
}

#[test]
fn cross_signed_authorities_do_not_loop() {
    let (old, new) = (Authority::root("Old"), Authority::root("New"));
    let (key, hash) = server_key();
    let leaf = new.leaf(&key, "a.example", 2026);
    let (new_by_old, old_by_new) = (old.cross_sign(&new), new.cross_sign(&old));
    // each signed by the other, and no root: both are taken, and nobody is missing
    let chain = assemble(vec![leaf.clone(), new_by_old.clone(), old_by_new.clone()], &[hash]).unwrap();
    assert_eq!(chain.intermediates, [new_by_old.clone(), old_by_new.clone()]);
    assert_eq!((chain.root, chain.missing_issuer), (None, None));
    // the shorter way to a root is taken, the other one is left over
    let all = [old.certificate.clone(), old_by_new, new_by_old.clone(), leaf.clone(), new.certificate.clone()];
    let chain = assemble_any_order(&all, hash);
    assert_eq!((chain.intermediates.len(), chain.root), (0, Some(new.certificate)));
    assert_eq!(chain.foreign.len(), 3);
    // without the new root, the cross-signature leads to the old one
    let chain = assemble_any_order(&[leaf, old.certificate.clone(), new_by_old.clone()], hash);
    assert_eq!((chain.intermediates, chain.root), (vec![new_by_old], Some(old.certificate)));
}

#[test]
fn an_authority_of_the_same_name_is_not_taken_for_the_issuer() {
    let (real, fake) = (Authority::root("Root"), Authority::root("Root"));
    let (key, hash) = server_key();
    let leaf = real.leaf(&key, "a.example", 2026);
    let chain = assemble_any_order(&[fake.certificate.clone(), leaf, real.certificate.clone()], hash);
    assert_eq!(chain.root, Some(real.certificate));
    assert_eq!(chain.foreign, [fake.certificate]);
}

#[test]
fn the_newest_certificate_of_the_key_is_the_leaf() {
    let root = Authority::root("Root");
    let (key, hash) = server_key();
    let (older, newer) = (root.leaf(&key, "a.example", 2025), root.leaf(&key, "a.example", 2026));
    let chain = assemble_any_order(&[older.clone(), newer.clone(), root.certificate], hash);
    assert_eq!(chain.leaf, newer);
    assert_eq!(chain.foreign, [older]);
}

#[test]
fn a_self_signed_leaf_is_alone() {
    let own = Authority::root("self.example");
    let chain = assemble(vec![own.certificate.clone()], &[own.certificate.public_key().hash()]).unwrap();
    assert_eq!((chain.intermediates.len(), chain.root, chain.missing_issuer), (0, None, None));
    assert_eq!(chain.leaf, own.certificate);
}

#[test]
fn without_the_leaf_it_says_what_there_was() {
    let root = Authority::root("Root");
    let (key, hash) = server_key();
    let (_, other) = server_key();
    assert_eq!(assemble(Vec::new(), &[hash]), Err(ChainError::Empty));
    let leaf = root.leaf(&key, "a.example", 2026);
    let Err(ChainError::NoLeaf { offered }) = assemble(vec![root.certificate, leaf], &[other]) else {
        panic!("there is no leaf")
    };
    let names: Vec<String> = offered.iter().map(|(subject, _)| subject.to_string()).collect();
    assert_eq!(names, ["CN=a.example", "CN=Root"]);
    assert_eq!(offered[0].1, hash);
}

#[test]
fn legacy_signatures_are_taken_on_the_word_of_the_names() {
    let legacy = crate::pki::read_certificates(include_bytes!("../../../tests/fixtures/legacy.pem")).unwrap();
    let chain = assemble(legacy.clone(), &[legacy[0].public_key().hash()]).unwrap();
    assert_eq!(chain.root, Some(legacy[1].clone()));
}
