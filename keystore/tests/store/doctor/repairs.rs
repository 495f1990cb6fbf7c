//! What is mended without any loss, also when the repair itself is cut off; and what is only named.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::mem::discriminant;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use keystore::digest::Digest;
use keystore::model::VersionFacts;
use keystore::ops::doctor::{Code, Remedy, Request, doctor};
use keystore::progress::Unwatched;

use super::{MAIN, codes, diagnose, faults, repair, run_on, with_history};
use crate::common::{
    Failure, FaultyDisk, House, Picture, asking, bind, commit, create, installed_key, key, listing, live, make_csr,
};

/// A way to damage a keystore, and whether readers can still read all of it.
struct Damage {
    name: &'static str,
    harm: fn(&Path),
    found: &'static [Code],
}

fn remove(path: &Path) {
    if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
}

fn cut(path: &Path) {
    let whole = fs::read(path).unwrap();
    fs::write(path, &whole[..whole.len() / 2]).unwrap();
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn state_objects(root: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(root.join("state")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension() == Some("json".as_ref())).collect()
}

/// Everything that is mended so that the keystore says what it said before.
const MENDED: &[Damage] = &[
    Damage {
        name: "an index is lost",
        harm: |root| remove(&root.join("servers/mail01/facts.json")),
        found: &[Code::IndexMissing],
    },
    Damage {
        name: "an index is damaged",
        harm: |root| cut(&root.join("servers/mail03/facts.json")),
        found: &[Code::IndexDamaged],
    },
    Damage {
        name: "what stands beside a private key is lost",
        harm: |root| remove(&root.join("servers/mail01/imap/main/1/version.json")),
        found: &[Code::VersionDamaged],
    },
    Damage {
        name: "what stands beside an encrypted private key is damaged",
        harm: |root| cut(&root.join("servers/mail01/pop3/secret/1/version.json")),
        found: &[Code::VersionDamaged],
    },
    Damage {
        name: "all of the state is lost",
        harm: |root| remove(&root.join("state")),
        found: &[Code::StateMissing, Code::FolderMissing],
    },
    Damage {
        name: "every file of the state is damaged",
        harm: |root| state_objects(root).iter().for_each(|path| cut(path)),
        found: &[Code::StateDamaged],
    },
    Damage {
        name: "keystore.toml is lost",
        harm: |root| remove(&root.join("keystore.toml")),
        found: &[Code::ConfigMissing],
    },
    Damage {
        name: "keystore.toml is empty",
        harm: |root| fs::write(root.join("keystore.toml"), "").unwrap(),
        found: &[Code::ConfigDamaged],
    },
    Damage {
        name: "modes are wrong",
        harm: |root| {
            for (path, mode) in [
                ("", 0o777),
                ("servers", 0o755),
                ("servers/mail01/imap/main/1/private-key.pem", 0o644),
                ("live/mail01/imap/default/4/certificate.pem", 0o600),
                ("commits/0000000001.json", 0o666),
            ] {
                chmod(&root.join(path), mode);
            }
        },
        found: &[Code::Mode],
    },
    Damage {
        name: "the keystore's folder lets no service through",
        harm: |root| chmod(root, 0o700),
        found: &[Code::Mode],
    },
    Damage { name: "the keystore's folder keeps its owner out", harm: |root| chmod(root, 0o511), found: &[Code::Mode] },
    Damage {
        name: "the hint for the newest record is garbage",
        harm: |root| fs::write(root.join("state/head"), "none").unwrap(),
        found: &[],
    },
    Damage {
        name: "temporary files are left",
        harm: |root| {
            for name in ["servers/mail01/.facts.json.new", ".stage.json.new", "commits/.0000000005.json.new"] {
                fs::write(root.join(name), "half").unwrap();
            }
            symlink("3", root.join("live/mail01/imap/default/.current.new")).unwrap();
        },
        found: &[],
    },
    Damage {
        name: "everything at once",
        harm: |root| {
            for name in ["mail01", "mail03", "mail04"] {
                remove(&root.join("servers").join(name).join("facts.json"));
            }
            state_objects(root).iter().for_each(|path| cut(path));
            remove(&root.join("state/head"));
            remove(&root.join("keystore.toml"));
            chmod(&root.join("servers/mail01/imap"), 0o777);
        },
        found: &[Code::IndexMissing, Code::StateDamaged, Code::ConfigMissing, Code::Mode],
    },
];

/// What nothing in the keystore may lose: the contents of every file but of hints and of what was never whole.
fn contents(house: &House) -> BTreeSet<Digest> {
    let passing = ["lock", "publish.lock", "state/head", "intent.json"];
    let is_kept = |name: &str| !name.ends_with(".new") && !passing.contains(&name);
    let listing = listing(&house.root()).into_iter().filter(|(name, _)| is_kept(name));
    listing.map(|(_, (_, contents))| Digest::of(&contents)).collect()
}

fn assert_nothing_lost(before: &BTreeSet<Digest>, house: &House, name: &str) {
    let lost = before.difference(&contents(house)).count();
    assert_eq!(lost, 0, "{name}: files were lost");
}

#[test]
fn what_can_be_mended_is_found_and_mended_and_nothing_is_lost() {
    for damage in MENDED {
        let name = damage.name;
        let house = with_history();
        let picture = Picture::of(&house.open());
        let served = live(&house.root());
        (damage.harm)(&house.root());
        let before = contents(&house);
        let diagnosis = diagnose(&house);
        for code in damage.found {
            assert!(codes(&diagnosis).contains(code), "{name}: no {code}: {:#?}", diagnosis.findings);
        }
        let is_expected = |code: &Code| damage.found.contains(code);
        assert!(faults(&diagnosis).iter().all(is_expected), "{name}: {:#?}", diagnosis.findings);
        assert!(
            diagnosis
                .findings
                .iter()
                .all(|finding| finding.code == Code::LeftOver || matches!(finding.remedy, Remedy::Automatic(_))),
            "{name}: {:#?}",
            diagnosis.findings
        );

        let outcome = repair(&house);
        assert!(!outcome.mended.is_empty() && outcome.mended.iter().all(|mended| mended.result.is_ok()), "{name}");
        assert!(outcome.diagnosis.is_sound(), "{name}: {:#?}", outcome.diagnosis.findings);
        assert_nothing_lost(&before, &house, name);
        assert_eq!(Picture::of(&house.open()), picture, "{name}");
        assert_eq!(live(&house.root()), served, "{name}");
        let again = repair(&house);
        assert!(again.mended.is_empty(), "{name}: {:?}", again.mended);
        commit(&house.open()).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// A small keystore that every kind of repair has something to do on.
fn in_ruins() -> House {
    let sound = House::new();
    let keystore = sound.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    let stage = fs::read(sound.root().join("stage.json")).unwrap();
    commit(&keystore).unwrap();
    create(&keystore, "mail02/smtp/other").unwrap();
    bind(&keystore, MAIN, &["mail01/imap@default"]).unwrap();
    // A commit that came as far as its intent.
    let mut interrupted = (0..).map(|at| {
        let house = House::copy_of(&sound);
        commit(&house.open_on(FaultyDisk::open(&house.root(), Failure::Crash(at)))).unwrap_err();
        house
    });
    let house = interrupted.find(|house| house.root().join("intent.json").exists()).unwrap();

    let root = house.root();
    remove(&root.join("servers/mail01/facts.json"));
    cut(&root.join("servers/mail01/imap/main/1/version.json"));
    cut(&root.join("servers/mail02/smtp/other/1/private-key.pem"));
    remove(&root.join("servers/mail02/smtp/other/1/version.json"));
    remove(&root.join("servers/mail02/facts.json"));
    state_objects(&root).iter().for_each(|path| cut(path));
    remove(&root.join("state/head"));
    remove(&root.join("keystore.toml"));
    fs::write(root.join("stage.json"), stage).unwrap();
    chmod(&root.join("stage.json"), 0o644);
    fs::write(root.join("commits/.0000000009.json.new"), "half").unwrap();
    house
}

#[test]
fn a_repair_that_is_cut_off_anywhere_is_done_again_and_loses_nothing() {
    let template = in_ruins();
    let (before, asked) = (contents(&template), Request { repair: true, expected: None, placing: None });
    let house = House::copy_of(&template);
    let disk = FaultyDisk::open(&house.root(), Failure::Never);
    let journal = disk.journal();
    let outcome = run_on(&disk, &house, &asked);
    assert!(outcome.diagnosis.is_sound(), "{:#?}", outcome.diagnosis.findings);
    let kinds: HashSet<_> = outcome.mended.iter().map(|mended| discriminant(&mended.repair)).collect();
    assert_eq!(kinds.len(), 10, "every kind of repair but the making of folders: {:#?}", outcome.mended);
    let count = journal.lock().unwrap().len();
    for at in 0..count {
        for failure in [Failure::Crash(at), Failure::Fault(at)] {
            let house = House::copy_of(&template);
            let disk = FaultyDisk::open(&house.root(), failure);
            // What it says of it is not the point: it could not even read on.
            let _ = doctor(&disk, &house.world("doctor"), &asked, &Unwatched);
            assert_nothing_lost(&before, &house, &format!("{failure:?}"));
            let outcome = repair(&house);
            assert!(outcome.diagnosis.is_sound(), "{failure:?}: {:#?}", outcome.diagnosis.findings);
            assert_nothing_lost(&before, &house, &format!("{failure:?}"));
        }
    }
}

#[test]
fn a_request_that_a_loss_of_power_cut_off_is_not_taken_in_with_its_private_key() {
    const NEW: &str = "mail02/smtp/new";
    let template = House::new();
    let keystore = template.open();
    create(&keystore, "mail02/smtp/other").unwrap();
    let index = template.root().join("servers/mail02/facts.json");
    let without = fs::read(&index).unwrap();
    create(&keystore, NEW).unwrap();
    for _ in 0..2 {
        make_csr(&keystore, &asking(NEW, "mail02.example.com")).unwrap();
    }
    fs::write(&index, without).unwrap();

    let lose: [fn(&Path); 4] = [
        remove,
        cut,
        |path| fs::write(path, "").unwrap(),
        |path| {
            fs::write(path, vec![0; fs::read(path).unwrap().len()]).unwrap();
        },
    ];
    for lose in lose {
        let house = House::copy_of(&template);
        lose(&house.root().join("servers/mail02/smtp/new/1/request-2.csr"));
        assert_eq!(faults(&diagnose(&house)), [Code::NotIndexed]);
        let outcome = repair(&house);
        assert!(outcome.diagnosis.is_sound(), "{:#?}", outcome.diagnosis.findings);
        let keystore = house.open();
        let facts = keystore.read().unwrap().facts(key(NEW).server()).unwrap();
        let numbers = |version: &VersionFacts| version.requests.iter().map(|it| it.number.0).collect::<Vec<_>>();
        assert_eq!(facts.key(&key(NEW)).unwrap().versions.iter().map(numbers).collect::<Vec<_>>(), [[1]]);
    }
}

#[test]
fn what_one_index_lacks_is_put_there_with_one_copy_aside() {
    let house = House::new();
    create(&house.open(), "mail01/smtp/other").unwrap();
    let index = house.root().join("servers/mail01/facts.json");
    let before = fs::read(&index).unwrap();
    for name in 0..4 {
        create(&house.open(), &format!("mail01/imap/key-{name}")).unwrap();
    }
    let picture = Picture::of(&house.open());
    fs::write(&index, before).unwrap();
    let damaged = House::copy_of(&house);
    let outcome = repair(&house);
    assert_eq!(outcome.mended.len(), 4);
    assert!(outcome.mended.iter().all(|mended| mended.result.is_ok()));
    let aside = |house: &House| listing(&house.root()).into_keys().filter(|name| name.ends_with("facts.json")).count();
    assert_eq!(aside(&house), 2, "the index, and one copy");
    assert_eq!(Picture::of(&house.open()), picture);

    // Where the disk fails once, each is done alone.
    let asked = Request { repair: true, ..Request::default() };
    let copy = House::copy_of(&damaged);
    let disk = FaultyDisk::open(&copy.root(), Failure::Never);
    let journal = disk.journal();
    run_on(&disk, &copy, &asked);
    for at in 0..journal.lock().unwrap().len() {
        let house = House::copy_of(&damaged);
        let disk = FaultyDisk::open(&house.root(), Failure::Fault(at));
        drop(doctor(&disk, &house.world("doctor"), &asked, &Unwatched));
        assert!(repair(&house).diagnosis.is_sound(), "{at}");
        assert_eq!(Picture::of(&house.open()), picture, "{at}");
    }
}
