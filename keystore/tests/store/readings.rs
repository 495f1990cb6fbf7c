//! Who read private keys: no private key is given away before that is written down for good, wherever a disk fails.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keystore::envelope::Envelope;
use keystore::model::{RequestNumber, SelfSignedProfile, SelfSignedSettings, VersionFacts};
use keystore::name::KeyPath;
use keystore::ops::backup::Backup;
use keystore::ops::doctor::{Code, Remedy, Severity};
use keystore::ops::export_key::{ExportKey, Form, find};
use keystore::ops::self_sign::sign_waiting;
use keystore::ops::submit::Waiting;
use keystore::ops::{self, Error};
use keystore::pki::{KeyAlgorithm, PrivateKey, PrivateKeyFile, RequestTemplate};
use keystore::progress::Unwatched;
use keystore::store::{Keystore, Purpose, Reading, StoreError};
use rustix::io::Errno;

use crate::common::memory_disk::Failure;
use crate::common::vault::{backup, restored, with_a_past};
use crate::common::{House, Machine, asking, create, key, make_csr, on};

const MAIN: &str = "mail01/imap/main";
const OTHER: &str = "mail02/smtp/other";
const OUT: &str = "/root/main.key";

fn export(keystore: &Keystore, path: &str) -> Result<(), Error> {
    let snapshot = keystore.read()?;
    let asked = ExportKey { key: key(path), version: None };
    find(&snapshot, &asked, &Form::Pem)?.private_key_file(keystore, &snapshot, OUT).map(drop)
}

fn readings(keystore: &Keystore) -> Vec<Reading> {
    keystore.read().unwrap().readings(None, usize::MAX).unwrap()
}

#[test]
fn each_reading_is_listed_with_who_asked_and_what_for() {
    let house = House::new();
    let keystore = house.open();
    create(&keystore, MAIN).unwrap();
    create(&keystore, OTHER).unwrap();
    assert_eq!(readings(&keystore), []);
    make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap();
    export(&keystore, OTHER).unwrap();
    backup(&keystore, false).unwrap();

    let all = readings(&keystore);
    let told: Vec<_> = all
        .iter()
        .map(|Reading { number, actor, disclosure, .. }| {
            let keys: Vec<_> = disclosure.keys.iter().map(|read| format!("{}@{}", read.key, read.version)).collect();
            (*number, actor.user.as_str(), disclosure.purpose, keys.join(" "), disclosure.to.as_deref())
        })
        .collect();
    let expected = [
        (3, "ada", Purpose::Backup, String::new(), Some("keys.tar")),
        (2, "ada", Purpose::Export, format!("{OTHER}@1"), Some(OUT)),
        (1, "ada", Purpose::Sign, format!("{MAIN}@1"), None),
    ];
    assert_eq!(told, expected);
    let of = |path: &str, limit| {
        let found = keystore.read().unwrap().readings(Some(&key(path)), limit).unwrap();
        found.iter().map(|reading| reading.number).collect::<Vec<_>>()
    };
    assert_eq!(of(MAIN, usize::MAX), [3, 1]);
    assert_eq!(of(OTHER, usize::MAX), [3, 2]);
    assert_eq!(of(MAIN, 1), [3]);
}

/// What takes private keys out, and says in the end that it has one.
type Disclosing = fn(&Keystore, &Arc<AtomicBool>) -> Result<(), Error>;

/// Where a backup goes: whatever arrives is out.
struct Out(Arc<AtomicBool>);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.store(true, Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const DISCLOSING: [(Purpose, Disclosing); 4] = [
    (Purpose::Export, |keystore, is_out| {
        export(keystore, MAIN)?;
        is_out.store(true, Ordering::Relaxed);
        Ok(())
    }),
    (Purpose::Sign, |keystore, is_out| {
        let snapshot = keystore.read()?;
        let asked = asking(MAIN, "mail01.example.com");
        let plan = ops::make_csr::plan(&snapshot, &keystore.config().defaults.subject, &asked)?;
        ops::make_csr::private_key_file(keystore, &snapshot, &plan)?;
        is_out.store(true, Ordering::Relaxed);
        Ok(())
    }),
    (Purpose::Sign, |keystore, is_out| {
        let waiting = waiting(keystore);
        let open = |_: &KeyPath, file| match file {
            PrivateKeyFile::Plain(private_key) => {
                is_out.store(true, Ordering::Relaxed);
                Ok(private_key)
            }
            PrivateKeyFile::Encrypted(_) => unreachable!("it is in the clear"),
        };
        let settings = SelfSignedSettings { profile: SelfSignedProfile::Server, days: None };
        sign_waiting::<Error>(keystore, &settings, &[&waiting], &open)?.swap_remove(0).map(drop)
    }),
    (Purpose::Backup, |keystore, is_out| {
        let asked = Backup { history: true, envelope: Envelope::None, to: "keys.tar".to_owned() };
        ops::backup::backup(keystore, &asked, &mut Out(Arc::clone(is_out)), &Unwatched).map(drop)
    }),
];

/// A request of the first private key, which another one signed: whoever answers it does not look at that.
fn waiting(keystore: &Keystore) -> Waiting {
    let key = key(MAIN);
    let facts = keystore.read().unwrap().facts(key.server()).unwrap();
    let VersionFacts { number: version, spki, .. } = facts.key(&key).unwrap().versions[0].clone();
    let template = RequestTemplate { subject: "CN=mail01.example.com".parse().unwrap(), ..RequestTemplate::default() };
    let request = template.sign(&PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap()).unwrap();
    Waiting { key, version, spki, number: RequestNumber(1), request, submission: None, current: None }
}

/// Checks a machine on which `out` private keys were given away: each has its entry, and nothing needs a person.
fn each_has_its_entry(machine: &Machine, purpose: Purpose, out: usize, how: &str) {
    let found = readings(&machine.open());
    let entries = found.iter().filter(|reading| reading.disclosure.purpose == purpose).count();
    assert!(entries >= out, "{how}: {out} times a private key was given away, {entries} are written down");
    let needs_a_person = machine
        .diagnosis()
        .findings
        .into_iter()
        .find(|finding| finding.severity() != Severity::Note && !matches!(finding.remedy, Remedy::Automatic(_)));
    assert_eq!(needs_a_person, None, "{how}");
}

#[test]
fn no_private_key_is_given_away_without_its_entry() {
    for (purpose, act) in DISCLOSING {
        for (syncs_everything, has_entries) in [(true, false), (true, true), (false, false), (false, true)] {
            let template = Machine::new().that_syncs_everything(syncs_everything);
            create(&template.open(), MAIN).unwrap();
            if has_entries {
                export(&template.open(), MAIN).unwrap();
            }
            template.sync();
            let try_it = |machine: &Machine, failure| {
                let is_out = Arc::new(AtomicBool::new(false));
                let run = on({
                    let is_out = Arc::clone(&is_out);
                    move |keystore| act(keystore, &is_out)
                });
                let (result, operations) = machine.run(&run, failure);
                let is_out = is_out.load(Ordering::Relaxed);
                assert!(is_out || result.is_err());
                (is_out, operations.len())
            };
            let (is_out, operations) = try_it(&template.copy(), Failure::Never);
            assert!(is_out && operations > 5);
            let before = usize::from(has_entries && purpose == Purpose::Export);
            for at in 0..operations {
                for failure in [
                    Failure::Crash(at),
                    Failure::Fault(at, Errno::IO),
                    Failure::Fault(at, Errno::NOSPC),
                    Failure::DoneFault(at),
                ] {
                    let how = format!("{purpose:?} with {failure:?}");
                    let machine = template.copy();
                    let out = before + usize::from(try_it(&machine, failure).0);
                    each_has_its_entry(&machine, purpose, out, &how);
                    for (loss, machine) in machine.losses(true) {
                        each_has_its_entry(&machine, purpose, out, &format!("{how}, {loss:?}"));
                    }
                    // and so has what comes next, on top of what may not have been durable
                    assert!(try_it(&machine, Failure::Never).0, "{how}");
                    for (loss, machine) in machine.losses(true) {
                        each_has_its_entry(&machine, purpose, out + 1, &format!("{how}, again, {loss:?}"));
                    }
                }
            }
        }
    }
}

#[test]
fn many_at_once_number_their_entries_without_a_gap() {
    let house = House::new();
    create(&house.open(), MAIN).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let mut world = house.world("export-key");
                    world.lock_wait = std::time::Duration::from_secs(60);
                    export(&Keystore::open(house.disk(), world).unwrap(), MAIN).unwrap();
                }
            });
        }
    });
    let numbers: Vec<_> = readings(&house.open()).iter().map(|reading| reading.number).collect();
    assert_eq!(numbers, (1..=20).rev().collect::<Vec<_>>());
}

#[test]
fn whoever_is_called_by_a_publication_may_read_and_is_written_down() {
    let house = House::new();
    create(&house.open(), MAIN).unwrap();
    let keystore = house.open();
    let _publishing = keystore.begin_commit().unwrap();
    let mut world = house.world("export-key");
    world.in_publication = true;
    export(&Keystore::open(house.disk(), world).unwrap(), MAIN).unwrap();
    assert_eq!(readings(&house.open()).len(), 1);
}

#[test]
fn a_keystore_of_a_newer_format_gives_no_private_key_away() {
    let house = House::new();
    create(&house.open(), MAIN).unwrap();
    let config = house.root().join("keystore.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("format = 1", "format = 2")).unwrap();
    let refused = export(&house.open(), MAIN).unwrap_err();
    assert!(matches!(refused, Error::Store(StoreError::NewerFormat { .. })), "{refused}");
}

#[test]
fn a_backup_takes_the_entries_along() {
    let house = with_a_past();
    export(&house.open(), MAIN).unwrap();
    let (bytes, _) = backup(&house.open(), false).unwrap();
    assert_eq!(readings(&restored(&bytes).open()), readings(&house.open()));
}

#[test]
fn the_doctor_finds_entries_that_were_changed_removed_or_exchanged() {
    type Place<'a> = &'a dyn Fn(u64) -> PathBuf;
    let found = |tamper: &dyn Fn(Place<'_>)| {
        let house = House::new();
        let keystore = house.open();
        create(&keystore, MAIN).unwrap();
        for _ in 0..4 {
            house.later(1);
            export(&keystore, MAIN).unwrap();
        }
        tamper(&|number| house.root().join(format!("audit/{number:010}.json")));
        // whatever happened to earlier ones, what is read next is written down
        export(&house.open(), MAIN).unwrap();
        let request = ops::doctor::Request { repair: false, expected: None, placing: None };
        let outcome = ops::doctor::doctor(&*house.disk(), &house.world("doctor"), &request, &Unwatched).unwrap();
        let findings = outcome.diagnosis.findings;
        findings.iter().map(|finding| (finding.code, finding.paths[0].to_string())).collect::<Vec<_>>()
    };
    let at = |number: u64| format!("audit/{number:010}.json");
    assert_eq!(found(&|_| {}), []);
    let edit = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("\"user\":\"ada\"", "\"user\":\"eve\"")).unwrap();
    };
    assert_eq!(found(&|path| edit(path(2))), [(Code::ReadingDamaged, at(2))]);
    assert_eq!(found(&|path| edit(path(4))), [(Code::ReadingDamaged, at(4))]);
    assert_eq!(found(&|path| std::fs::remove_file(path(2)).unwrap()), [(Code::ReadingMissing, at(2))]);
    // an entry that is whole, from another keystore
    let foreign = House::new();
    create(&foreign.open(), MAIN).unwrap();
    export(&foreign.open(), MAIN).unwrap();
    let foreign = foreign.root().join(at(1));
    assert_eq!(found(&|path| assert!(std::fs::copy(&foreign, path(1)).is_ok())), [(Code::ReadingDamaged, at(1))]);
}
