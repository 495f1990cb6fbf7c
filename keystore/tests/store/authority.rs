//! Private authorities: lists that hold all that was issued, numbers that never come twice, backups that bring both back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use keystore::model::{AuthoritySettings, CommandSettings, Hook};
use keystore::ops::Error;
use keystore::ops::doctor::Code;
use keystore::ops::local_ca::{self, Asked, issue};
use keystore::ops::set_authority::set_authority;
use keystore::pki::{
    CertificateProfile, KeyAlgorithm, PrivateKey, PrivateKeyFile, RequestTemplate, SerialNumber, read_certificates,
};
use keystore::store::{Keystore, RealDisk};

use crate::common::laboratory::{create_lab, export_list, issue as issue_one, lab, revoke_first};
use crate::common::vault::{backup, restored};
use crate::common::{CountingDisk, House, Picture};
use crate::doctor::{codes, files, glance, repair};

fn with_lab() -> House {
    let house = House::new();
    let keystore = house.open();
    create_lab(&keystore).unwrap();
    for _ in 0..3 {
        issue_one(&keystore).unwrap();
    }
    revoke_first(&keystore).unwrap();
    export_list(&keystore).unwrap();
    house
}

#[test]
fn many_are_issued_together_for_the_price_of_one() {
    let house = House::new();
    create_lab(&house.open()).unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let request = |number: u32| {
        let subject = format!("CN=h{number}.example.com").parse().unwrap();
        RequestTemplate { subject, ..RequestTemplate::default() }.sign(&key).unwrap()
    };
    let requests: Vec<_> = (0..1000).map(request).collect();
    let nameless =
        RequestTemplate { subject: "O=Lab".parse().unwrap(), ..RequestTemplate::default() }.sign(&key).unwrap();
    let asked = |request| Asked { request, profile: CertificateProfile::Server, days: None, key: None };
    let mut all: Vec<Asked<'_>> = requests.iter().map(asked).collect();
    all.insert(500, asked(&nameless));
    let disk = CountingDisk::new(RealDisk::open(&house.root()).unwrap());
    let counted = disk.syncs();
    let keystore = Keystore::open(Box::new(disk), house.world("sign-csr")).unwrap();
    let snapshot = keystore.read().unwrap();
    let ca = local_ca::open(&snapshot, &lab()).unwrap();
    let Ok(PrivateKeyFile::Plain(ca_key)) = local_ca::private_key_file(&snapshot, &ca) else { panic!("in the clear") };
    let before = counted.load(Ordering::Relaxed);
    let issued = issue(&keystore, &ca, &ca_key, &all).unwrap();
    assert_eq!(
        counted.load(Ordering::Relaxed) - before,
        3,
        "the file, its name and, for the first ones, their folder's"
    );
    assert_eq!(issued.iter().filter(|issued| issued.is_err()).count(), 1);
    assert!(issued[500].is_err());

    let listed = keystore.read().unwrap().issued(&lab()).unwrap();
    let [batch] = &listed[..] else { panic!("{} batches", listed.len()) };
    let serials: BTreeSet<&SerialNumber> = batch.certificates.iter().map(|one| &one.serial).collect();
    assert_eq!(serials.len(), 1000);
    for (one, listed) in issued.iter().flatten().zip(&batch.certificates) {
        assert_eq!(
            read_certificates(listed.certificate.as_bytes()).unwrap()[..],
            *std::slice::from_ref(&one.certificate)
        );
    }
}

#[test]
fn writers_at_the_same_time_share_no_number() {
    let house = House::new();
    create_lab(&house.open()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut world = house.world("sign-csr");
                world.lock_wait = std::time::Duration::from_secs(60);
                let keystore = Keystore::open(house.disk(), world).unwrap();
                for _ in 0..5 {
                    issue_one(&keystore).unwrap();
                }
            });
        }
    });
    let listed = house.open().read().unwrap().issued(&lab()).unwrap();
    let all = listed.iter().flat_map(|batch| &batch.certificates);
    let serials: BTreeSet<_> = all.map(|one| one.serial.clone()).collect();
    assert_eq!((listed.len(), serials.len()), (20, 20));
}

#[test]
fn a_backup_brings_authorities_back() {
    let house = with_lab();
    for history in [true, false] {
        let (bytes, _) = backup(&house.open(), history).unwrap();
        let again = restored(&bytes);
        let (before, after) = (Picture::of(&house.open()), Picture::of(&again.open()));
        assert_eq!(before.authorities, after.authorities);
        assert_eq!(before.lists, after.lists);
        assert_eq!(codes(&glance(&again)), []);
        // it goes on where it was
        issue_one(&again.open()).unwrap();
        assert_eq!(Picture::of(&again.open()).lists[&lab()].0.len(), 4);
    }
}

#[test]
fn an_authority_that_had_issued_nothing_issues_once_it_is_restored() {
    let house = House::new();
    create_lab(&house.open()).unwrap();
    let (bytes, _) = backup(&house.open(), true).unwrap();
    let again = restored(&bytes);
    assert_eq!(codes(&glance(&again)), []);
    issue_one(&again.open()).unwrap();
    assert_eq!(Picture::of(&again.open()).lists[&lab()].0.len(), 1);
    assert_eq!(codes(&glance(&again)), []);
}

#[test]
fn no_damage_of_an_authority_is_backed_up_and_all_of_it_is_found() {
    for file in [
        "authority.json",
        "root-certificate.pem",
        "root-private-key.pem",
        "issuing-certificate.pem",
        "issuing-private-key.pem",
        "revocations.json",
        "issued/0000000001.json",
        "issued/0000000002.json",
    ] {
        let path = |house: &House| house.root().join("authorities/lab").join(file);
        let template = with_lab();
        assert_eq!(codes(&glance(&template)), []);
        let whole = std::fs::read(path(&template)).unwrap();
        for at in 0..4 {
            let house = House::copy_of(&template);
            let mut changed = whole.clone();
            changed[at * (whole.len() - 1) / 3] ^= 1;
            std::fs::write(path(&house), changed).unwrap();
            let found = codes(&glance(&house));
            assert!(matches!(found[..], [Code::LocalCaDamaged, ..]), "{file} at {at}: {found:?}");
            assert!(backup(&house.open(), true).is_err(), "{file} at {at}");
        }
        let house = House::copy_of(&template);
        std::fs::remove_file(path(&house)).unwrap();
        assert!(codes(&glance(&house)).contains(&Code::LocalCaDamaged), "{file} lost");
    }
}

/// What stands in the folder of the authority, by name.
fn folder(house: &House) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = files(house, "authorities/lab").into_iter();
    paths.map(|path| (path.clone(), std::fs::read(house.root().join(path)).unwrap())).collect()
}

#[test]
fn no_authority_takes_the_place_of_one_that_issued() {
    let house = with_lab();
    std::fs::remove_file(house.root().join("authorities/lab/authority.json")).unwrap();
    let before = folder(&house);
    let keystore = house.open();
    let command = AuthoritySettings::Command(CommandSettings { run: Hook::Nothing, timeout: 1 });
    let refused = [
        create_lab(&keystore).map(drop),
        set_authority(&keystore, &lab(), Some(command)).map(drop),
        set_authority(&keystore, &lab(), None).map(drop),
    ];
    for refused in refused {
        assert!(matches!(refused, Err(Error::LocalCaRemains { .. })), "{refused:?}");
    }
    assert_eq!(folder(&house), before);
    let (_, written) = backup(&keystore, false).unwrap();
    assert_eq!(written.left_out, [house.root().join("authorities/lab")], "it is said that its keys are not in it");
}

#[test]
fn what_is_said_of_a_private_authority_stays_damaged_until_it_comes_from_a_backup() {
    let house = with_lab();
    std::fs::write(house.root().join("authorities/lab/authority.json"), "{}").unwrap();
    let before = folder(&house);
    let outcome = repair(&house);
    assert!(outcome.mended.is_empty(), "{:?}", outcome.mended);
    assert_eq!(codes(&outcome.diagnosis), [Code::LocalCaDamaged]);
    assert_eq!(folder(&house), before);
    assert!(create_lab(&house.open()).is_err());
    assert_eq!(folder(&house), before);
}

#[test]
fn what_issued_nothing_and_has_lost_its_name_is_set_aside_and_not_overwritten() {
    let house = House::new();
    create_lab(&house.open()).unwrap();
    std::fs::remove_file(house.root().join("authorities/lab/authority.json")).unwrap();
    let before = folder(&house);
    assert_eq!(codes(&glance(&house)), [Code::LocalCaUnfinished]);
    let place = create_lab(&house.open()).unwrap().set_aside.unwrap();
    for (path, bytes) in before {
        let name = path.file_name().unwrap();
        assert_eq!(std::fs::read(place.join(name)).unwrap(), bytes, "{}", path.display());
    }
    assert_eq!(codes(&glance(&house)), [Code::SetAside]);
    issue_one(&house.open()).unwrap();
}
