//! Records and states that were rewritten, hashes and all: what still shows, and what only a mark kept elsewhere shows.

use std::fs;
use std::path::PathBuf;

use keystore::digest::Digest;
use keystore::model::{Generation, Mark};
use keystore::ops::doctor::{Code, Diagnosis, Request};
use keystore::ops::log::head;

use super::{MAIN, codes, diagnose, faults, make_history, run, with_history};
use crate::common::{House, bind, commit, installed_key, unbind};

fn record(house: &House, generation: u64) -> PathBuf {
    house.root().join(format!("commits/{generation:010}.json"))
}

/// Rewrites a record and gives it the hash that it then has.
fn forge(house: &House, generation: u64, from: &str, to: &str) {
    let path = record(house, generation);
    let text = fs::read_to_string(&path).unwrap();
    let start = text.find("\"record\":").unwrap() + "\"record\":".len();
    let body = text.trim_end().strip_suffix('}').unwrap()[start..].replace(from, to);
    assert_ne!(body, text[start..text.trim_end().len() - 1], "{from} is not in the record");
    let hash = Digest::of(body.as_bytes());
    fs::write(&path, format!("{{\"hash\":\"{hash}\",\"record\":{body}}}\n")).unwrap();
}

fn mark(house: &House) -> Mark {
    head(&house.open().read().unwrap()).unwrap()
}

fn expecting(house: &House, mark: Mark) -> Diagnosis {
    run(house, &Request { repair: false, expected: Some(mark), placing: None }).diagnosis
}

fn assert_broken_at(diagnosis: &Diagnosis, code: Code, generation: u64) {
    let found = diagnosis.findings.iter().find(|finding| finding.code == code);
    let found = found.unwrap_or_else(|| panic!("no {code} in {:#?}", diagnosis.findings));
    assert_eq!(found.generation, Some(Generation(generation)), "{found:#?}");
    assert_eq!(diagnosis.first_broken(), Some(Generation(generation)), "{:#?}", diagnosis.findings);
}

#[test]
fn a_record_with_a_new_hash_is_not_the_one_that_its_successor_was_made_on() {
    for generation in [1, 2, 3] {
        let house = with_history();
        forge(&house, generation, "\"user\":\"ada\"", "\"user\":\"bob\"");
        let diagnosis = diagnose(&house);
        assert_broken_at(&diagnosis, Code::RecordExchanged, generation);
        assert_eq!(faults(&diagnosis), [Code::RecordExchanged]);
    }
}

#[test]
fn the_newest_record_is_held_against_the_state_that_its_changes_make() {
    let house = with_history();
    let expected = mark(&house);
    // Who made it is told by nothing else in the keystore.
    forge(&house, 4, "\"user\":\"ada\"", "\"user\":\"bob\"");
    assert_eq!(faults(&diagnose(&house)), []);
    assert_broken_at(&expecting(&house, expected), Code::ExpectedDiffers, 4);

    let house = with_history();
    forge(
        &house,
        4,
        "{\"change\":\"unbind\",\"endpoint\":\"mail03/smtp@default\"}",
        "{\"change\":\"unbind\",\"endpoint\":\"mail01/pop3@default\"}",
    );
    assert_broken_at(&diagnose(&house), Code::StateDiffers, 4);
}

#[test]
fn a_state_with_a_new_name_is_not_what_the_changes_make() {
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    let text = |path: &PathBuf| fs::read_to_string(path).unwrap();
    let objects = fs::read_dir(house.root().join("state")).unwrap().map(|entry| entry.unwrap().path());
    let objects: Vec<_> = objects.filter(|path| path.extension().is_some()).collect();
    let (root, server): (Vec<_>, Vec<_>) =
        objects.into_iter().partition(|path| text(path).starts_with(r#"{"servers""#));
    let write = |contents: &str| {
        let digest = Digest::of(contents.as_bytes()).to_string();
        fs::write(house.root().join(format!("state/{digest}.json")), contents).unwrap();
        digest
    };
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    // A certificate that never expires, with every hash above it made anew.
    let forged_server = write(&text(&server[0]).replace("\"not_after\":\"2027", "\"not_after\":\"2099"));
    assert_ne!(forged_server, stem(&server[0]));
    let forged_root = write(&text(&root[0]).replace(&stem(&server[0]), &forged_server));
    forge(&house, 1, &stem(&root[0]), &forged_root);
    let diagnosis = diagnose(&house);
    assert_broken_at(&diagnosis, Code::StateDiffers, 1);
    let named = diagnosis.findings.iter().find(|finding| finding.code == Code::StateDiffers).unwrap();
    assert!(named.message.contains("mail01"), "{named:?}");
    // The certificate's own file tells too.
    assert!(codes(&diagnosis).contains(&Code::CertificateChanged));
}

#[test]
fn a_gap_in_the_log_is_named_by_where_it_begins() {
    let house = with_history();
    fs::remove_file(record(&house, 1)).unwrap();
    fs::remove_file(record(&house, 2)).unwrap();
    let diagnosis = diagnose(&house);
    assert_broken_at(&diagnosis, Code::RecordMissing, 1);
    assert_eq!(faults(&diagnosis).iter().filter(|code| **code == Code::RecordMissing).count(), 1);
}

#[test]
fn a_log_that_lost_its_end_is_told_by_what_came_of_it_or_by_a_mark_kept_elsewhere() {
    let house = with_history();
    let expected = mark(&house);
    fs::remove_file(record(&house, 4)).unwrap();
    let cut = diagnose(&house);
    let told: Vec<_> = cut.findings.iter().filter(|finding| finding.code == Code::LogCut).collect();
    assert_eq!(told.len(), 3, "by the hint and by two endpoints: {told:#?}");
    assert_broken_at(&expecting(&house, expected), Code::ExpectedDiffers, 4);

    // A keystore that was put back whole to what it was before shows nothing of it.
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    bind(&keystore, MAIN, &["mail01/imap@default"]).unwrap();
    commit(&keystore).unwrap();
    let (before, old) = (House::copy_of(&house), mark(&house));
    unbind(&keystore, &["mail01/imap@default"]).unwrap();
    commit(&keystore).unwrap();
    let new = mark(&house);
    assert_eq!(faults(&diagnose(&before)), []);
    assert_eq!(faults(&expecting(&before, old)), []);
    assert_broken_at(&expecting(&before, new), Code::ExpectedDiffers, 2);
    for mark in [old, new] {
        assert_eq!(faults(&expecting(&house, mark)), [], "an older mark holds as well");
    }
}

#[test]
fn an_expected_record_must_be_reached_from_the_newest_one() {
    let house = with_history();
    let old = {
        let snapshot = house.open();
        let (_, hash) = snapshot.read().unwrap().record(Generation(1)).unwrap().unwrap();
        Mark { generation: Generation(1), hash }
    };
    assert_eq!(faults(&expecting(&house, old)), []);
    forge(&house, 2, "\"user\":\"ada\"", "\"user\":\"bob\"");
    let diagnosis = expecting(&house, old);
    assert!(codes(&diagnosis).contains(&Code::ExpectedDiffers));
    assert_eq!(diagnosis.first_broken(), Some(Generation(1)), "nothing vouches for it any more");
    let other = Mark { hash: Digest::of(b"another"), ..old };
    assert!(codes(&expecting(&with_history(), other)).contains(&Code::ExpectedDiffers));
}

#[test]
fn records_of_another_keystore_are_named() {
    let (house, other) = (with_history(), make_history());
    fs::copy(record(&other, 2), record(&house, 2)).unwrap();
    let diagnosis = diagnose(&house);
    assert_broken_at(&diagnosis, Code::RecordForeign, 2);

    let house = with_history();
    let config = fs::read_to_string(other.root().join("keystore.toml")).unwrap();
    fs::write(house.root().join("keystore.toml"), config).unwrap();
    assert_eq!(faults(&diagnose(&house)), [Code::ConfigDiffers]);
}

#[test]
fn a_first_record_has_nothing_before_it() {
    let house = with_history();
    for generation in [2, 3, 4] {
        fs::remove_file(record(&house, generation)).unwrap();
    }
    let parent = format!("\"parent\":\"{}\"", Digest::of(b"what was"));
    forge(&house, 1, "\"parent\":null", &parent);
    assert_broken_at(&diagnose(&house), Code::RecordExchanged, 1);
}
