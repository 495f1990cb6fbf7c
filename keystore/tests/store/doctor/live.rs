//! What services read: what is wrong with it is named, and `publish` mends it.

use std::fs;
use std::os::unix::fs::symlink;

use keystore::ops::doctor::Code;

use super::{MAIN, codes, diagnose, faults, files, repair, with_history};
use crate::common::{House, listing, publish};

/// A committed key at one endpoint.
fn published() -> House {
    House::published(MAIN, &["mail01/imap@default"])
}

#[test]
fn files_that_differ_are_left_alone_by_a_repair_and_mended_by_publish() {
    for file in files(&published(), "live") {
        let house = published();
        let path = house.root().join(&file);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        let before = listing(&house.root());
        let outcome = repair(&house);
        assert!(outcome.mended.is_empty());
        assert!(faults(&outcome.diagnosis).iter().all(|code| *code == Code::LiveDiffers), "{file:?}");
        assert_eq!(listing(&house.root()), before);
        assert_eq!(publish(&house.open()).unwrap(), 1, "{file:?}");
        assert_eq!(faults(&diagnose(&house)), [], "{file:?}");
    }
}

#[test]
fn a_link_that_leads_elsewhere_or_is_gone_is_mended_by_publish() {
    for target in [None, Some("7"), Some("../../../../servers"), Some("/etc")] {
        let house = published();
        let link = house.root().join("live/mail01/imap/default/current");
        fs::remove_file(&link).unwrap();
        if let Some(target) = target {
            symlink(target, &link).unwrap();
        }
        let expected = if target.is_some() { Code::LiveDiffers } else { Code::Unpublished };
        assert_eq!(codes(&diagnose(&house)), [expected], "{target:?}");
        assert_eq!(publish(&house.open()).unwrap(), 1);
        assert_eq!(codes(&diagnose(&house)), [], "{target:?}");
    }
    let house = published();
    fs::remove_dir_all(house.root().join("live/mail01")).unwrap();
    assert_eq!(codes(&diagnose(&house)), [Code::Unpublished]);
    publish(&house.open()).unwrap();
    assert_eq!(codes(&diagnose(&house)), []);
}

#[test]
fn the_private_key_of_another_is_found_where_the_kept_one_is_encrypted() {
    let house = with_history();
    let live = house.root().join("live");
    let (from, to) = (live.join("mail01/imap/default/current"), live.join("mail01/pop3/default/current"));
    fs::copy(from.join("private-key.pem"), to.join("private-key.pem")).unwrap();
    assert_eq!(faults(&diagnose(&house)), [Code::LiveDiffers]);
}

#[test]
fn what_is_not_bound_any_more_is_a_note_whatever_it_holds() {
    let house = with_history();
    assert_eq!(codes(&diagnose(&house)), [Code::LeftOver]);
    fs::write(house.root().join("live/mail03/smtp/default/current/chain.pem"), "").unwrap();
    assert_eq!(faults(&diagnose(&house)), []);
    assert!(codes(&diagnose(&house)).contains(&Code::LiveOld));
}
