//! What must not grow with the keystore: the number of syncs.

use std::sync::atomic::Ordering;

use keystore::ops::Error;
use keystore::ops::create_key::{self, CreatedWithRequest, Existing, Generated};
use keystore::pki::{KeyAlgorithm, Pbes2};
use keystore::progress::Unwatched;
use keystore::store::{Defaults, Keystore, RealDisk};

use crate::common::{
    CountingDisk, House, Picture, asking, bind, certify, commit, create_next, install, installed_key, make_csr,
};

/// A keystore whose syncs are counted from here on.
fn counted(house: &House, act: impl FnOnce(&Keystore)) -> usize {
    let disk = CountingDisk::new(RealDisk::open(&house.root()).unwrap());
    let syncs = disk.syncs();
    act(&Keystore::open(Box::new(disk), house.world("test")).unwrap());
    syncs.load(Ordering::Relaxed)
}

/// Private keys as `create-key --from` makes them.
fn create_from(keystore: &Keystore, list: &str, existing: Existing) -> Result<Vec<CreatedWithRequest>, Error> {
    Ok(create_key::create_keys(keystore, &generated(list), existing, &Unwatched)?.0)
}

fn generated(list: &str) -> Vec<Generated> {
    let asked = create_key::read_list(list.as_bytes(), KeyAlgorithm::EcdsaP256, &Defaults::default()).unwrap();
    let pbes2 = || Pbes2::random(1, &mut rand::rng());
    create_key::generate(asked, pbes2, 2, &Unwatched).unwrap()
}

fn list(servers: usize, keys: usize) -> String {
    let line = |index| format!("{{\"key\":\"mail{:02}/imap/key{index}\",\"subject\":\"CN=a\"}}\n", index % servers);
    (0..keys).map(line).collect()
}

#[test]
fn a_commit_of_one_key_takes_at_most_ten_syncs() {
    let house = House::new();
    let keystore = house.open_unsynced();
    create_from(&keystore, &list(20, 100), Existing::Refuse).unwrap();
    for index in 0..2 {
        let path = format!("mail0{index}/imap/main");
        installed_key(&keystore, &path, "mail01.example.com");
        bind(&keystore, &path, &[&format!("mail0{index}/imap@default")]).unwrap();
        let syncs = counted(&house, |keystore| _ = commit(keystore).unwrap().unwrap());
        assert!(syncs <= 10, "{syncs}");
    }
    // What is published already is switched.
    create_next(&keystore, "mail01/imap/main").unwrap();
    let made = make_csr(&keystore, &asking("mail01/imap/main", "mail01.example.com")).unwrap();
    install(&keystore, "mail01/imap/main", &certify(&made)).unwrap();
    let syncs = counted(&house, |keystore| _ = commit(keystore).unwrap().unwrap());
    assert!(syncs <= 10, "{syncs}");
}

#[test]
fn many_new_keys_take_as_many_syncs_as_few() {
    let syncs = |servers, keys| {
        let house = House::new();
        counted(&house, |keystore| {
            assert_eq!(create_from(keystore, &list(servers, keys), Existing::Refuse).unwrap().len(), keys);
        })
    };
    let few = syncs(1, 1);
    assert_eq!((syncs(1, 50), syncs(20, 100)), (few, few));
    assert!(few <= 4, "{few}");
}

#[test]
fn a_crash_undoes_a_commit_of_many_endpoints_in_as_few_syncs_as_one_of_one() {
    let syncs = |endpoints: usize| {
        let house = House::new();
        let keystore = house.open_unsynced();
        installed_key(&keystore, "mail01/imap/main", "mail01.example.com");
        let endpoints: Vec<_> = (0..endpoints).map(|port| format!("mail01/imap@192.0.2.7:{}", port + 1)).collect();
        bind(&keystore, "mail01/imap/main", &endpoints.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        let committing = keystore.begin_commit().unwrap();
        let snapshot = committing.snapshot().unwrap();
        let plan = keystore::ops::commit::plan(&snapshot, keystore.world().now()).unwrap();
        let proposal = plan.propose(&snapshot, &Default::default(), None).unwrap();
        drop(committing.prepare(&proposal).unwrap().switch().unwrap());
        counted(&house, |keystore| drop(keystore.write().unwrap()))
    };
    assert_eq!(syncs(1), syncs(40));
}

#[test]
fn what_a_crash_left_of_a_list_is_made_with_skip_existing() {
    let list = list(3, 9);
    for at in 0.. {
        let house = House::new();
        let disk = crate::common::FaultyDisk::open(&house.root(), crate::common::Failure::Crash(at));
        let journal = disk.journal();
        let crashed = create_from(&house.open_on(disk), &list, Existing::Refuse);
        let facts = Picture::of(&house.open()).facts;
        for (server, facts) in &facts {
            let keys: usize = facts.protocols.values().map(std::collections::BTreeMap::len).sum();
            assert_eq!(keys, 3, "crash at {at}: {server} has some of its keys");
        }
        assert!(crashed.is_err() || facts.len() == 3, "crash at {at}");
        create_from(&house.open_unsynced(), &list, Existing::Skip).unwrap();
        assert_eq!(Picture::of(&house.open()).facts.len(), 3, "crash at {at}");
        if journal.lock().unwrap().len() <= at {
            break;
        }
    }
}
