//! One kind of fault after the other: what is found, and what becomes of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use keystore::model::VersionNumber;
use keystore::ops::Error;
use keystore::ops::copy_key::copy_key;
use keystore::ops::doctor::{Code, Diagnosis, Finding, Remedy, Request, Severity, doctor};
use keystore::ops::mark_compromised::mark_compromised;
use keystore::progress::Unwatched;
use keystore::store::{Keystore, StoreError};

use super::{MAIN, SECRET, codes, diagnose, faults, repair, run_on, with_history};
use crate::common::{
    Failure, FaultyDisk, House, Picture, asking, bind, certify, commit, create, install, installed_key, installed_next,
    key, listing, make_csr, staged,
};

fn one(diagnosis: &Diagnosis, code: Code) -> &Finding {
    let mut found = diagnosis.findings.iter().filter(|finding| finding.code == code);
    let first = found.next().unwrap_or_else(|| panic!("no {code} in {:#?}", diagnosis.findings));
    assert_eq!(found.next(), None);
    first
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} is not in {path:?}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn set_aside(house: &House) -> Vec<String> {
    let names = listing(&house.root()).into_keys().filter(|name| name.starts_with("set-aside/"));
    names.filter(|name| house.root().join(name).is_file()).collect()
}

#[test]
fn what_is_no_keystore_or_a_newer_one_is_refused_and_left_alone() {
    let house = House::without_keystore();
    let asked = Request { repair: true, expected: None, placing: None };
    let refused = |house: &House| doctor(&*house.disk(), &house.world("doctor"), &asked, &Unwatched).unwrap_err();
    assert!(matches!(refused(&house), Error::Store(StoreError::NoKeystore { .. })));
    assert!(listing(&house.root()).is_empty());
    let house = House::new();
    edit(&house.root().join("keystore.toml"), "format = 1", "format = 2");
    assert!(matches!(refused(&house), Error::Store(StoreError::NewerFormat { format: 2, .. })));
    let house = House::new();
    let disk = FaultyDisk::open(&house.root(), Failure::Never).with_foreign("");
    let error = doctor(&disk, &house.world("doctor"), &asked, &Unwatched).unwrap_err();
    assert!(matches!(error, Error::Store(StoreError::ForeignOwner { .. })));
}

#[test]
fn a_key_that_a_crash_kept_from_the_index_is_taken_in() {
    let house = House::new();
    create(&house.open(), "mail01/smtp/other").unwrap();
    let before = fs::read(house.root().join("servers/mail01/facts.json")).unwrap();
    create(&house.open(), MAIN).unwrap();
    let picture = Picture::of(&house.open());
    fs::write(house.root().join("servers/mail01/facts.json"), before).unwrap();
    let diagnosis = diagnose(&house);
    assert_eq!(one(&diagnosis, Code::NotIndexed).key, Some(key(MAIN)));
    assert_eq!(codes(&repair(&house).diagnosis), [Code::SetAside]);
    assert_eq!(Picture::of(&house.open()), picture);
}

#[test]
fn a_request_that_a_crash_kept_from_the_index_is_taken_in_or_left() {
    let house = House::new();
    create(&house.open(), MAIN).unwrap();
    let (index, folder) =
        (house.root().join("servers/mail01/facts.json"), house.root().join("servers/mail01/imap/main/1"));
    let (old_index, old_version) = (fs::read(&index).unwrap(), fs::read(folder.join("version.json")).unwrap());
    make_csr(&house.open(), &asking(MAIN, "mail01.example.com")).unwrap();
    let picture = Picture::of(&house.open());
    let new_version = fs::read(folder.join("version.json")).unwrap();
    // Written before the index was: version.json knows it.
    fs::write(&index, &old_index).unwrap();
    assert_eq!(faults(&diagnose(&house)), [Code::FactsBehind]);
    assert_eq!(one(&diagnose(&house), Code::FactsBehind).severity(), Severity::Trouble);
    assert_eq!(faults(&repair(&house).diagnosis), []);
    assert_eq!(Picture::of(&house.open()), picture);
    // An old version.json put back: the index knows better.
    fs::write(folder.join("version.json"), &old_version).unwrap();
    assert_eq!(faults(&diagnose(&house)), [Code::FactsBehind]);
    assert_eq!(faults(&repair(&house).diagnosis), []);
    assert_eq!(fs::read(folder.join("version.json")).unwrap(), new_version);
    // Written before version.json was: nobody ever got it.
    fs::write(&index, &old_index).unwrap();
    fs::write(folder.join("version.json"), &old_version).unwrap();
    assert_eq!(codes(&diagnose(&house)), [Code::RequestUnused, Code::SetAside]);
    make_csr(&house.open(), &asking(MAIN, "mail01.example.com")).unwrap();
    assert_eq!(codes(&diagnose(&house)), [Code::SetAside]);
}

#[test]
fn of_two_accounts_the_files_decide_and_else_a_person() {
    let (index, version) = ("servers/mail01/facts.json", "servers/mail01/imap/main/1/version.json");
    for (file, right) in [(index, version), (version, index)] {
        let house = House::new();
        create(&house.open(), MAIN).unwrap();
        make_csr(&house.open(), &asking(MAIN, "mail01.example.com")).unwrap();
        let picture = Picture::of(&house.open());
        edit(&house.root().join(file), "CN=mail01.example.com", "CN=mail01.example.org");
        let found = diagnose(&house);
        assert_eq!(one(&found, Code::FactsDiffer).paths[0].as_path(), Path::new(file));
        assert_eq!(one(&found, Code::FactsDiffer).paths[1].as_path(), Path::new(right));
        assert_eq!(faults(&repair(&house).diagnosis), []);
        assert_eq!(Picture::of(&house.open()), picture);
        assert_eq!(set_aside(&house).len(), 1);
        // Nothing tells who made it.
        edit(&house.root().join(file), "\"user\":\"ada\"", "\"user\":\"bob\"");
        let left = repair(&house);
        assert_eq!(faults(&left.diagnosis), [Code::FactsDiffer]);
        assert!(left.mended.is_empty());
    }
}

#[test]
fn an_index_that_says_something_else_of_the_private_key_than_version_json_is_mended() {
    let house = with_history();
    edit(&house.root().join("servers/mail04/facts.json"), "ecdsa-p256", "ecdsa-p384");
    assert_eq!(faults(&diagnose(&house)), [Code::FactsDiffer]);
    assert_eq!(faults(&repair(&house).diagnosis), []);
}

#[test]
fn a_private_key_that_nobody_can_describe_is_named() {
    let house = House::new();
    create(&house.open(), "mail01/imap/encrypted").unwrap();
    let other = with_history();
    let secret = other.root().join("servers/mail01/pop3/secret/1/private-key.pem");
    let folder = house.root().join("servers/mail01/imap/encrypted/1");
    fs::copy(secret, folder.join("private-key.pem")).unwrap();
    fs::remove_file(folder.join("version.json")).unwrap();
    fs::remove_file(house.root().join("servers/mail01/facts.json")).unwrap();
    let left = repair(&house);
    assert!(matches!(one(&left.diagnosis, Code::NotIndexed).remedy, Remedy::ByHand(_)));
    assert!(folder.join("private-key.pem").exists() && left.mended.is_empty());
}

#[test]
fn an_encrypted_private_key_is_described_by_its_request() {
    let house = with_history();
    let folder = house.root().join("servers/mail01/pop3/secret/1");
    let (before, _) = (Picture::of(&house.open()), fs::remove_file(folder.join("version.json")).unwrap());
    fs::remove_file(house.root().join("servers/mail01/facts.json")).unwrap();
    house.later(60);
    assert_eq!(faults(&repair(&house).diagnosis), []);
    let after = Picture::of(&house.open());
    let version = |picture: &Picture, path: &str, number: u32| {
        let key = key(path);
        picture.facts[key.server()].key(&key).unwrap().version(VersionNumber(number)).unwrap().clone()
    };
    let (known, read) = (version(&before, SECRET, 1), version(&after, SECRET, 1));
    assert_eq!((known.spki, known.file, known.algorithm, true), (read.spki, read.file, read.algorithm, read.encrypted));
    assert_eq!(known.requests[0].subject, read.requests[0].subject);
    assert_eq!(read.by.command, "doctor", "who made it is lost, and that is said");
    assert_eq!(version(&before, MAIN, 3), version(&after, MAIN, 3), "what its own file says is not lost");
}

#[test]
fn what_a_crash_left_of_a_private_key_is_moved_out_of_the_way() {
    let house = House::new();
    create(&house.open(), MAIN).unwrap();
    let key_folder = house.root().join("servers/mail01/imap/main");
    fs::create_dir(key_folder.join("2")).unwrap();
    fs::create_dir(key_folder.join("3")).unwrap();
    let half = &fs::read(key_folder.join("1/private-key.pem")).unwrap()[..100];
    fs::write(key_folder.join("3/private-key.pem"), half).unwrap();
    let found = diagnose(&house);
    assert_eq!(one(&found, Code::Remnant).paths[0].as_path(), Path::new("servers/mail01/imap/main/3"));
    assert_eq!(one(&found, Code::VersionEmpty).paths[0].as_path(), Path::new("servers/mail01/imap/main/2"));
    let left = repair(&house);
    assert_eq!(faults(&left.diagnosis), []);
    assert!(!key_folder.join("3").exists());
    let kept = set_aside(&house);
    assert_eq!(kept.len(), 1);
    assert!(kept[0].ends_with("/servers/mail01/imap/main/3/private-key.pem"), "{kept:?}");
}

#[test]
fn a_key_whose_making_was_cut_off_is_whole_or_nowhere_after_a_repair() {
    let template = with_history();
    commit(&template.open()).unwrap();
    let new = "mail06/https/copy";
    let copy = |keystore: &Keystore| copy_key(keystore, &key(MAIN), &key(new)).map(drop);
    let make = |keystore: &Keystore| create(keystore, new).map(drop);
    for (is_copy, act) in [(true, &copy as &dyn Fn(&Keystore) -> Result<(), Error>), (false, &make)] {
        for at in 0.. {
            let house = House::copy_of(&template);
            let disk = FaultyDisk::open(&house.root(), Failure::Crash(at));
            if act(&house.open_on(disk)).is_ok() {
                break;
            }
            assert_eq!(faults(&repair(&house).diagnosis), [], "{at}");
            let view = house.open().read().unwrap().key(&key(new)).unwrap();
            // A copy is in the tree once it is staged, and no sooner.
            let is_staged = !staged(&house.open()).is_empty();
            assert!(view.is_some() == is_staged || !is_copy, "{at}: {view:?}");
            act(&house.open()).or_else(|error| if view.is_some() { Ok(()) } else { Err(error) }).unwrap();
            assert_eq!(faults(&diagnose(&house)), [], "{at}");
        }
    }
}

#[test]
fn that_a_private_key_is_compromised_is_not_forgotten() {
    for file in ["servers/mail01/facts.json", "servers/mail01/imap/main/2/version.json"] {
        let house = House::new();
        installed_key(&house.open(), MAIN, "mail01.example.com");
        commit(&house.open()).unwrap();
        installed_next(&house.open(), MAIN, "mail01.example.com");
        let before = fs::read(house.root().join(file)).unwrap();
        mark_compromised(&house.open(), &key(MAIN), Some(VersionNumber(2)), "lost").unwrap();
        let picture = Picture::of(&house.open());
        fs::write(house.root().join(file), before).unwrap();
        assert_eq!(faults(&diagnose(&house)), [Code::FactsBehind], "{file}");
        assert_eq!(faults(&repair(&house).diagnosis), []);
        assert_eq!(Picture::of(&house.open()), picture, "{file}");
    }
}

#[test]
fn private_keys_that_are_lost_or_changed_are_named_and_nothing_is_made_up() {
    for (folder, code) in [
        ("servers/mail01/imap/main/1", Code::PrivateKeyMissing),
        ("servers/mail01/imap", Code::PrivateKeyMissing),
        ("servers/mail01/imap/main/2/private-key.pem", Code::PrivateKeyMissing),
    ] {
        let house = with_history();
        let path = house.root().join(folder);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        let left = repair(&house);
        assert!(codes(&left.diagnosis).contains(&code), "{folder}");
        let lost = left.diagnosis.findings.iter().filter(|finding| finding.code == code);
        assert!(lost.clone().all(|finding| finding.remedy == Remedy::Backup && finding.key == Some(key(MAIN))));
    }
    // Another private key, with everything beside it made to fit: the log knows which one it was.
    let house = with_history();
    let (ours, other) = ("servers/mail01/imap/main/1", "servers/mail04/ldap/new/1");
    let digest = |folder: &str| {
        let text = fs::read_to_string(house.root().join(folder).join("version.json")).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        (value["file"].as_str().unwrap().to_owned(), value["spki"].as_str().unwrap().to_owned())
    };
    let (old, new) = (digest(ours), digest(other));
    for file in ["servers/mail01/facts.json", "servers/mail01/imap/main/1/version.json"] {
        edit(&house.root().join(file), &old.0, &new.0);
        edit(&house.root().join(file), &old.1, &new.1);
    }
    let from = house.root().join(other).join("private-key.pem");
    fs::copy(from, house.root().join(ours).join("private-key.pem")).unwrap();
    let found = diagnose(&house);
    assert!(codes(&found).contains(&Code::PrivateKeyChanged) && codes(&found).contains(&Code::CertificateChanged));
}

#[test]
fn a_damaged_stage_is_moved_aside_and_what_it_staged_can_be_installed_again() {
    let house = with_history();
    fs::write(house.root().join("stage.json"), "{}").unwrap();
    assert_eq!(faults(&diagnose(&house)), [Code::StageDamaged]);
    let left = repair(&house);
    assert_eq!(faults(&left.diagnosis), []);
    assert!(set_aside(&house)[0].ends_with("/stage.json"));
    let unused = one(&left.diagnosis, Code::CertificateUnused);
    let path = house.root().join(unused.paths[0].as_path());
    assert!(matches!(&unused.remedy, Remedy::ByHand(advice) if advice.contains(path.to_str().unwrap())));
    install(&house.open(), MAIN, &fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(staged(&house.open()).len(), 1);
}

#[test]
fn what_is_committed_already_is_dropped_from_the_stage() {
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    let stage = fs::read(house.root().join("stage.json")).unwrap();
    commit(&keystore).unwrap();
    bind(&keystore, MAIN, &["mail01/imap@default"]).unwrap();
    commit(&keystore).unwrap();
    // An old stage that was put back would be committed again.
    fs::write(house.root().join("stage.json"), stage).unwrap();
    fs::set_permissions(house.root().join("stage.json"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(faults(&diagnose(&house)), [Code::StageRecorded]);
    assert_eq!(faults(&repair(&house).diagnosis), []);
    assert!(staged(&house.open()).is_empty());
    assert_eq!(set_aside(&house).len(), 1);
}

#[test]
fn what_is_staged_about_a_lost_key_is_named() {
    let house = House::new();
    create(&house.open(), MAIN).unwrap();
    bind(&house.open(), MAIN, &["mail01/imap@default"]).unwrap();
    fs::remove_dir_all(house.root().join("servers/mail01")).unwrap();
    assert_eq!(faults(&diagnose(&house)), [Code::StageDangling]);
}

#[test]
fn an_interrupted_commit_is_finished_or_taken_back_and_a_running_one_left_alone() {
    let template = House::new();
    let keystore = template.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    bind(&keystore, MAIN, &["mail01/imap@default"]).unwrap();
    let mut outcomes = Vec::new();
    for at in 0.. {
        let house = House::copy_of(&template);
        let disk = FaultyDisk::open(&house.root(), Failure::Crash(at));
        if commit(&house.open_on(disk)).is_ok() {
            break;
        }
        let interrupted = house.root().join("intent.json").exists();
        let found = diagnose(&house);
        assert_eq!(codes(&found).contains(&Code::CommitInterrupted), interrupted, "{at}: {:#?}", found.findings);
        assert!(faults(&found).iter().all(|code| *code == Code::CommitInterrupted), "{at}: {:#?}", found.findings);
        assert_eq!(faults(&repair(&house).diagnosis), [], "{at}");
        assert!(!house.root().join("intent.json").exists());
        outcomes.push(house.open().read().unwrap().generation().0);
    }
    assert!(outcomes.contains(&0) && outcomes.contains(&1), "{outcomes:?}");

    let running = template.open();
    let committing = running.begin_commit().unwrap();
    let snapshot = committing.snapshot().unwrap();
    let plan = keystore::ops::commit::plan(&snapshot, running.world().now()).unwrap();
    let proposal = plan.propose(&snapshot, &Default::default(), None).unwrap();
    let switched = committing.prepare(&proposal).unwrap().switch().unwrap();
    let found = diagnose(&template);
    assert_eq!(codes(&found), [Code::CommitRuns], "its record and its state are nothing that was left");
    assert_eq!(one(&found, Code::CommitRuns).severity().as_str(), "note");
    let asked = Request { repair: true, expected: None, placing: None };
    let refused = doctor(&*template.disk(), &template.world("doctor"), &asked, &Unwatched);
    assert!(matches!(refused, Err(Error::Store(StoreError::Locked { .. }))));
    switched.record().unwrap();
    assert_eq!(codes(&diagnose(&template)), []);
}

#[test]
fn a_commit_whose_intent_is_damaged_is_named_and_publish_mends_what_it_left() {
    let house = with_history();
    fs::write(house.root().join("intent.json"), "{").unwrap();
    fs::set_permissions(house.root().join("intent.json"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(faults(&diagnose(&house)), [Code::IntentDamaged]);
    assert_eq!(faults(&repair(&house).diagnosis), []);
    assert!(set_aside(&house)[0].ends_with("/intent.json"));
    commit(&house.open()).unwrap();
}

#[test]
fn what_stands_where_something_else_belongs_is_named_and_left_alone() {
    for (path, is_folder) in [
        ("servers/mail04", true),
        ("servers/mail04/ldap/new/1/private-key.pem", false),
        ("commits/0000000001.json", false),
        ("live/mail01", true),
        ("keystore.toml", false),
    ] {
        let house = with_history();
        let place = house.root().join(path);
        let away = house.root().parent().unwrap().join("away");
        fs::rename(&place, &away).unwrap();
        symlink(&away, &place).unwrap();
        let left = repair(&house);
        let found = left.diagnosis.findings.iter().find(|finding| finding.code == Code::Kind).unwrap();
        assert_eq!(found.paths[0].as_path(), Path::new(path));
        assert!(found.message.contains("symbolic link"), "{}", found.message);
        assert!(place.is_symlink() && away.is_dir() == is_folder);
    }
}

#[test]
fn strangers_are_noted_and_left_alone() {
    let house = with_history();
    let names = [
        "notes.txt",
        "servers/Mail05",
        "servers/mail01/imap/main/1/private-key.pem.bak",
        "servers/mail01/imap/main/04",
        "commits/1.json",
        "state/README",
        "live/mail01/imap/default/current/extra.pem",
        "live/mail01/imap/elsewhere",
    ];
    for name in names {
        fs::write(house.root().join(name), "mine").unwrap();
    }
    let left = repair(&house);
    assert_eq!(faults(&left.diagnosis), []);
    for name in names {
        let path = fs::canonicalize(house.root().join(name)).unwrap();
        let unknown = left.diagnosis.findings.iter().filter(|finding| finding.code == Code::Unknown);
        let named = unknown.flat_map(|finding| &finding.paths).any(|path_| house.root().join(path_.as_path()) == path);
        assert!(named, "{name}");
        assert_eq!(fs::read(path).unwrap(), b"mine");
    }
}

#[test]
fn files_of_somebody_else_are_named() {
    let house = with_history();
    let file = "servers/mail01/imap/main/1/private-key.pem";
    let disk = FaultyDisk::open(&house.root(), Failure::Never).with_foreign(file);
    let left = run_on(&disk, &house, &Request { repair: true, expected: None, placing: None });
    assert_eq!(one(&left.diagnosis, Code::Owner).paths[0].as_path(), Path::new(file));
    assert_eq!(faults(&left.diagnosis), [Code::Owner]);
}

#[test]
fn a_certificate_that_was_lost_is_named_with_the_generation_that_needs_it() {
    let house = with_history();
    fs::remove_file(house.root().join("servers/mail01/imap/main/1/certificate-1.pem")).unwrap();
    let found = diagnose(&house);
    let lost = one(&found, Code::CertificateMissing);
    assert_eq!((lost.generation.map(|it| it.0), lost.key.clone()), (Some(1), Some(key(MAIN))));
    // An authority's reply that was installed twice is there twice, and only one of them is used.
    let house = House::new();
    create(&house.open(), MAIN).unwrap();
    let reply = certify(&make_csr(&house.open(), &asking(MAIN, "mail01.example.com")).unwrap());
    install(&house.open(), MAIN, &reply).unwrap();
    crate::common::discard(&house.open(), &[]).unwrap();
    let found = diagnose(&house);
    assert!(matches!(one(&found, Code::CertificateUnused).remedy, Remedy::ByHand(_)));
    // It is not to be installed any more once the key has gone on.
    install(&house.open(), MAIN, &reply).unwrap();
    commit(&house.open()).unwrap();
    installed_next(&house.open(), MAIN, "mail01.example.com");
    commit(&house.open()).unwrap();
    let found = diagnose(&house);
    assert_eq!((codes(&found), &found.findings[0].remedy), (vec![Code::CertificateUnused], &Remedy::Nothing));
}
