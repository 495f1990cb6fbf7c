//! Prune and restore, killed at each of their changes to the disk.

use keystore::model::VersionNumber;
use keystore::ops::Error;
use keystore::store::{Keystore, PruneRequest, StoreError};

use crate::common::vault::{
    ENDPOINTS, MAIN, PENDING, backup, keep_no_keys, pending, plan, prune, restore_on, with_a_past,
};
use crate::common::{Failure, FaultyDisk, House, Picture, commit, create, create_next, key, listing, unbind};

fn everything() -> PruneRequest {
    pending(&PruneRequest { live: true, ..keep_no_keys(1) }, PENDING)
}

#[test]
fn wherever_a_prune_is_cut_short_the_log_is_whole_and_the_next_one_finishes() {
    let house = with_a_past();
    unbind(&house.open(), &ENDPOINTS[1..]).unwrap();
    commit(&house.open()).unwrap();
    for syncs_everything in [true, false] {
        for at in 0.. {
            let copy = House::copy_of(&house);
            let disk = FaultyDisk::open(&copy.root(), Failure::Crash(at));
            let disk = if syncs_everything { disk } else { disk.syncing_one_by_one() };
            let journal = disk.journal();
            let pruned = prune(&copy.open_on(disk), &everything());

            let keystore = copy.open_unsynced();
            let snapshot = keystore.read().unwrap();
            assert_eq!(snapshot.generation().0, 4, "{at}");
            let records = snapshot.records(usize::MAX).unwrap();
            assert!(records.len() == 4 || records.len() == 1, "{at}: {} records", records.len());
            let (_, written) = backup(&keystore, true).unwrap();
            assert!(written.left_out.is_empty(), "{at}: a private key that nobody can tell from one that got lost");

            let waits = snapshot.key(&key(PENDING)).unwrap().is_some();
            let request = if waits { everything() } else { PruneRequest { pending: [].into(), ..everything() } };
            prune(&keystore, &request).unwrap();
            let again = plan(&keystore, &PruneRequest { pending: [].into(), ..everything() }).unwrap();
            assert!(again.is_empty(), "{at}: {again:?}");
            assert_eq!(keystore.read().unwrap().records(usize::MAX).unwrap().len(), 1);
            let private_keys: Vec<_> =
                listing(&copy.root()).into_keys().filter(|name| name.ends_with("/private-key.pem")).collect();
            assert!(private_keys.contains(&"servers/mail01/imap/main/3/private-key.pem".to_owned()));
            let stored = private_keys.iter().filter(|name| name.starts_with("servers/")).count();
            assert_eq!(stored, 1, "{at}: {private_keys:?}");
            assert_eq!(create_next(&keystore, MAIN).unwrap().version.number, VersionNumber(4), "{at}");
            assert_eq!(create(&keystore, PENDING).unwrap().version.number, VersionNumber(2), "{at}");
            if pruned.is_ok() {
                assert!(at > 20 && journal.lock().unwrap().len() <= at);
                break;
            }
        }
    }
}

#[test]
fn a_private_key_is_marked_and_forgotten_before_it_goes() {
    let house = with_a_past();
    let disk = FaultyDisk::open(&house.root(), Failure::Never);
    let journal = disk.journal();
    prune(&house.open_on(disk), &everything()).unwrap();
    let journal = journal.lock().unwrap().clone();
    let position = |wanted: &str| {
        journal.iter().position(|told| told == wanted).unwrap_or_else(|| panic!("no {wanted:?} in {journal:#?}"))
    };
    let private_key = position("remove servers/mail01/imap/main/1/private-key.pem");
    let (index, durable) = (position("rename servers/mail01/facts.json"), position("sync servers/mail01"));
    assert!(position("rename servers/mail01/imap/main/1/pruned.json") < index);
    assert!(index < durable && durable < private_key);
    let unmarked = position("remove servers/mail01/imap/main/1/pruned.json");
    let synced = journal.iter().skip(private_key).position(|told| told == "sync everything").unwrap() + private_key;
    assert!(private_key < synced && synced < unmarked);
    let base = position("rename commits/base.json");
    assert_eq!(position("sync commits"), base + 1);
    assert!(base + 1 < position("remove commits/0000000001.json"));
    assert!(position("remove commits/0000000001.json") < position("remove commits/0000000002.json"));
}

#[test]
fn wherever_a_restore_is_cut_short_there_is_no_keystore_or_the_whole_one() {
    let house = with_a_past();
    let (bytes, _) = backup(&house.open(), true).unwrap();
    let whole = Picture::of(&house.open());
    for syncs_everything in [true, false] {
        for failure in [Failure::Crash, Failure::Fault, Failure::DoneFault] {
            for at in 0.. {
                let copy = House::without_keystore();
                let disk = FaultyDisk::open(&copy.root(), failure(at));
                let disk = if syncs_everything { disk } else { disk.syncing_one_by_one() };
                let journal = disk.journal();
                let restored = restore_on(&copy, Box::new(disk), &bytes).map(drop);
                match Keystore::open(copy.disk(), copy.world("test")) {
                    Ok(keystore) => assert_eq!(Picture::of(&keystore), whole, "{at}"),
                    Err(StoreError::NoKeystore { .. }) => assert!(restored.is_err(), "{at}"),
                    Err(error) => panic!("{at}: {error}"),
                }
                let again = FaultyDisk::open(&copy.root(), Failure::Never);
                match restore_on(&copy, Box::new(again), &bytes) {
                    Ok(_) => {}
                    Err(Error::Store(StoreError::AlreadyThere { .. })) => {}
                    Err(error) => panic!("{at}: again: {error}"),
                }
                assert_eq!(Picture::of(&copy.open()), whole, "{at}");
                let strange = listing(&copy.root()).into_keys().find(|name| name.ends_with(".new"));
                assert_eq!(strange, None, "{at}");
                if journal.lock().unwrap().len() <= at {
                    assert!(at > 50 && restored.is_ok());
                    break;
                }
            }
        }
    }
}
