//! The doctor among writers: what they have in hand is no fault.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use keystore::ops::Error;
use keystore::ops::doctor::{Request, doctor};
use keystore::progress::Unwatched;
use keystore::store::{CommitError, Keystore, StoreError};

use super::faults;
use crate::common::{House, asking, bind, commit, create, installed_key, make_csr};

const WRITERS: usize = 3;
const ROUNDS: usize = 12;

fn patient(house: &House) -> Keystore {
    let mut world = house.world("test");
    world.lock_wait = Duration::from_secs(60);
    Keystore::open(house.disk(), world).unwrap()
}

#[test]
fn nothing_is_wrong_while_others_write() {
    let house = House::new();
    installed_key(&house.open(), "mail01/imap/main", "mail01.example.com");
    commit(&house.open()).unwrap();
    let at_work = AtomicBool::new(true);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn({
                    let house = &house;
                    move || write(&patient(house), writer)
                })
            })
            .collect();
        let doctors = scope.spawn(|| {
            let mut looks = 0;
            while at_work.load(Ordering::Relaxed) || looks == 0 {
                let mut world = house.world("doctor");
                world.lock_wait = Duration::from_secs(60);
                let found = doctor(&*house.disk(), &world, &Request::default(), &Unwatched).unwrap();
                assert_eq!(faults(&found.diagnosis), [], "{:#?}", found.diagnosis.findings);
                looks += 1;
            }
            looks
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        at_work.store(false, Ordering::Relaxed);
        assert!(doctors.join().unwrap() > 0);
    });
}

fn write(keystore: &Keystore, writer: usize) {
    for round in 0..ROUNDS {
        let key = format!("mail0{writer}/imap/key-{round}");
        create(keystore, &key).unwrap();
        make_csr(keystore, &asking(&key, "mail01.example.com")).unwrap();
        bind(keystore, "mail01/imap/main", &[&format!("mail0{writer}/imap@192.0.2.{writer}:{}", 1000 + round)])
            .unwrap();
        match commit(keystore) {
            // Another writer staged something, or committed, between the plan and the commit.
            Ok(_) | Err(Error::Commit(CommitError::Moved)) => {}
            Err(Error::Store(StoreError::Locked { .. })) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
