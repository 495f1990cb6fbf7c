//! Numbers in names and in files that nobody comes to by counting: nothing hangs on them, goes round, or makes as many
//! findings as they say.

use std::fs;
use std::sync::mpsc;
use std::time::Duration;

use keystore::digest::Digest;
use keystore::ops::Error;
use keystore::ops::doctor::{Code, Severity};
use keystore::ops::make_csr::MakeCsr;
use keystore::store::StoreError;

use crate::common::laboratory::{create_lab, export_list, issue};
use crate::common::{House, Picture, asking, certify, commit, create_next, install, installed_next, live};
use crate::common::{make_csr, publish, unbind};
use crate::doctor::{codes, diagnose, repair};

const MAIN: &str = "mail01/imap/main";

/// With one key, committed, and published.
fn house() -> House {
    House::published(MAIN, &["mail01/imap@default"])
}

fn copy(house: &House, from: &str, to: &str) {
    fs::copy(house.root().join(from), house.root().join(to)).unwrap();
}

/// Changes a number in a record, and makes its hash anew.
fn forge(house: &House, name: &str, from: &str, to: &str) {
    let path = house.root().join(name);
    let text = fs::read_to_string(&path).unwrap();
    let record = text.split_once("\"record\":").unwrap().1.strip_suffix("}\n").unwrap();
    assert!(record.contains(from), "{from} is not in {record}");
    let record = record.replace(from, to);
    let hash = Digest::of(record.as_bytes());
    fs::write(&path, format!("{{\"hash\":\"{hash}\",\"record\":{record}}}\n")).unwrap();
}

/// What comes of something that must come to its end.
fn in_time<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(act()));
    told.recv_timeout(Duration::from_secs(20)).expect("it does not come to its end")
}

fn is_damaged<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Store(error @ StoreError::Damaged { .. })) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_record_of_no_generation_is_none() {
    for name in ["18446744073709551615", "10000000000", "0000000000"] {
        let house = house();
        let picture = Picture::of(&house.open());
        copy(&house, "commits/0000000001.json", &format!("commits/{name}.json"));
        for hint in ["1", name, ""] {
            fs::write(house.root().join("state/head"), hint).unwrap();
            let keystore = house.open();
            assert_eq!(in_time(move || Picture::of(&keystore)), picture, "{name}, {hint:?}");
        }
        fs::write(house.root().join("state/head"), "1").unwrap();
        assert_eq!(codes(&diagnose(&house)), [Code::Unknown], "{name}");
    }
}

#[test]
fn a_record_far_off_is_damage_and_so_is_the_gap() {
    let house = house();
    copy(&house, "commits/0000000001.json", "commits/9999999999.json");
    fs::remove_file(house.root().join("state/head")).unwrap();
    let keystore = house.open();
    let error = in_time(move || keystore.read().map(drop)).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    let (found, house) = in_time(move || (diagnose(&house), house));
    assert!(codes(&found).starts_with(&[Code::RecordMissing, Code::RecordDamaged]), "{:#?}", found.findings);
    // one that vouches for its number is the newest, and nothing comes after it
    forge(&house, "commits/9999999999.json", "\"generation\":1,", "\"generation\":9999999999,");
    let keystore = house.open();
    unbind(&keystore, &["mail01/imap@default"]).unwrap();
    let error = in_time(move || commit(&keystore).map(drop)).unwrap_err();
    assert!(format!("{error:?}").contains("last number"), "{error:?}");
    assert!(!house.root().join("commits/10000000000.json").exists());
}

#[test]
fn a_base_that_goes_beyond_the_last_generation_is_damaged() {
    let house = crate::doctor::with_history();
    crate::common::vault::prune(&house.open(), &crate::common::vault::keep_no_keys(1)).unwrap();
    forge(&house, "commits/base.json", "\"through\":3", "\"through\":18446744073709551615");
    let (found, house) = in_time(move || (diagnose(&house), house));
    assert!(codes(&found).contains(&Code::RecordDamaged), "{:#?}", found.findings);
    assert!(house.open().read().unwrap().records(9).is_err());
}

#[test]
fn what_a_private_authority_issued_far_off_is_one_finding_and_ends_the_issuing() {
    let house = House::new();
    create_lab(&house.open()).unwrap();
    issue(&house.open()).unwrap();
    let list = |number: &str| format!("authorities/lab/issued/{number}.json");
    copy(&house, &list("0000000001"), &list("4294967295"));
    assert_eq!(codes(&diagnose(&house)), [Code::Unknown]);
    issue(&house.open()).unwrap();
    assert!(house.root().join(list("0000000002")).exists());
    fs::remove_file(house.root().join(list("4294967295"))).unwrap();

    copy(&house, &list("0000000001"), &list("0999999999"));
    forge(&house, &list("0999999999"), "\"number\":1,", "\"number\":999999999,");
    let (found, house) = in_time(move || (diagnose(&house), house));
    assert_eq!(codes(&found), [Code::LocalCaDamaged], "{:#?}", found.findings);
    assert_eq!(found.findings[0].severity(), Severity::Damage);
    assert!(found.findings[0].message.contains("with those up to 999999998"), "{}", found.findings[0].message);
    let keystore = house.open();
    assert!(is_damaged(in_time(move || issue(&keystore).map(drop))).contains("last number"));
}

#[test]
fn a_revocation_list_has_no_number_after_the_last() {
    let house = House::new();
    create_lab(&house.open()).unwrap();
    forge(&house, "authorities/lab/revocations.json", "\"list\":0", "\"list\":18446744073709551615");
    assert!(is_damaged(export_list(&house.open()).map(|_| ())).contains("last number"));
}

#[test]
fn versions_requests_and_certificates_are_counted_on_from_what_can_be_counted() {
    let house = house();
    let folder = house.root().join("servers/mail01/imap/main");
    fs::create_dir(folder.join("4294967295")).unwrap();
    fs::write(folder.join("1/certificate-4294967295.pem"), "").unwrap();
    create_next(&house.open(), MAIN).unwrap();
    assert!(folder.join("2/private-key.pem").exists());
    let reply = certify(&make_csr(&house.open(), &asking(MAIN, "mail01.example.com")).unwrap());
    let last = folder.join("2/certificate-999999999.pem");
    fs::write(&last, "").unwrap();
    assert!(is_damaged(install(&house.open(), MAIN, &reply).map(|_| ())).contains("last number"));
    fs::remove_file(last).unwrap();
    install(&house.open(), MAIN, &reply).unwrap();
    commit(&house.open()).unwrap();

    fs::create_dir(folder.join("999999999")).unwrap();
    assert!(is_damaged(create_next(&house.open(), MAIN).map(|_| ())).contains("999999999"));
    assert!(!folder.join("1000000000").exists());
}

#[test]
fn an_index_with_a_number_that_nobody_gives_is_damaged() {
    let house = house();
    let index = house.root().join("servers/mail01/facts.json");
    let text = fs::read_to_string(&index).unwrap().replacen("\"number\":1,", "\"number\":4294967295,", 1);
    fs::write(&index, text).unwrap();
    let told = is_damaged(create_next(&house.open(), MAIN).map(|_| ()));
    assert!(told.contains("facts.json") && told.contains("4294967295"), "{told}");
    assert!(codes(&diagnose(&house)).contains(&Code::IndexDamaged));
}

#[test]
fn an_endpoint_that_seems_to_be_published_again_and_again_is_published_once_more() {
    for name in ["1.4294967295", "1.999999999"] {
        let house = house();
        let served = live(&house.root());
        let endpoint = house.root().join("live/mail01/imap/default");
        fs::rename(endpoint.join("1"), endpoint.join(name)).unwrap();
        fs::remove_file(endpoint.join("current")).unwrap();
        std::os::unix::fs::symlink(name, endpoint.join("current")).unwrap();
        fs::write(endpoint.join("current/certificate.pem"), "").unwrap();
        assert_eq!(publish(&house.open()).unwrap(), 1, "{name}");
        assert_eq!(live(&house.root()), served, "{name}");
        assert_eq!(fs::read_link(endpoint.join("current")).unwrap().to_str(), Some("1"), "{name}");
    }
}

#[test]
fn the_number_of_what_got_lost_is_not_given_again() {
    let house = House::published(MAIN, &["mail01/imap@default"]);
    let folder = house.root().join("servers/mail01/imap/main");
    let again = MakeCsr { reuse_key: true, ..asking(MAIN, "mail01.example.com") };
    let reply = certify(&make_csr(&house.open(), &again).unwrap());
    for lost in [vec!["certificate-1.pem"], vec!["certificate-1.pem", "chain-1.pem"]] {
        let house = House::copy_of(&house);
        let folder = house.root().join("servers/mail01/imap/main/1");
        let chain = fs::read(folder.join("chain-1.pem")).unwrap();
        lost.iter().for_each(|file| fs::remove_file(folder.join(file)).unwrap());
        install(&house.open(), MAIN, &reply).unwrap();
        assert!(folder.join("certificate-2.pem").exists() && !folder.join("certificate-1.pem").exists());
        assert!(lost.len() > 1 || fs::read(folder.join("chain-1.pem")).unwrap() == chain);
    }
    installed_next(&house.open(), MAIN, "mail01.example.com");
    commit(&house.open()).unwrap();
    fs::remove_dir_all(folder.join("2")).unwrap();
    fs::write(house.root().join("servers/mail01/facts.json"), "{").unwrap();
    repair(&house);
    create_next(&house.open(), MAIN).unwrap();
    assert!(folder.join("3").exists() && !folder.join("2").exists());
}
