//! Replies that are not taken. None of them changes anything, and the right one is taken afterwards.

use keystore::ops::Error;
use keystore::pki::{LooksLike, ReadError};

use crate::common::{DAY, House, NOW, asking, certify, certify_between, create, install, key, listing, make_csr};

const MAIN: &str = "mail01/imap/main";
const OTHER: &str = "mail02/smtp/other";

#[test]
fn a_refused_certificate_changes_nothing_and_the_right_one_is_taken() {
    let house = House::new();
    let keystore = house.open();
    create(&keystore, MAIN).unwrap();
    create(&keystore, OTHER).unwrap();
    let made = make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap();
    let others = certify(&make_csr(&keystore, &asking(OTHER, "mail02.example.com")).unwrap());
    let before = listing(&house.root());
    let refusal = |reply: &str| {
        let error = install(&keystore, MAIN, reply).unwrap_err();
        assert_eq!(listing(&house.root()), before, "{error}");
        error
    };

    let Error::WrongKey { key: asked, belongs_to, subjects } = refusal(&others) else { panic!("not refused as such") };
    assert_eq!((asked, belongs_to), (key(MAIN), Some(key(OTHER))));
    assert_eq!(subjects[0].to_string(), "CN=mail02.example.com");

    let nobody = House::new();
    create(&nobody.open(), MAIN).unwrap();
    let foreign = certify(&make_csr(&nobody.open(), &asking(MAIN, "mail01.example.com")).unwrap());
    assert!(matches!(refusal(&foreign), Error::WrongKey { belongs_to: None, .. }));

    let expired = certify_between(&made, NOW - 90 * DAY, NOW - 1);
    assert!(matches!(refusal(&expired), Error::Expired { not_after, .. } if not_after.unix() == NOW - 1));
    let early = certify_between(&made, NOW + 1, NOW + 90 * DAY);
    assert!(matches!(refusal(&early), Error::NotYetValid { not_before, .. } if not_before.unix() == NOW + 1));

    let reply = certify(&made);
    let request = made.request.to_pem();
    for (text, expected) in [
        ("", None),
        ("<html><body>Log in</body></html>", Some(LooksLike::Html)),
        (request.as_str(), Some(LooksLike::Request)),
        (&reply[..reply.len() / 4], None),
    ] {
        let Error::Unreadable { file, source } = refusal(text) else { panic!("{text} was read") };
        assert_eq!(file, "reply.pem");
        if let Some(expected) = expected {
            assert_eq!(source, ReadError::NotACertificate { looks_like: expected });
        }
    }

    // On the very edges of its validity it is taken.
    for (from, to) in [(NOW, NOW + DAY), (NOW - DAY, NOW)] {
        assert!(!install(&keystore, MAIN, &certify_between(&made, from, to)).unwrap().unchanged);
    }
    assert!(!install(&keystore, MAIN, &reply).unwrap().unchanged);
}

#[test]
fn a_certificate_for_no_key_is_refused() {
    let house = House::new();
    let keystore = house.open();
    create(&keystore, MAIN).unwrap();
    let reply = certify(&make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap());
    let before = listing(&house.root());
    let error = install(&keystore, "mail01/imap/none", &reply).unwrap_err();
    assert!(matches!(error, Error::KeyNotFound { .. }), "{error}");
    assert_eq!(listing(&house.root()), before);
}
