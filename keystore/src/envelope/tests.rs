use std::io::{Read as _, Write as _};
use std::sync::Arc;

use proptest::prelude::*;

use super::{Envelope, IdentitiesError, Identity, OpeningError, Sealed, WorkFactor, identities, recipients};
use crate::pki::Passphrase;

fn passphrase(text: &str) -> Arc<Passphrase> {
    Arc::new(Passphrase::new(text.to_owned()).unwrap())
}

fn to_passphrase(text: &str) -> Envelope {
    Envelope::Passphrase { passphrase: passphrase(text), work: WorkFactor::cheapest() }
}

fn seal(envelope: &Envelope, bytes: &[u8]) -> Vec<u8> {
    let mut sealing = envelope.seal(Vec::new()).unwrap();
    sealing.write_all(bytes).unwrap();
    sealing.finish().unwrap()
}

fn open(sealed: &[u8], text: &str) -> Result<Vec<u8>, OpeningError> {
    let mut opened = Sealed::read(sealed)?.open_with_passphrase(&passphrase(text), WorkFactor::LIMIT)?;
    let mut bytes = Vec::new();
    match opened.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(_) => Err(opened.fault().unwrap()),
    }
}

/// Several chunks of 64 KiB.
fn long() -> Vec<u8> {
    (0..200_000_u32).map(|number| (number % 251) as u8).collect()
}

#[test]
fn a_passphrase_opens_what_it_closed_and_no_other_does() {
    let sealed = seal(&to_passphrase("correct horse, bätterie"), b"a keystore");
    assert!(sealed.starts_with(b"age-encryption.org/v1\n"));
    assert!(Sealed::read(&sealed[..]).unwrap().takes_passphrase());
    assert_eq!(open(&sealed, "correct horse, bätterie").unwrap(), b"a keystore");
    assert!(matches!(open(&sealed, "correct horse, batterie"), Err(OpeningError::WrongPassphrase)));
    assert!(matches!(Sealed::read(&sealed[..]).unwrap().open(), Err(OpeningError::PassphraseNeeded)));
    let identity = Identity(age::x25519::Identity::generate());
    let refused = Sealed::read(&sealed[..]).unwrap().open_with_identities(&[identity]);
    assert!(matches!(refused, Err(OpeningError::PassphraseNeeded)));
}

#[test]
fn each_recipient_opens_it_alone() {
    let keys: Vec<_> = (0..3).map(|_| age::x25519::Identity::generate()).collect();
    let text = format!("# two of us\n{}\n\n  {}\n", keys[0].to_public(), keys[1].to_public());
    let sealed = seal(&Envelope::Recipients(recipients(&text).unwrap()), &long());
    assert!(!Sealed::read(&sealed[..]).unwrap().takes_passphrase());
    let open = |which: &[usize]| {
        let mine: Vec<_> = which.iter().map(|index| Identity(keys[*index].clone())).collect();
        Sealed::read(&sealed[..]).unwrap().open_with_identities(&mine)
    };
    for mine in [&[0][..], &[1], &[2, 1]] {
        let mut bytes = Vec::new();
        open(mine).unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, long());
    }
    assert!(matches!(open(&[2]), Err(OpeningError::WrongIdentity)));
    assert!(matches!(open_plainly(&sealed), Err(OpeningError::IdentityNeeded)));
    assert!(matches!(self::open(&sealed, "a passphrase"), Err(OpeningError::IdentityNeeded)));
}

fn open_plainly(sealed: &[u8]) -> Result<Vec<u8>, OpeningError> {
    let mut bytes = Vec::new();
    Sealed::read(sealed)?.open()?.read_to_end(&mut bytes).unwrap();
    Ok(bytes)
}

#[test]
fn what_is_not_encrypted_is_not_taken_for_what_is() {
    let plain = seal(&Envelope::None, b"a keystore");
    assert_eq!(plain, b"a keystore");
    assert_eq!(open_plainly(&plain).unwrap(), plain);
    assert_eq!(open_plainly(b"").unwrap(), b"");
    assert!(matches!(open(&plain, "a passphrase"), Err(OpeningError::NotEncrypted)));
}

#[test]
fn every_cut_is_seen() {
    let sealed = seal(&to_passphrase("a passphrase"), &long());
    let header = sealed.len() - long().len() - 4 * 16;
    for length in [20, 60, header - 1, header, header + 1, header + 65_552, header + 65_553, sealed.len() - 1] {
        assert!(matches!(open(&sealed[..length], "a passphrase"), Err(OpeningError::CutShort)), "{length}");
    }
}

#[test]
fn every_change_is_seen() {
    let sealed = seal(&to_passphrase("a passphrase"), &long());
    let header = sealed.len() - long().len() - 4 * 16;
    for at in [header, header + 65_552, header + 140_000] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(matches!(open(&changed, "a passphrase"), Err(OpeningError::Damaged)), "{at}");
    }
    let mut changed = sealed.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(open(&changed, "a passphrase"), Err(OpeningError::CutShort)));
    let newer = [&b"age-encryption.org/v2\n"[..], &sealed[22..]].concat();
    assert!(matches!(open(&newer, "a passphrase"), Err(OpeningError::Header)));
    let armored = b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n";
    assert!(matches!(open(armored, "a passphrase"), Err(OpeningError::Armored)));
}

#[test]
fn what_would_exhaust_the_machine_is_not_tried() {
    let envelope = Envelope::Passphrase { passphrase: passphrase("a passphrase"), work: WorkFactor(3) };
    let sealed = seal(&envelope, b"a keystore");
    let opened = Sealed::read(&sealed[..]).unwrap().open_with_passphrase(&passphrase("a passphrase"), WorkFactor(2));
    assert!(matches!(opened, Err(OpeningError::ExcessiveWork)));
}

#[test]
fn identities_are_read_without_being_shown() {
    let key = age::x25519::Identity::generate();
    let secret = age::secrecy::ExposeSecret::expose_secret(&key.to_string()).to_owned();
    let text = format!("# created: today\n# public key: {}\n{secret}\n", key.to_public());
    let [identity] = &identities(&text).unwrap()[..] else { panic!("one identity") };
    assert_eq!(format!("{identity:?}"), "[identity elided]");
    assert!(matches!(identities("# nothing\n"), Err(IdentitiesError::None)));
    let wrong = identities(&format!("\n{}\n", &secret[..40])).unwrap_err();
    assert_eq!(wrong, IdentitiesError::Line { line: 2 });
    assert!(recipients(&key.to_public().to_string()).is_ok());
    assert!(recipients("age1nobody").is_err());
}

proptest! {
    #[test]
    fn nothing_that_is_opened_brings_the_program_down(bytes: Vec<u8>, header: bool) {
        let start: &[u8] = if header { b"age-encryption.org/v1\n-> X25519 " } else { b"" };
        let bytes = [start, &bytes].concat();
        if let Ok(sealed) = Sealed::read(&bytes[..]) {
            let _ = sealed.open_with_passphrase(&passphrase("a passphrase"), WorkFactor::cheapest());
        }
    }
}
