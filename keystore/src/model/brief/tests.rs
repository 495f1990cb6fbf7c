use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{EntryBrief, KeyBrief, KeyFactsBrief};
use crate::digest::Digest;
use crate::model::{
    Compromise, Current, Fate, Generation, Installed, KeyEntry, KeyFacts, KeyView, Origin, RequestFacts, RequestNumber,
    Upcoming, VersionFacts, VersionNumber,
};
use crate::name::KeyPath;
use crate::pki::KeyAlgorithm;
use crate::timestamp::Timestamp;
use crate::world::Actor;

fn key() -> KeyPath {
    "mail01/imap/main".parse().unwrap()
}

fn actor() -> Actor {
    Actor { user: "root".to_owned(), sudo_user: None, host: "here".to_owned(), command: "create-key".to_owned() }
}

fn version(number: u32, requests: u32, copied: bool, compromised: bool) -> VersionFacts {
    let request = |number| RequestFacts {
        number: RequestNumber(number),
        made: Timestamp::from_unix(i64::from(number)),
        file: Digest::of(b"request"),
        subject: "O=Example\\, Inc.,CN=\"a\"".parse().unwrap(),
        names: vec!["dns:mail01.example.com".parse().unwrap()],
        certificate_template: None,
        extensions: None,
        submission: None,
    };
    let mark = || Compromise { marked: Timestamp::from_unix(0), by: actor(), reason: "a \"laptop\"".to_owned() };
    VersionFacts {
        number: VersionNumber(number),
        algorithm: KeyAlgorithm::EcdsaP384,
        spki: Digest::of(format!("public key {number}").as_bytes()),
        file: Digest::of(b"private key"),
        encrypted: number == 2,
        made: Timestamp::from_unix(0),
        by: actor(),
        requests: (1..=requests).map(request).collect(),
        copy_of: copied.then(|| Origin { key: key(), version: VersionNumber(1) }),
        compromised: compromised.then(mark),
        weaknesses: if number == 3 { vec!["a \"short\" key".to_owned()] } else { Vec::new() },
    }
}

prop_compose! {
    fn any_facts()(versions in prop::collection::vec((0u32..3, any::<bool>(), any::<bool>()), 0..4)) -> KeyFacts {
        let version = |(number, (requests, copied, compromised))| version(number, requests, copied, compromised);
        KeyFacts { versions: (1..).zip(versions).map(version).collect() }
    }
}

prop_compose! {
    fn any_entry()(
        current in prop::option::of((1u32..4, 0usize..3)),
        bound in any::<bool>(),
        deleted in prop::option::of(1u32..4),
        copied in prop::collection::btree_set(1u32..4, 0..3),
    ) -> KeyEntry {
        let installed = |(version, requests)| {
            let mut installed = Installed::sample(version, requests);
            installed.summary.subject = "CN=Zürich\\+".parse().unwrap();
            installed
        };
        KeyEntry {
            current: current.map(|it| Current { since: Generation(3), installed: installed(it) }),
            bound: bound.then(|| "mail02/smtp@192.0.2.7:465".parse().unwrap()).into_iter().collect(),
            renewal: None,
            deleted: deleted.map(VersionNumber),
            waiting: deleted.map(VersionNumber).into_iter().collect(),
            copied: copied.into_iter().map(VersionNumber).collect::<BTreeSet<_>>(),
        }
    }
}

proptest! {
    #[test]
    fn the_files_say_in_brief_what_they_say_at_length(facts in any_facts(), entry in any_entry()) {
        let upcoming = Upcoming { entry: entry.clone(), fate: Fate::Stays };
        let at_length = KeyView::join(key(), facts.clone(), Some(&entry), upcoming);
        let (facts, entry) = (serde_json::to_string(&facts).unwrap(), serde_json::to_string(&entry).unwrap());
        let facts: KeyFactsBrief<'_> = serde_json::from_str(&facts).unwrap();
        let entry: EntryBrief<'_> = serde_json::from_str(&entry).unwrap();
        let brief = KeyBrief::of_files(key(), facts, entry);
        prop_assert_eq!(brief.as_ref().map(KeyBrief::state), at_length.as_ref().map(KeyView::state));
        prop_assert_eq!(brief, at_length.as_ref().map(KeyBrief::from));
    }
}
