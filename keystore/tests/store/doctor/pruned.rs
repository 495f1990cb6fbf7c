//! What was pruned, backed up and restored: sound, and judged by what is left of it.

use std::fs;

use keystore::model::{Generation, Mark};
use keystore::ops::doctor::{Code, Request};
use keystore::ops::rename_key::rename_key;
use keystore::store::PruneRequest;

use super::{codes, diagnose, faults, repair, run, with_history};
use crate::common::vault::{MAIN, PENDING, backup, keep, keep_no_keys, pending, prune, restored, with_a_past};
use crate::common::{Failure, FaultyDisk, House, asking, commit, create, create_next, installed_next, key, make_csr};

const KEPT: &str = "commits/base.json";

fn pruned() -> House {
    let house = with_a_past();
    prune(&house.open(), &pending(&keep_no_keys(2), PENDING)).unwrap();
    house
}

fn expecting(house: &House, generation: u64, hash: keystore::digest::Digest) -> Vec<Code> {
    let mark = Mark { generation: Generation(generation), hash };
    let request = Request { expected: Some(mark), repair: false, placing: None };
    faults(&run(house, &request).diagnosis)
}

#[test]
fn a_pruned_keystore_is_sound_and_says_nothing_of_what_went() {
    let house = pruned();
    assert_eq!(codes(&diagnose(&house)), []);
    create_next(&house.open(), MAIN).unwrap();
    assert_eq!(codes(&diagnose(&house)), []);
    let house = with_history();
    for kept in [3, 1] {
        let before = codes(&diagnose(&house));
        prune(&house.open(), &PruneRequest { live: true, ..keep_no_keys(kept) }).unwrap();
        let after = diagnose(&house);
        assert_eq!(faults(&after), []);
        assert!(codes(&after).iter().all(|code| before.contains(code)), "{:?}", after.findings);
    }
}

#[test]
fn a_restored_keystore_is_sound() {
    for house in [with_a_past(), pruned(), House::new(), with_history()] {
        for history in [false, true] {
            let copy = restored(&backup(&house.open(), history).unwrap().0);
            let diagnosis = diagnose(&copy);
            assert_eq!(faults(&diagnosis), [], "{:?}", diagnosis.findings);
            let new = |code: &&Code| **code != Code::Unpublished;
            let found = codes(&diagnosis);
            let known = codes(&diagnose(&house));
            assert!(found.iter().filter(new).all(|code| known.contains(code)), "{:?}", diagnosis.findings);
        }
    }
}

#[test]
fn a_base_is_held_against_the_oldest_record() {
    let (house, other) = (pruned(), pruned());
    fs::copy(other.root().join(KEPT), house.root().join(KEPT)).unwrap();
    let found = faults(&diagnose(&house));
    assert_eq!(found, [Code::RecordForeign, Code::RecordExchanged]);
    assert_eq!(diagnose(&house).first_broken(), Some(Generation(2)));
}

#[test]
fn a_damaged_base_is_made_again_from_the_oldest_record() {
    let house = pruned();
    let mut damaged = fs::read(house.root().join(KEPT)).unwrap();
    damaged[90] ^= 1;
    fs::write(house.root().join(KEPT), &damaged).unwrap();
    assert_eq!(house.open().read().unwrap().generation(), Generation(3), "what is kept can be read meanwhile");
    assert_eq!(faults(&diagnose(&house)), [Code::RecordDamaged]);
    let outcome = repair(&house);
    assert_eq!(faults(&outcome.diagnosis), []);
    let base = house.open().read().unwrap().base().unwrap().unwrap();
    assert_eq!(base.through, Generation(1));
    assert_eq!(house.open().read().unwrap().records(usize::MAX).unwrap().len(), 2);
}

#[test]
fn what_is_missing_behind_a_base_is_missed() {
    let house = pruned();
    fs::remove_file(house.root().join("commits/0000000002.json")).unwrap();
    assert_eq!(faults(&diagnose(&house)), [Code::RecordMissing]);
    let house = pruned();
    fs::remove_file(house.root().join(KEPT)).unwrap();
    assert_eq!(faults(&diagnose(&house)), [Code::RecordMissing]);
    let house = with_a_past();
    prune(&house.open(), &keep(1)).unwrap();
    fs::remove_file(house.root().join("commits/0000000003.json")).unwrap();
    assert!(faults(&diagnose(&house)).contains(&Code::RecordMissing));
}

#[test]
fn a_mark_from_before_a_prune_is_verified_as_far_as_the_base_tells() {
    let house = with_a_past();
    let hash = |generation| house.open().read().unwrap().record(Generation(generation)).unwrap().unwrap().1;
    let hashes: Vec<_> = (1..=3).map(hash).collect();
    prune(&house.open(), &keep(1)).unwrap();
    assert_eq!(expecting(&house, 3, hashes[2]), []);
    assert_eq!(expecting(&house, 2, hashes[1]), []);
    assert_eq!(expecting(&house, 2, hashes[0]), [Code::ExpectedDiffers]);
    assert_eq!(expecting(&house, 1, hashes[0]), [Code::ExpectedCutOff]);
}

#[test]
fn the_mark_of_a_prune_that_never_came_to_its_end_gives_nothing_up() {
    let mark = fs::read(pruned().root().join("servers/mail01/smtp/pending/1/pruned.json")).unwrap();
    let begun = |path: &str| {
        let house = with_a_past();
        fs::write(house.root().join(path).join("pruned.json"), &mark).unwrap();
        house
    };
    let index = |house: &House| house.root().join("servers/mail01/facts.json");
    for (path, number) in [("servers/mail01/imap/main/3", 3), ("servers/mail01/smtp/pending/1", 1)] {
        let indexed =
            |house: &House| fs::read_to_string(index(house)).unwrap().contains(&format!("\"number\":{number},"));
        let house = begun(path);
        assert_eq!(faults(&diagnose(&house)), [Code::Mode], "a mark alone gives nothing up");
        assert!(codes(&diagnose(&house)).contains(&Code::PruneBegun));
        repair(&house);
        assert!(!house.root().join(path).join("pruned.json").exists());
        assert_eq!(codes(&diagnose(&house)), []);

        for lost in [None, Some("{")] {
            let house = begun(path);
            let whole = fs::read(index(&house)).unwrap();
            match lost {
                None => fs::remove_file(index(&house)).unwrap(),
                Some(text) => fs::write(index(&house), text).unwrap(),
            }
            assert_eq!(faults(&repair(&house).diagnosis), []);
            assert_eq!(fs::read(index(&house)).unwrap(), whole);
            assert!(codes(&diagnose(&house)).iter().all(|code| *code == Code::SetAside));
            prune(&house.open(), &keep_no_keys(1)).unwrap();
            assert!(house.root().join(path).join("private-key.pem").exists() && indexed(&house));
        }
    }
}

#[test]
fn where_the_index_is_lost_a_mark_costs_no_private_key() {
    let house = House::published(MAIN, &["mail01/imap@default"]);
    create(&house.open(), "mail02/imap/pending").unwrap();
    make_csr(&house.open(), &asking("mail02/imap/pending", "mail02.example.com")).unwrap();
    let folder = house.root().join("servers/mail02/imap/pending/1");
    let mark = fs::read(pruned().root().join("servers/mail01/smtp/pending/1/pruned.json")).unwrap();
    fs::write(folder.join("pruned.json"), mark).unwrap();
    fs::remove_file(house.root().join("servers/mail02/facts.json")).unwrap();
    prune(&house.open(), &keep_no_keys(1)).unwrap();
    let copy = restored(&backup(&house.open(), false).unwrap().0);
    for house in [house, copy] {
        assert_eq!(faults(&repair(&house).diagnosis).iter().filter(|code| **code != Code::Unpublished).count(), 0);
        assert!(house.open().read().unwrap().key(&key("mail02/imap/pending")).unwrap().is_some());
    }
}

#[test]
fn wherever_a_prune_is_cut_short_nothing_is_taken_in_again() {
    let house = with_a_past();
    let request = pending(&keep_no_keys(1), PENDING);
    for at in 0.. {
        let copy = House::copy_of(&house);
        let disk = FaultyDisk::open(&copy.root(), Failure::Crash(at));
        let pruned = prune(&copy.open_on(disk), &request);
        let left = diagnose(&copy);
        assert_eq!(faults(&left), [], "{at}: {:?}", left.findings);
        let indexed = |house: &House| fs::read(house.root().join("servers/mail01/facts.json")).unwrap();
        let before = indexed(&copy);
        repair(&copy);
        assert_eq!(indexed(&copy), before, "{at}");
        let request = PruneRequest { pending: [].into(), ..request.clone() };
        prune(&copy.open_unsynced(), &request).unwrap();
        let after = diagnose(&copy);
        assert!(codes(&after).iter().all(|code| *code == Code::VersionEmpty), "{at}: {:?}", after.findings);
        if pruned.is_ok() {
            assert!(at > 20);
            break;
        }
    }
}

#[test]
fn the_log_goes_on_over_a_base() {
    let house = pruned();
    let keystore = house.open();
    installed_next(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    assert_eq!(codes(&diagnose(&house)), []);
}

#[test]
fn a_certificate_that_is_past_is_no_news_once_its_generation_is_cut_off() {
    let house = House::published("mail01/imap/old", &["mail01/imap@default"]);
    let keystore = house.open();
    installed_next(&keystore, "mail01/imap/old", "mail01.example.com");
    commit(&keystore).unwrap();
    rename_key(&keystore, &key("mail01/imap/old"), &key("mail01/imap/new")).unwrap();
    commit(&keystore).unwrap();
    let unused = |house: &House| codes(&diagnose(house)).contains(&Code::CertificateUnused);
    assert!(!unused(&restored(&backup(&keystore, false).unwrap().0)));
    prune(&keystore, &keep(1)).unwrap();
    assert!(house.root().join("servers/mail01/imap/old/1/certificate-1.pem").exists());
    assert!(!unused(&house));
}
