//! Files of any kind: everything in them is told, and what is encrypted is tried with a passphrase.
#![no_main]

use keystore::ops::import_key::find;
use keystore::ops::inspect::{File, inspect};
use keystore::pki::{Budget, Content, Item, Passphrase, recognise};
use keystore::timestamp::Timestamp;
use keystore_fuzz::material::{check_certificate, check_request};
use libfuzzer_sys::fuzz_target;

/// Midday of 2026-11-21.
const NOW: i64 = 1_795_262_400;

/// Whether a scheme says that it takes no longer than the fuzzer has.
fn is_cheap(scheme: &str) -> bool {
    let rounds = scheme.split(' ').zip(scheme.split(' ').skip(1)).find(|(_, unit)| unit.starts_with("rounds"));
    let few = |(count, _): (&str, &str)| count.parse::<u64>().is_ok_and(|count| count <= 4096);
    rounds.map_or(!scheme.contains("scrypt") && !scheme.contains("bcrypt"), few) && !scheme.contains("bcrypt")
}

/// What could be imported without a passphrase: each private key is the one that its certificate is for.
fn import(bytes: &[u8]) {
    let Ok(items) = recognise(bytes) else { return };
    let file = File { name: "file".to_owned(), items };
    let Ok(found) = find(vec![file], Vec::new()) else { return };
    for index in 0..found.keys().len() {
        let (Ok(key), Ok(Some(chain))) =
            (found.private_key(index, true), found.chain(index, Timestamp::from_unix(NOW)))
        else {
            continue;
        };
        assert_eq!(key.public_key().hash(), chain.leaf.public_key().hash());
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(items) = recognise(bytes) else { return };
    assert!(!items.is_empty());
    let passphrase = Passphrase::new("fixture".to_owned()).expect("a passphrase");
    let (mut opened, mut budget) = (Vec::new(), Budget::default());
    for item in items {
        let schemes =
            item.protection.iter().flat_map(|protection| protection.schemes.iter().chain(&protection.integrity));
        if schemes.into_iter().all(|scheme| is_cheap(scheme)) {
            let open = |item: Item, budget: &mut Budget| item.unlock(Some(&passphrase), budget);
            let found = item.unlock(None, &mut budget);
            opened.extend(found.into_iter().flat_map(|item| open(item, &mut budget)));
        } else {
            opened.push(item);
        }
    }
    import(bytes);
    for item in &opened {
        match &item.content {
            Content::Certificate(certificate) => check_certificate(certificate),
            Content::Request(request) => check_request(request),
            Content::PrivateKey(key) => {
                if let Ok(ours) = key.to_private_key() {
                    assert_eq!(Some(ours.public_key()), key.public_key(), "{}", key.describe());
                }
            }
            _ => {}
        }
    }
    let file = File { name: "file".to_owned(), items: opened };
    let found = inspect(vec![file], None, Timestamp::from_unix(NOW)).expect("no keystore is read");
    let told =
        found.objects.iter().flat_map(|object| &object.findings).map(|finding| format!("{} {finding}", finding.code()));
    assert_eq!(told.count(), found.count());
});
