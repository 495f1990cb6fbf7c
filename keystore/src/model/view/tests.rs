use super::{Fate, KeyView, Next, Upcoming};
use crate::digest::Digest;
use crate::model::{
    Current, Generation, Installed, KeyEntry, KeyFacts, Origin, RequestFacts, RequestNumber, VersionFacts,
    VersionNumber,
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
        extensions: None,
        submission: None,
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
        copy_of: None,
        compromised: None,
        weaknesses: Vec::new(),
    }
}

/// A view of versions (number, requests), the current one (version, requests when installed) and the staged one.
fn view(versions: &[(u32, u32)], current: Option<(u32, usize)>, staged: Option<u32>) -> KeyView {
    let facts = KeyFacts { versions: versions.iter().map(|(number, requests)| version(*number, *requests)).collect() };
    let current = current
        .map(|(number, requests)| Current { since: Generation(1), installed: Installed::sample(number, requests) });
    let entry = KeyEntry { current, ..KeyEntry::default() };
    let mut upcoming = Upcoming { entry: entry.clone(), ..Upcoming::default() };
    if let Some(number) = staged {
        let installed = Installed::sample(number, 1);
        upcoming.entry.current = Some(Current { since: Generation(2), installed });
    }
    KeyView::join("mail01/imap/main".parse().unwrap(), facts, Some(&entry), upcoming).unwrap()
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

fn join(facts: &KeyFacts, committed: &KeyEntry, upcoming: &KeyEntry) -> Option<Vec<u32>> {
    let upcoming = Upcoming { entry: upcoming.clone(), fate: Fate::Stays };
    let view = KeyView::join("mail01/imap/main".parse().unwrap(), facts.clone(), Some(committed), upcoming)?;
    Some(view.facts.versions.iter().map(|version| version.number.0).collect())
}

#[test]
fn a_key_is_there_as_long_as_one_of_its_versions_is_or_will_be() {
    let none = KeyEntry::default();
    assert_eq!(join(&KeyFacts::default(), &none, &none), None);
    let facts = KeyFacts { versions: vec![version(1, 1), version(2, 0)] };
    let deleted = |through| KeyEntry { deleted: Some(VersionNumber(through)), ..KeyEntry::default() };
    assert_eq!(join(&facts, &none, &deleted(2)), Some(vec![1, 2]), "until the deletion is committed");
    assert_eq!(join(&facts, &deleted(2), &deleted(2)), None);
    assert_eq!(join(&facts, &deleted(1), &deleted(1)), Some(vec![2]), "made after the deletion");
    assert_eq!(join(&facts, &deleted(2), &none), Some(vec![1, 2]), "a rollback brings it back");
}

#[test]
fn a_copy_is_there_once_a_commit_says_so_or_will() {
    let origin = Origin { key: "mail01/imap/old".parse().unwrap(), version: VersionNumber(1) };
    let copy = VersionFacts { copy_of: Some(origin), ..version(1, 1) };
    let facts = KeyFacts { versions: vec![copy] };
    let none = KeyEntry::default();
    let copied = KeyEntry { copied: [VersionNumber(1)].into(), ..KeyEntry::default() };
    assert_eq!(join(&facts, &none, &none), None);
    assert_eq!(join(&facts, &none, &copied), Some(vec![1]));
    assert_eq!(join(&facts, &copied, &copied), Some(vec![1]));
}
