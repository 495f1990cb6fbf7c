use super::{KeyView, Next};
use crate::digest::Digest;
use crate::model::{
    Current, Generation, Installed, KeyEntry, KeyFacts, RequestFacts, RequestNumber, VersionFacts, VersionNumber,
};
use crate::pki::{KeyAlgorithm, Subject};
use crate::timestamp::Timestamp;
use crate::world::Actor;

fn version(number: u32, requests: u32) -> VersionFacts {
    let actor =
        Actor { user: "root".to_owned(), sudo_user: None, host: "here".to_owned(), command: "create-key".to_owned() };
    let request = |number| RequestFacts {
        number: RequestNumber(number),
        made: Timestamp::from_unix(i64::from(number)),
        file: Digest::of(b"request"),
        subject: Subject::default(),
        names: Vec::new(),
        certificate_template: None,
    };
    VersionFacts {
        number: VersionNumber(number),
        algorithm: KeyAlgorithm::EcdsaP256,
        spki: Digest::of(format!("public key {number}").as_bytes()),
        file: Digest::of(b"private key"),
        encrypted: false,
        made: Timestamp::from_unix(0),
        by: actor,
        requests: (1..=requests).map(request).collect(),
    }
}

/// A view of versions (number, requests), the current one (version, requests when installed) and the staged one.
fn view(versions: &[(u32, u32)], current: Option<(u32, usize)>, staged: Option<u32>) -> KeyView {
    let facts = KeyFacts { versions: versions.iter().map(|(number, requests)| version(*number, *requests)).collect() };
    let current = current
        .map(|(number, requests)| Current { since: Generation(1), installed: Installed::sample(number, requests) });
    let entry = KeyEntry { current, ..KeyEntry::default() };
    let staged = staged.map(|number| Installed::sample(number, 1));
    KeyView::join("mail01/imap/main".parse().unwrap(), facts, Some(&entry), staged.as_ref())
}

fn working(view: &KeyView) -> Option<u32> {
    view.working_version().map(|version| version.number.0)
}

#[test]
fn a_first_version_is_new_then_pending_then_installed() {
    let new = view(&[(1, 0)], None, None);
    assert!(matches!(&new.next, Some(Next::New(version)) if version.number.0 == 1));
    assert_eq!((new.state(), working(&new), new.upcoming()), ("new", Some(1), None));

    let pending = view(&[(1, 2)], None, None);
    assert!(matches!(&pending.next, Some(Next::Pending { reused: false, .. })));
    assert_eq!((pending.state(), working(&pending), pending.upcoming()), ("pending", Some(1), None));
    assert_eq!(pending.last_request().unwrap().number, RequestNumber(2));

    let staged = view(&[(1, 1)], None, Some(1));
    assert_eq!(staged.next, Some(Next::Installed(Installed::sample(1, 1))));
    assert_eq!((staged.state(), working(&staged)), ("installed", Some(1)));
    assert_eq!(staged.upcoming(), Some(&Installed::sample(1, 1)));

    let committed = view(&[(1, 1)], Some((1, 1)), None);
    assert_eq!(committed.next, None);
    assert_eq!((committed.state(), working(&committed)), ("installed", Some(1)));
    assert_eq!(committed.upcoming(), Some(&Installed::sample(1, 1)));
}

#[test]
fn a_newer_private_key_comes_next_and_the_current_one_stays_until_then() {
    let new = view(&[(1, 1), (2, 0)], Some((1, 1)), None);
    assert!(matches!(&new.next, Some(Next::New(version)) if version.number.0 == 2));
    assert_eq!((new.state(), working(&new)), ("installed", Some(2)));
    assert_eq!(new.upcoming(), Some(&Installed::sample(1, 1)));
    assert_eq!(new.last_request().unwrap().number, RequestNumber(1), "the next version starts from it");

    let pending = view(&[(1, 1), (2, 1)], Some((1, 1)), None);
    assert!(matches!(&pending.next, Some(Next::Pending { version, reused: false }) if version.number.0 == 2));

    let staged = view(&[(1, 1), (2, 1)], Some((1, 1)), Some(2));
    assert_eq!(staged.upcoming(), Some(&Installed::sample(2, 1)));
    assert_eq!(working(&staged), Some(2));

    // Once committed, the version it has superseded asks for nothing any more.
    let committed = view(&[(1, 5), (2, 1)], Some((2, 1)), None);
    assert_eq!((committed.state(), working(&committed), &committed.next), ("installed", Some(2), &None));
}

#[test]
fn a_request_after_the_certificate_asks_for_the_next_one_of_the_same_private_key() {
    let pending = view(&[(1, 2)], Some((1, 1)), None);
    assert!(matches!(&pending.next, Some(Next::Pending { version, reused: true }) if version.number.0 == 1));
    assert_eq!((pending.state(), working(&pending)), ("installed", Some(1)));

    let answered = view(&[(1, 2)], Some((1, 2)), None);
    assert_eq!(answered.next, None);

    // A newer private key goes before it.
    let newer = view(&[(1, 2), (2, 0)], Some((1, 1)), None);
    assert!(matches!(&newer.next, Some(Next::New(version)) if version.number.0 == 2));
}

#[test]
fn a_return_to_an_older_private_key_leaves_the_newer_one_next() {
    let view = view(&[(1, 1), (2, 1)], Some((1, 1)), None);
    assert!(matches!(&view.next, Some(Next::Pending { version, reused: false }) if version.number.0 == 2));
}

#[test]
fn a_key_without_versions_is_new_and_has_nothing_to_work_with() {
    let view = view(&[], None, None);
    assert_eq!((view.state(), working(&view), view.next), ("new", None, None));
}
