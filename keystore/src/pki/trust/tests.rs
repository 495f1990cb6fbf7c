use super::{PathError, RevocationListError, Roots, find_path, read_revocation_lists};
use crate::pki::{LooksLike, read_certificates};
use crate::timestamp::Timestamp;

const CHAIN: &[u8] = include_bytes!("../../../tests/fixtures/chain.pem");
const LIST: &[u8] = include_bytes!("../../../tests/fixtures/leaf.crl");
const LEGACY: &[u8] = include_bytes!("../../../tests/fixtures/legacy.pem");

/// A year in which the fixtures, which last a hundred years, are valid whenever they were made.
fn now() -> Timestamp {
    read_certificates(CHAIN).unwrap()[0].not_after()
}

#[test]
fn a_path_leads_through_whatever_order() {
    let [leaf, ca, root] = read_certificates(CHAIN).unwrap().try_into().unwrap();
    let others = [root.clone(), leaf.clone(), ca.clone()];
    // the leaf was made a moment after the authorities, and lasts as long
    let now = leaf.not_before();
    let found = find_path(&leaf, &others, &Roots::new([root.clone()]), &[], now).unwrap();
    assert_eq!((found.intermediates, found.root), (vec![ca.clone()], root.clone()));
    // an intermediate can be trusted itself
    let found = find_path(&leaf, &[], &Roots::new([ca.clone()]), &[], now).unwrap();
    assert_eq!((found.intermediates, found.root), (vec![], ca.clone()));
    assert_eq!(find_path(&leaf, &[], &Roots::new([root]), &[], now), Err(PathError::UnknownIssuer));
    assert_eq!(find_path(&leaf, &[ca], &Roots::default(), &[], now), Err(PathError::UnknownIssuer));
}

#[test]
fn weak_signatures_are_refused_like_clients_do() {
    let [leaf, root] = read_certificates(LEGACY).unwrap().try_into().unwrap();
    let found = find_path(&leaf, &[], &Roots::new([root]), &[], now());
    assert!(matches!(found, Err(PathError::Weak | PathError::Other { .. })), "{found:?}");
}

#[test]
fn revocation_lists_are_told_from_other_files() {
    let not_a_list = |bytes: &[u8]| match read_revocation_lists(bytes) {
        Err(RevocationListError::NotAList { looks_like }) => looks_like,
        other => panic!("{other:?}"),
    };
    assert_eq!(not_a_list(CHAIN), LooksLike::Certificate);
    assert_eq!(not_a_list(b"hello"), LooksLike::Text);
    assert_eq!(read_revocation_lists(b" \n"), Err(RevocationListError::Empty));
    // openssl ca without a config for extensions makes a list of version 1, which nobody else reads
    assert!(matches!(read_revocation_lists(LIST), Err(RevocationListError::Unusable { .. })));
}
