//! The life of a key, from its making to the folder that the service reads.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use keystore::change::Change;
use keystore::model::{Generation, Next, VersionNumber};
use keystore::ops::{Error, Fault, Warning, list, status};
use keystore::pki::read_certificates;

use crate::common::{
    DAY, House, asking, bind, certify, commit, create, create_next, discard, endpoint, install, installed_key, key,
    live, make_csr, mode, staged, unbind,
};

const MAIN: &str = "mail01/imap/main";
const DEFAULT: &str = "mail01/imap@default";
const ELSEWHERE: &str = "mail02/smtp@192.0.2.7:465";

fn state(house: &House, path: &str) -> &'static str {
    house.open().read().unwrap().key(&key(path)).unwrap().unwrap().state()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

#[test]
fn a_folder_that_was_left_closed_is_opened_before_services_shall_pass_it() {
    for closed in ["live", "live/mail01", "live/mail01/imap", "live/mail01/imap/default"] {
        let house = House::new();
        let keystore = house.open();
        installed_key(&keystore, "mail01/imap/main", "mail01.example.com");
        bind(&keystore, "mail01/imap/main", &["mail01/imap@default"]).unwrap();
        let folder = house.root().join(closed);
        fs::create_dir_all(&folder).unwrap();
        for above in folder.ancestors().take_while(|above| *above != house.root()) {
            fs::set_permissions(above, fs::Permissions::from_mode(0o711)).unwrap();
        }
        // as a umask leaves the one that a command was killed at
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        commit(&keystore).unwrap();
        assert_eq!(mode(&folder), 0o711, "{closed}");
    }
}

#[test]
fn from_nothing_to_what_the_service_reads() {
    let house = House::new();
    let keystore = house.open();
    let created = create(&keystore, MAIN).unwrap();
    assert_eq!((created.version.number.0, state(&house, MAIN)), (1, "new"));
    let made = make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap();
    assert_eq!((made.facts.number.0, state(&house, MAIN)), (1, "pending"));
    assert_eq!(read(&created.folder.join("request-1.csr")), made.request.to_pem());

    house.later(3 * DAY);
    let reply = certify(&made);
    let installed = install(&keystore, MAIN, &reply).unwrap();
    assert_eq!((installed.unchanged, installed.warnings, installed.foreign), (false, vec![], vec![]));
    assert_eq!((installed.installed.chain_length, state(&house, MAIN)), (1, "installed"));
    let bound = bind(&keystore, MAIN, &[DEFAULT]).unwrap();
    assert_eq!((bound.endpoints[0].before.clone(), bound.warnings), (None, vec![]));
    assert_eq!(live(&house.root()).len(), 0, "nothing before the commit");
    assert_eq!(commit(&keystore).unwrap().unwrap().generation, Generation(1));

    let current = keystore.live_folder(&endpoint(DEFAULT));
    assert_eq!(fs::read_link(&current).unwrap(), Path::new("1"));
    let private_key = read(&created.folder.join("private-key.pem"));
    let (leaf, chain) = reply.split_at(reply.rfind("-----BEGIN").unwrap());
    let certificate = |name: &str| read_certificates(read(&current.join(name)).as_bytes()).unwrap();
    assert_eq!(read(&current.join("private-key.pem")), private_key);
    assert_eq!(certificate("certificate.pem"), read_certificates(leaf.as_bytes()).unwrap());
    assert_eq!(certificate("chain.pem"), read_certificates(chain.as_bytes()).unwrap());
    assert_eq!(certificate("fullchain.pem"), read_certificates(reply.as_bytes()).unwrap());
    let combined = read(&current.join("combined.pem"));
    assert_eq!(combined, private_key + &read(&current.join("fullchain.pem")));
    assert_eq!(live(&house.root()).len(), 1);
    assert_eq!(staged(&keystore), []);
    assert_eq!(commit(&keystore).unwrap(), None, "nothing to do");
}

#[test]
fn who_may_read_what() {
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    bind(&keystore, MAIN, &[DEFAULT, ELSEWHERE]).unwrap();
    commit(&keystore).unwrap();
    for (path, (mode, contents)) in crate::common::listing(&house.root()) {
        let name = path.rsplit('/').next().unwrap();
        let expected = match name {
            "current" => 0o777, // of a symbolic link
            "private-key.pem" | "combined.pem" => 0o600,
            "certificate.pem" | "chain.pem" | "fullchain.pem" => 0o644,
            _ if path == "live" || path.starts_with("live/") => 0o711,
            _ if contents.is_empty() && !name.contains('.') => 0o700,
            _ => 0o600,
        };
        assert_eq!(mode, expected, "{path} has the mode {mode:04o}");
    }
    assert_eq!(mode(&house.root()), 0o711);
}

#[test]
fn one_key_at_endpoints_of_two_servers() {
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    let bound = bind(&keystore, MAIN, &[DEFAULT, ELSEWHERE]).unwrap();
    let [Warning::NotCovered { endpoint: uncovered, .. }] = &bound.warnings[..] else { panic!("{bound:?}") };
    assert_eq!(*uncovered, endpoint(ELSEWHERE));
    commit(&keystore).unwrap();
    let served = live(&house.root());
    assert_eq!(served[&keystore.live_folder(&endpoint(DEFAULT))], served[&keystore.live_folder(&endpoint(ELSEWHERE))]);

    let snapshot = keystore.read().unwrap();
    let paths = |services: &[list::ListedService<'_>]| -> Vec<String> {
        services.iter().map(|service| service.path.to_string()).collect()
    };
    let servers = list::list(&snapshot, &list::Scope::All, |services, _| paths(&services)).unwrap();
    assert_eq!(servers, [["mail01/imap"], ["mail02/smtp"]]);
    let bound = snapshot.key(&key(MAIN)).unwrap().unwrap().bound;
    assert_eq!(bound.into_iter().collect::<Vec<_>>(), [endpoint(DEFAULT), endpoint(ELSEWHERE)]);
}

#[test]
fn another_key_takes_an_endpoint_over_and_an_endpoint_is_freed() {
    let house = House::new();
    let keystore = house.open();
    let other = "mail02/smtp/other";
    installed_key(&keystore, MAIN, "mail01.example.com");
    installed_key(&keystore, other, "mail02.example.com");
    bind(&keystore, MAIN, &[DEFAULT, ELSEWHERE]).unwrap();
    commit(&keystore).unwrap();
    let before = live(&house.root());

    let bound = bind(&keystore, other, &[ELSEWHERE]).unwrap();
    assert_eq!(bound.endpoints[0].before, Some(key(MAIN)));
    // What is bound back is no change.
    bind(&keystore, MAIN, &[ELSEWHERE]).unwrap();
    assert_eq!(staged(&keystore), []);
    bind(&keystore, other, &[ELSEWHERE]).unwrap();
    assert_eq!(unbind(&keystore, &[DEFAULT]).unwrap()[0].before, key(MAIN));
    assert!(matches!(unbind(&keystore, &[DEFAULT]), Err(Error::NotBound { .. })));
    commit(&keystore).unwrap();

    let (default, elsewhere) = (keystore.live_folder(&endpoint(DEFAULT)), keystore.live_folder(&endpoint(ELSEWHERE)));
    let after = live(&house.root());
    assert_eq!(after[&default], before[&default], "the last files stay");
    assert_ne!(after[&elsewhere], before[&elsewhere]);
    let snapshot = keystore.read().unwrap();
    assert!(snapshot.key(&key(MAIN)).unwrap().unwrap().bound.is_empty());
    assert_eq!(snapshot.committed_binding(&endpoint(DEFAULT)).unwrap(), None);
    assert_eq!(snapshot.committed_binding(&endpoint(ELSEWHERE)).unwrap(), Some(key(other)));
    let (record, _) = snapshot.record(Generation(2)).unwrap().unwrap();
    let to: Vec<_> = record.endpoints.iter().map(|change| change.to.as_ref().map(|pair| pair.key.clone())).collect();
    assert_eq!(to, [None, Some(key(other))]);
}

#[test]
fn what_was_discarded_can_still_be_installed() {
    let house = House::new();
    let keystore = house.open();
    create(&keystore, MAIN).unwrap();
    let reply = certify(&make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap());
    install(&keystore, MAIN, &reply).unwrap();
    bind(&keystore, MAIN, &[DEFAULT]).unwrap();
    create(&keystore, "mail01/imap/fresh").unwrap();

    assert_eq!(discard(&keystore, &["mail01/imap/fresh"]).unwrap(), []);
    assert_eq!(discard(&keystore, &[]).unwrap().len(), 2);
    assert_eq!((state(&house, MAIN), state(&house, "mail01/imap/fresh")), ("pending", "new"));
    assert_eq!(staged(&keystore), []);
    assert!(matches!(discard(&keystore, &["mail01/imap/none"]), Err(Error::KeyNotFound { .. })));

    install(&keystore, MAIN, &reply).unwrap();
    assert!(install(&keystore, MAIN, &reply).unwrap().unchanged);
    let staged = staged(&keystore);
    assert!(matches!(&staged[..], [Change::InstallCertificate { installed, .. }] if installed.certificate.0 == 2));
    commit(&keystore).unwrap();
}

#[test]
fn a_commit_is_refused_with_every_fault_at_once() {
    let house = House::new();
    let keystore = house.open();
    for (name, at) in [("one", DEFAULT), ("two", ELSEWHERE), ("two", "mail02/smtp@default")] {
        let path = format!("mail01/imap/{name}");
        let _ = create(&keystore, &path);
        bind(&keystore, &path, &[at]).unwrap();
    }
    installed_key(&keystore, MAIN, "mail01.example.com");
    house.later(91 * DAY);
    let before = crate::common::listing(&house.root());
    let Err(Error::Refused { faults }) = commit(&keystore) else { panic!("committed") };
    let two = [endpoint("mail02/smtp@default"), endpoint(ELSEWHERE)];
    let [Fault::NoCertificate { .. }, Fault::NoCertificate { key: named, endpoints }, Fault::Expired { key: old, .. }] =
        &faults[..]
    else {
        panic!("{faults:?}")
    };
    assert_eq!((named, endpoints.len(), old), (&key("mail01/imap/two"), two.len(), &key(MAIN)));
    assert!(endpoints.iter().all(|endpoint| two.contains(endpoint)));
    assert_eq!(crate::common::listing(&house.root()), before);
}

#[test]
fn status_says_what_is_due() {
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    bind(&keystore, MAIN, &[DEFAULT]).unwrap();
    commit(&keystore).unwrap();
    let concerns = || {
        let report = status::status(
            &keystore.read().unwrap(),
            keystore::ops::standing::Look::AtGenerations,
            keystore.world().now(),
        )
        .unwrap();
        report.concerns.into_iter().map(|concern| concern.matter).collect::<Vec<_>>()
    };
    assert_eq!(concerns(), []);
    house.later(61 * DAY);
    assert!(matches!(&concerns()[..], [status::Matter::Due { .. }]));
    create_next(&keystore, MAIN).unwrap();
    assert!(matches!(&concerns()[..], [status::Matter::Due { .. }, status::Matter::New]));
    let made = make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap();
    assert!(matches!(&concerns()[..], [status::Matter::Due { .. }, status::Matter::Pending { .. }]));
    install(&keystore, MAIN, &certify(&made)).unwrap();
    assert_eq!(concerns(), []);
    let view = keystore.read().unwrap().key(&key(MAIN)).unwrap().unwrap();
    assert!(matches!(view.next, Some(Next::Installed(_))));
}

#[test]
fn a_writer_sees_what_it_wrote_itself_however_many_keys_it_has_looked_at() {
    let house = House::new();
    let keystore = house.open();
    let (first, second) = (key(MAIN), key("mail01/imap/second"));
    for path in [&first, &second] {
        create(&keystore, &path.to_string()).unwrap();
    }
    let mut transaction = keystore.write().unwrap();
    let is_marked = |transaction: &keystore::store::Transaction<'_>, path| {
        transaction.key(path).unwrap().unwrap().facts.versions[0].compromised.is_some()
    };
    for path in [&first, &second] {
        assert!(!is_marked(&transaction, path));
    }
    transaction.mark_compromised(first.server(), &[(second.clone(), VersionNumber(1))], "it was in a mail").unwrap();
    assert!(is_marked(&transaction, &second));
    assert!(!is_marked(&transaction, &first));
    transaction.finish().unwrap();
}
