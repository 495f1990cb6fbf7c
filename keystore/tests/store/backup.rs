//! Backups, taken and restored.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keystore::digest::Digest;
use keystore::envelope::{Envelope, OpeningError, Sealed, WorkFactor};
use keystore::model::Generation;
use keystore::ops::backup::Backup;
use keystore::ops::doctor::{Code, Request, doctor};
use keystore::ops::publish::{Unlocked, to_publish, unpublished_or_differing};
use keystore::ops::{self, Error};
use keystore::pki::Passphrase;
use keystore::progress::Unwatched;
use keystore::store::{Disclosure, Keystore, Manifest, Purpose, RestoreError, StoreError};

use crate::common::vault::{
    MAIN, PENDING, backup, keep, keep_no_keys, pending, prune, restore_on, restored, with_a_past,
};
use crate::common::{
    House, Picture, asking, bind, certify, commit, create, install, installed_key, installed_next, listing, live,
    make_csr,
};
use crate::doctor::{faults, glance, repair};

type Files = Vec<(String, Vec<u8>)>;

/// What is in an archive, in order, folders left out.
fn unpacked(archive: &[u8]) -> Files {
    let mut archive = tar::Archive::new(archive);
    let mut files = Files::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        if entry.header().entry_type().is_file() {
            files.push((name, bytes));
        }
    }
    files
}

/// An archive of some files, whose manifest is put right.
fn packed(mut files: Files) -> Vec<u8> {
    let mut manifest: Manifest = serde_json::from_slice(&files[0].1).unwrap();
    manifest.files = files[1..].iter().map(|(name, bytes)| (name.clone(), Digest::of(bytes))).collect();
    files[0].1 = serde_json::to_vec(&manifest).unwrap();
    packed_as_they_are(&files)
}

fn packed_as_they_are(files: &Files) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        entry(&mut builder, name, tar::EntryType::Regular, bytes);
    }
    builder.into_inner().unwrap()
}

/// Any name at all, which the builder itself would refuse.
fn entry(builder: &mut tar::Builder<Vec<u8>>, name: &str, kind: tar::EntryType, bytes: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o777);
    header.set_size(bytes.len() as u64);
    if kind == tar::EntryType::Symlink {
        header.set_link_name("/etc").unwrap();
    }
    header.set_cksum();
    builder.append(&header, bytes).unwrap();
}

/// Checks that a backup is refused, and that no trace of it is left.
fn refusal(backup: &[u8]) -> Error {
    let house = House::without_keystore();
    let error = restore_on(&house, house.disk(), backup).map(drop).unwrap_err();
    assert_eq!(listing(&house.root()).keys().collect::<Vec<_>>(), Vec::<&String>::new(), "{error}");
    Keystore::init(house.disk(), house.world("init"), "").unwrap();
    error
}

/// The files of a keystore but for what no backup holds.
fn backed_up(house: &House) -> Vec<(String, u32, Vec<u8>)> {
    let kept = |name: &String| !name.starts_with("live/") && name != "state/head";
    listing(&house.root()).into_iter().filter(|(name, _)| kept(name)).map(|(name, (m, b))| (name, m, b)).collect()
}

#[test]
fn with_its_history_a_keystore_comes_back_whole() {
    let house = with_a_past();
    let (bytes, written) = backup(&house.open(), true).unwrap();
    assert_eq!(written.manifest.generation, Generation(3));
    assert!(written.left_out.is_empty());
    let copy = restored(&bytes);
    assert_eq!(backed_up(&copy), backed_up(&house));
    assert_eq!(Picture::of(&copy.open()), Picture::of(&house.open()));
    assert_eq!(copy.open().config().id, house.open().config().id);
}

#[test]
fn without_it_one_generation_and_every_private_key_come_back() {
    let house = with_a_past();
    let (bytes, _) = backup(&house.open(), false).unwrap();
    let copy = restored(&bytes);
    let keystore = copy.open();
    assert_eq!(Picture::of(&keystore), Picture::of(&house.open()));
    let snapshot = keystore.read().unwrap();
    assert_eq!(snapshot.records(usize::MAX).unwrap().len(), 1);
    assert_eq!(snapshot.base().unwrap().unwrap().through, Generation(2));
    assert!(matches!(snapshot.record(Generation(1)), Err(StoreError::Pruned { .. })));
    for version in 1..=3 {
        assert!(copy.root().join(format!("servers/mail01/imap/main/{version}/private-key.pem")).exists());
    }
    // It goes on like any other.
    installed_next(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    assert_eq!(keystore.read().unwrap().records(usize::MAX).unwrap().len(), 2);
    assert_eq!(live(&copy.root()), Picture::of(&keystore).wanted_live(&keystore));
}

#[test]
fn every_bound_endpoint_of_a_restored_keystore_is_published_again() {
    let house = with_a_past();
    let (bytes, _) = backup(&house.open(), false).unwrap();
    let copy = House::without_keystore();
    let restored = restore_on(&copy, copy.disk(), &bytes).unwrap();
    assert_eq!((restored.unpublished.len(), restored.staged), (2, 1));
    assert!(live(&copy.root()).is_empty());
    let committing = restored.keystore.begin_commit().unwrap();
    let snapshot = committing.snapshot().unwrap();
    let endpoints = unpublished_or_differing(&snapshot, &[], None).unwrap();
    let publications = to_publish(&endpoints).gather(&snapshot, &Unlocked::new()).unwrap();
    let prepared = committing.prepare_publication(snapshot.generation(), &publications).unwrap();
    prepared.switch().unwrap().keep().unwrap();
    assert_eq!(live(&copy.root()), Picture::of(&restored.keystore).wanted_live(&restored.keystore));
}

#[test]
fn an_empty_and_a_pruned_keystore_come_back_too() {
    let empty = House::new();
    for history in [false, true] {
        assert_eq!(backed_up(&restored(&backup(&empty.open(), history).unwrap().0)), backed_up(&empty));
    }
    let house = with_a_past();
    prune(&house.open(), &pending(&keep_no_keys(2), PENDING)).unwrap();
    let copy = restored(&backup(&house.open(), true).unwrap().0);
    assert_eq!(backed_up(&copy), backed_up(&house));
    assert_eq!(create(&copy.open(), PENDING).unwrap().version.number.0, 2, "what is spent stays spent");
    let copy = restored(&backup(&house.open(), false).unwrap().0);
    assert_eq!(Picture::of(&copy.open()), Picture::of(&house.open()));
}

#[test]
fn a_private_key_that_no_index_names_yet_is_taken_along() {
    let house = with_a_past();
    let index = house.root().join("servers/mail01/facts.json");
    let before = fs::read(&index).unwrap();
    create(&house.open(), "mail01/pop3/new").unwrap();
    fs::write(&index, before).unwrap();
    let (bytes, written) = backup(&house.open(), false).unwrap();
    assert!(written.left_out.is_empty());
    let file = "servers/mail01/pop3/new/1/private-key.pem";
    assert_eq!(fs::read(restored(&bytes).root().join(file)).unwrap(), fs::read(house.root().join(file)).unwrap());

    fs::write(house.root().join("servers/mail01/pop3/new/1/version.json"), "{").unwrap();
    let (_, written) = backup(&house.open(), false).unwrap();
    assert_eq!(written.left_out, [house.root().join("servers/mail01/pop3/new/1")]);
}

#[test]
fn a_request_that_power_took_does_not_take_its_private_key_along() {
    let house = with_a_past();
    let index = house.root().join("servers/mail01/facts.json");
    let before = fs::read(&index).unwrap();
    create(&house.open(), "mail01/pop3/new").unwrap();
    make_csr(&house.open(), &asking("mail01/pop3/new", "pop3.example.com")).unwrap();
    fs::write(&index, before).unwrap();
    let folder = "servers/mail01/pop3/new/1";
    let request = house.root().join(folder).join("request-1.csr");
    let harms: [fn(&Path); 2] = [|path| fs::write(path, "").unwrap(), |path| fs::remove_file(path).unwrap()];
    for harm in harms {
        harm(&request);
        let (bytes, written) = backup(&house.open(), false).unwrap();
        assert_eq!(written.left_out.iter().collect::<Vec<_>>(), [&request]);
        let copy = restored(&bytes);
        let file = format!("{folder}/private-key.pem");
        assert_eq!(fs::read(copy.root().join(&file)).unwrap(), fs::read(house.root().join(&file)).unwrap());
        assert_eq!(faults(&glance(&copy)), [Code::NotIndexed]);
        // what is put into the index is a private key that can make another request
        repair(&copy);
        make_csr(&copy.open(), &asking("mail01/pop3/new", "pop3.example.com")).unwrap();
        assert_eq!(faults(&glance(&copy)), []);
    }
}

#[test]
fn a_certificate_that_nothing_names_is_taken_along_when_it_is_whole() {
    let house = with_a_past();
    let folder = "servers/mail01/imap/main/1";
    let (unnamed, own) = (format!("{folder}/certificate-9.pem"), format!("{folder}/certificate-1.pem"));
    let own = fs::read(house.root().join(own)).unwrap();
    fs::write(house.root().join(&unnamed), &own).unwrap();
    let (bytes, written) = backup(&house.open(), false).unwrap();
    assert!(written.left_out.is_empty());
    assert_eq!(fs::read(restored(&bytes).root().join(&unnamed)).unwrap(), own);

    // as a reader sees it who comes while it is written, or after a crash
    for part in [0, own.len() / 2] {
        fs::write(house.root().join(&unnamed), &own[..part]).unwrap();
        let (bytes, written) = backup(&house.open(), false).unwrap();
        assert_eq!(written.left_out, [house.root().join(&unnamed)]);
        assert!(!restored(&bytes).root().join(&unnamed).exists());
    }
}

#[test]
fn no_damage_is_backed_up() {
    let house = with_a_past();
    let named = |name: &str| {
        let file = Path::new(name).file_name().unwrap().to_str().unwrap();
        ["private-key", "request-", "certificate-", "chain-"].iter().any(|start| file.starts_with(start))
            || name.starts_with("commits/")
            || name.starts_with("state/") && file != "head"
    };
    let files: Vec<_> = backed_up(&house).into_iter().filter(|(name, ..)| named(name)).collect();
    assert!(files.len() > 20);
    for (name, _, bytes) in files {
        let path = house.root().join(&name);
        if bytes.is_empty() {
            continue;
        }
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 2] ^= 1;
        fs::write(&path, flipped).unwrap();
        match backup(&house.open(), true) {
            Err(Error::Store(StoreError::Damaged { path: named, .. })) => assert_eq!(named, path),
            other => panic!("{name}: {:?}", other.map(|(_, written)| written.manifest.generation)),
        }
        fs::remove_file(&path).unwrap();
        match backup(&house.open(), true) {
            Err(Error::Store(StoreError::Damaged { path: named, .. })) => assert_eq!(named, path),
            // The newest record is not missed: the one before is the newest then.
            Ok((_, written)) => {
                assert_eq!((name.as_str(), written.manifest.generation.0), ("commits/0000000003.json", 2));
            }
            other => panic!("{name}: {:?}", other.map(|_| ())),
        }
        fs::write(&path, bytes).unwrap();
    }
}

#[test]
fn a_keystore_is_never_restored_over_anything() {
    let (bytes, _) = backup(&with_a_past().open(), false).unwrap();
    let house = House::new();
    let refused = restore_on(&house, house.disk(), &bytes).map(drop);
    assert!(matches!(refused, Err(Error::Store(StoreError::AlreadyThere { .. }))), "{refused:?}");

    let house = House::without_keystore();
    fs::write(house.root().join("notes.txt"), "mine").unwrap();
    for marker in [false, true] {
        if marker {
            fs::write(house.root().join(".keystore.toml.new"), "").unwrap();
        }
        let refused = restore_on(&house, house.disk(), &bytes).map(drop);
        assert!(matches!(refused, Err(Error::Store(StoreError::NotEmpty { .. }))), "{refused:?}");
        assert_eq!(fs::read(house.root().join("notes.txt")).unwrap(), b"mine");
    }
    // A keystore that lost its configuration is not an attempt that was cut short.
    let house = with_a_past();
    fs::remove_file(house.root().join("keystore.toml")).unwrap();
    let refused = restore_on(&house, house.disk(), &bytes).map(drop);
    assert!(matches!(refused, Err(Error::Store(StoreError::NotEmpty { .. }))), "{refused:?}");
}

#[test]
fn a_restore_that_was_cut_off_begins_again_also_after_the_doctor_looked() {
    let (bytes, _) = backup(&with_a_past().open(), false).unwrap();
    let house = House::without_keystore();
    // as a kill leaves it
    fs::write(house.root().join(".keystore.toml.new"), "").unwrap();
    for folder in ["commits", "servers/mail01"] {
        fs::create_dir_all(house.root().join(folder)).unwrap();
    }
    let request = Request { repair: true, expected: None, placing: None };
    let looked = doctor(&*house.disk(), &house.world("doctor"), &request, &Unwatched).map(drop);
    assert!(matches!(looked, Err(Error::Store(StoreError::Incomplete { .. }))), "{looked:?}");
    // it asks for both locks
    fs::write(house.root().join("publish.lock"), "").unwrap();
    restore_on(&house, house.disk(), &bytes).unwrap();
}

#[test]
fn what_could_not_be_restored_is_not_backed_up() {
    let house = with_a_past();
    let path = house.root().join("servers/mail01/facts.json");
    let index = fs::read_to_string(&path).unwrap();
    let (before, spki) = index.split_once("\"spki\":\"").unwrap();
    let digit = if spki.starts_with('0') { '1' } else { '0' };
    fs::write(&path, format!("{before}\"spki\":\"{digit}{}", &spki[1..])).unwrap();
    let refused = backup(&house.open(), false).map(drop);
    assert!(matches!(refused, Err(Error::Store(StoreError::Damaged { .. }))), "{refused:?}");
}

#[test]
fn a_backup_that_is_cut_short_is_refused_wherever() {
    let (bytes, _) = backup(&with_a_past().open(), false).unwrap();
    let end = bytes.len() - 1024;
    for length in (0..end).step_by(512).chain((300..end).step_by(9_973)) {
        match refusal(&bytes[..length]) {
            // within what fills up the last file, which is whole
            Error::Restore(RestoreError::CutShort { missing }) => {
                assert!(missing > 0 || length + 512 > end, "{length}");
            }
            Error::Restore(error @ RestoreError::NotABackup { .. }) => assert!(length < 8192, "{length}: {error}"),
            other => panic!("{length}: {other}"),
        }
    }
}

#[test]
fn a_backup_that_was_changed_is_refused_whatever_was_changed() {
    let (bytes, _) = backup(&with_a_past().open(), true).unwrap();
    let files = unpacked(&bytes);
    for index in 1..files.len() {
        let mut changed = files.clone();
        match changed[index].1.first_mut() {
            Some(byte) => *byte ^= 1,
            None => changed[index].1.push(b'\n'),
        }
        match refusal(&packed_as_they_are(&changed)) {
            Error::Restore(RestoreError::Changed { path, .. }) => assert_eq!(path.to_string(), files[index].0),
            other => panic!("{}: {other}", files[index].0),
        }
        // Somebody who puts the manifest right meets the hashes that the files hold of each other. Of who read private keys
        // that is told, and keeps nobody from the rest.
        let is_reading = files[index].0.starts_with("audit/");
        if is_reading {
            assert_eq!(faulty(&packed(changed)), [files[index].0.clone()]);
        } else if files[index].0 != "keystore.toml" && files[index].0 != "stage.json" {
            match refusal(&packed(changed)) {
                Error::Restore(RestoreError::Inconsistent { .. }) => {}
                other => panic!("{}: {other}", files[index].0),
            }
        }
        let mut without = files.clone();
        without.remove(index);
        let error = refusal(&packed_as_they_are(&without));
        assert!(matches!(error, Error::Restore(RestoreError::CutShort { missing: 1 })), "{error}");
        // Without a stage, or the newest entry of who read private keys, it is another keystore, and a whole one.
        let newest = files.iter().rev().find(|(name, _)| name.starts_with("audit/")).map(|(name, _)| name);
        if is_reading && Some(&files[index].0) != newest {
            assert_eq!(faulty(&packed(without)), [files[index].0.clone()]);
        } else if files[index].0 != "stage.json" && !is_reading {
            let error = refusal(&packed(without));
            let told =
                matches!(error, Error::Restore(RestoreError::Inconsistent { .. } | RestoreError::NotABackup { .. }));
            assert!(told, "{}: {error}", files[index].0);
        }
    }
}

/// The entries about readings of private keys that a restore names as missing or damaged.
fn faulty(backup: &[u8]) -> Vec<String> {
    let house = House::without_keystore();
    let restored = restore_on(&house, house.disk(), backup).unwrap();
    restored.reading_faults.iter().map(|fault| fault.path.to_string()).collect()
}

#[test]
fn what_is_lost_of_who_read_private_keys_keeps_nobody_from_the_private_keys() {
    let template = with_a_past();
    for _ in 0..4 {
        backup(&template.open(), false).unwrap();
    }
    let entry = |house: &House, number: u64| house.root().join(format!("audit/{number:010}.json"));
    let changed = |house: &House| fs::write(entry(house, 2), "{}").unwrap();
    let removed = |house: &House| fs::remove_file(entry(house, 2)).unwrap();
    for harm in [&changed as &dyn Fn(&House), &removed] {
        let house = House::copy_of(&template);
        harm(&house);
        let (bytes, written) = backup(&house.open(), true).unwrap();
        let told: Vec<_> = written.reading_faults.iter().map(|fault| fault.path.to_string()).collect();
        assert_eq!(told, ["audit/0000000002.json"]);
        assert_eq!(faulty(&bytes), told);
        assert_eq!(backed_up(&restored(&bytes)), backed_up(&house));
    }
}

#[test]
fn who_reads_private_keys_meanwhile_is_in_the_next_backup() {
    let house = with_a_past();
    backup(&house.open(), false).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stopping = Stopping(&stop);
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let read = Disclosure { purpose: Purpose::Sign, keys: Vec::new(), to: None };
                // one that has to wait too long tries again
                let _ = house.open_unsynced().note_reading(read);
            }
        });
        for _ in 0..20 {
            let inventory = house.open_unsynced().inventory(false, &Unwatched).unwrap();
            assert_eq!(inventory.reading_faults(), []);
        }
    });
}

#[test]
fn only_what_a_keystore_has_comes_out_of_a_backup() {
    let (bytes, _) = backup(&with_a_past().open(), false).unwrap();
    let files = unpacked(&bytes);
    let outside = std::env::temp_dir().join("keyring-escaped");
    let extra = [
        "../escaped",
        "/tmp/keyring-escaped",
        "servers/../../escaped",
        "lock",
        "live/mail01/imap/default/current",
        "servers/mail01/imap/main/1/shell.sh",
        ".keystore.toml.new",
        "manifest.json",
    ];
    for name in extra {
        let mut more = files.clone();
        more.insert(1, (name.to_owned(), b"mine".to_vec()));
        for archive in [packed(more.clone()), packed_as_they_are(&more)] {
            match refusal(&archive) {
                Error::Restore(RestoreError::Unexpected { name: named, .. }) => assert_eq!(named, name),
                other => panic!("{name}: {other}"),
            }
        }
    }
    assert!(!outside.exists());
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link, tar::EntryType::Char, tar::EntryType::Fifo] {
        let mut builder = tar::Builder::new(Vec::new());
        entry(&mut builder, &files[0].0, tar::EntryType::Regular, &files[0].1);
        entry(&mut builder, "servers/mail01/facts.json", kind, b"");
        let error = refusal(&builder.into_inner().unwrap());
        assert!(matches!(error, Error::Restore(RestoreError::Unexpected { .. })), "{error}");
    }
    let mut twice = files.clone();
    twice.insert(2, files[1].clone());
    let error = refusal(&packed_as_they_are(&twice));
    assert!(matches!(error, Error::Restore(RestoreError::Unexpected { .. })), "{error}");
}

#[test]
fn what_is_no_backup_is_said_to_be_none() {
    let files = unpacked(&backup(&with_a_past().open(), false).unwrap().0);
    for bytes in [&b""[..], b"keyring", &[0; 2048], &[b'a'; 4096], &packed_as_they_are(&files[1..].to_vec())] {
        let error = refusal(bytes);
        assert!(matches!(error, Error::Restore(RestoreError::NotABackup { .. })), "{error}");
    }
    let mut newer = files;
    let mut manifest: serde_json::Value = serde_json::from_slice(&newer[0].1).unwrap();
    manifest["format"] = 9.into();
    newer[0].1 = manifest.to_string().into_bytes();
    let error = refusal(&packed_as_they_are(&newer));
    assert!(matches!(error, Error::Restore(RestoreError::Newer { format: 9, .. })), "{error}");
}

#[test]
fn a_private_key_must_be_the_one_that_its_facts_name() {
    let house = House::new();
    let keystore = house.open();
    // Not staged, which has a hash of its own.
    create(&keystore, MAIN).unwrap();
    create(&keystore, "mail01/imap/other").unwrap();
    let folder = |name: &str| format!("servers/mail01/imap/{name}/1");
    let files = unpacked(&backup(&keystore, false).unwrap().0);
    let find = |name: &str| files.iter().find(|(other, _)| other == name).unwrap().1.clone();
    let (mine, other) = (find(&(folder("main") + "/private-key.pem")), find(&(folder("other") + "/private-key.pem")));
    let forged = |replacement: &[u8]| {
        let (was, is) = (Digest::of(&mine).to_string(), Digest::of(replacement).to_string());
        let forge = |(name, bytes): (String, Vec<u8>)| {
            let bytes = if name == folder("main") + "/private-key.pem" {
                replacement.to_vec()
            } else if name.ends_with(".json") {
                String::from_utf8(bytes).unwrap().replace(&was, &is).into_bytes()
            } else {
                bytes
            };
            (name, bytes)
        };
        packed(files.clone().into_iter().map(forge).collect())
    };
    restored(&forged(&mine));
    let error = refusal(&forged(&other));
    assert!(matches!(error, Error::Restore(RestoreError::Inconsistent { .. })), "{error}");
    let error = refusal(&forged(b"no key at all"));
    assert!(matches!(error, Error::Restore(RestoreError::PrivateKey { .. })), "{error}");
}

#[test]
fn what_is_wrong_with_the_envelope_is_told_as_that() {
    let house = with_a_past();
    let passphrase = Arc::new(Passphrase::new("a passphrase".to_owned()).unwrap());
    let envelope = Envelope::Passphrase { passphrase: Arc::clone(&passphrase), work: WorkFactor::cheapest() };
    let mut sealed = Vec::new();
    let asked = Backup { history: true, envelope, to: "keys.age".to_owned() };
    ops::backup::backup(&house.open(), &asked, &mut sealed, &Unwatched).unwrap();
    let restore = |bytes: &[u8]| {
        let copy = House::without_keystore();
        let mut opened = Sealed::read(bytes)?.open_with_passphrase(&passphrase, WorkFactor::LIMIT)?;
        let restored = ops::restore::restore(copy.disk(), copy.world("restore"), &mut opened, &Unwatched);
        assert!(restored.is_ok() || listing(&copy.root()).is_empty());
        restored.map(|restored| Picture::of(&restored.keystore))
    };
    assert_eq!(restore(&sealed).unwrap(), Picture::of(&house.open()));
    let cut = restore(&sealed[..sealed.len() - 1]);
    assert!(matches!(cut, Err(Error::Opening(OpeningError::CutShort))), "{cut:?}");
    let middle = sealed.len() / 3;
    sealed[middle] ^= 1;
    let changed = restore(&sealed);
    assert!(matches!(changed, Err(Error::Opening(OpeningError::Damaged | OpeningError::CutShort))), "{changed:?}");
}

/// Ends the work of other threads, however the test ends.
struct Stopping<'a>(&'a AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn backups_taken_while_others_write_are_whole() {
    let house = House::new();
    installed_key(&house.open_unsynced(), MAIN, "mail01.example.com");
    bind(&house.open_unsynced(), MAIN, &["mail01/imap@default"]).unwrap();
    commit(&house.open_unsynced()).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stopping = Stopping(&stop);
        scope.spawn(|| {
            let keystore = house.open_unsynced();
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                let path = format!("mail01/smtp/key{number}");
                create(&keystore, &path).unwrap();
                let reply = certify(&make_csr(&keystore, &asking(&path, "a.example.com")).unwrap());
                install(&keystore, &path, &reply).unwrap();
                installed_next(&keystore, MAIN, "mail01.example.com");
                commit(&keystore).unwrap();
                prune(&keystore, &keep_no_keys(2)).unwrap();
            }
        });
        let mut generations = Vec::new();
        // twenty, and more until a commit has come in between
        for round in 0..2000 {
            if round >= 20 && generations.first() < generations.last() {
                break;
            }
            let keystore = house.open_unsynced();
            let bytes = loop {
                match backup(&keystore, round % 2 == 0) {
                    Ok((bytes, _)) => break bytes,
                    // a reader of private keys waits for whoever writes, and here only for a moment
                    Err(Error::Backup(_) | Error::Store(StoreError::Pruned { .. } | StoreError::Locked { .. })) => {}
                    Err(error) => panic!("{error} {error:?}"),
                }
            };
            let copy = restored(&bytes);
            generations.push(copy.open().read().unwrap().generation());
        }
        assert!(generations.is_sorted() && generations.first() < generations.last(), "{generations:?}");
    });
    assert!(prune(&house.open(), &keep(2)).is_ok());
}
