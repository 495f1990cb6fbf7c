//! Names and what they tell.

use proptest::prelude::*;

use super::live::address_folder;
use super::{
    LAST_ISSUED, certificate_number, commit, commit_generation, folder_address, issued_number, live_endpoint,
    live_name, live_number, version_number,
};
use crate::model::{CertificateNumber, Generation, VersionNumber};
use crate::name::Address;

#[test]
fn endpoints_have_readable_folders() {
    for (endpoint, folder) in [
        ("mail01/imap@default", "live/mail01/imap/default"),
        ("mail01/imap@192.0.2.7:993", "live/mail01/imap/v4-192.0.2.7-993"),
        ("mail01/imap@[2001:db8::1]:993", "live/mail01/imap/v6-2001-db8--1-993"),
    ] {
        assert_eq!(live_endpoint(&endpoint.parse().unwrap()).as_path().to_str(), Some(folder));
    }
}

#[test]
fn file_names_tell_their_numbers() {
    assert_eq!(commit(Generation(42)).as_path().to_str(), Some("commits/0000000042.json"));
    assert_eq!(commit_generation("0000000042.json"), Some(Generation(42)));
    assert_eq!(commit_generation(".0000000042.json.new"), None);
    for other in ["+42.json", "42.json", "0000000000.json", "10000000000.json", "18446744073709551615.json"] {
        assert_eq!(commit_generation(other), None, "{other}");
    }
    assert_eq!(commit_generation("9999999999.json"), Some(Generation::LAST));
    assert_eq!(issued_number("0999999999.json"), Some(LAST_ISSUED));
    for other in ["0000000000.json", "1.json", "1000000000.json", "4294967295.json", "+000000001.json"] {
        assert_eq!(issued_number(other), None, "{other}");
    }
    assert_eq!(version_number("999999999"), Some(VersionNumber::LAST));
    assert_eq!((version_number("1000000000"), version_number("4294967295")), (None, None));
    assert_eq!(certificate_number("certificate-7.pem"), Some(CertificateNumber(7)));
    assert_eq!(certificate_number("chain-7.pem"), None);
    assert_eq!(certificate_number("certificate-07.pem"), None);
    assert_eq!((live_name(Generation(2), 0), live_name(Generation(2), 1)), ("2".to_owned(), "2.1".to_owned()));
    assert_eq!(live_number("2.1"), Some((Generation(2), 1)));
    for other in ["", "02", "2.0", "2.01", "+2", "current", "2.1.1", "2.4294967295", "18446744073709551615"] {
        assert_eq!(live_number(other), None, "{other}");
    }
}

proptest! {
    #[test]
    fn no_two_addresses_share_a_folder(a in any::<std::net::SocketAddr>(), b in any::<std::net::SocketAddr>()) {
        let (a, b) = (a.to_string().parse::<Address>(), b.to_string().parse::<Address>());
        if let (Ok(a), Ok(b)) = (a, b) {
            prop_assert_eq!(a == b, address_folder(&a) == address_folder(&b));
            prop_assert_eq!(folder_address(&address_folder(&a)), Some(a));
        }
    }
}
