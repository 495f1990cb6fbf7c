use proptest::prelude::*;

use super::{Budget, MAX_ROUNDS, Password, Scheme};
use crate::pki::asn1::{self, INTEGER, OCTET_STRING, OID, SEQUENCE, write};
use crate::pki::{OpenError, Passphrase};

fn algorithm(identifier: &str, parameters: &[u8]) -> Vec<u8> {
    let identifier = der::asn1::ObjectIdentifier::new(identifier).unwrap();
    write(SEQUENCE, &[&write(OID, identifier.as_bytes()), parameters].concat())
}

fn number(number: u64) -> Vec<u8> {
    write(INTEGER, &[&[0][..], &number.to_be_bytes()].concat())
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    write(SEQUENCE, &parts.concat())
}

fn read(identifier: &[u8]) -> Result<Scheme, OpenError> {
    Scheme::read(&asn1::whole(identifier).unwrap())
}

fn salt() -> Vec<u8> {
    write(OCTET_STRING, &[7; 8])
}

fn pbes1(rounds: u64) -> Vec<u8> {
    algorithm("1.2.840.113549.1.5.3", &sequence(&[&salt(), &number(rounds)]))
}

fn pbes2(function: &[u8], cipher: &str, iv: usize) -> Vec<u8> {
    let cipher = algorithm(cipher, &write(OCTET_STRING, &vec![1; iv]));
    algorithm("1.2.840.113549.1.5.13", &sequence(&[function, &cipher]))
}

fn scrypt(cost: u64, block_size: u64, parallelization: u64) -> Vec<u8> {
    let parameters = sequence(&[&salt(), &number(cost), &number(block_size), &number(parallelization)]);
    pbes2(&algorithm("1.3.6.1.4.1.11591.4.11", &parameters), AES_128, 16)
}

fn pbkdf2(rounds: u64) -> Vec<u8> {
    algorithm("1.2.840.113549.1.5.12", &sequence(&[&salt(), &number(rounds)]))
}

const AES_128: &str = "2.16.840.1.101.3.4.1.2";

#[test]
fn schemes_are_described_and_judged() {
    for (identifier, description, legacy) in [
        (pbes2(&pbkdf2(2048), AES_128, 16), "PBES2 (PBKDF2-HMAC-SHA-1, 2048 rounds, AES-128-CBC)", false),
        (pbes2(&pbkdf2(1), "1.2.840.113549.3.7", 8), "PBES2 (PBKDF2-HMAC-SHA-1, 1 rounds, DES-EDE3-CBC)", true),
        (scrypt(1024, 8, 1), "PBES2 (scrypt, N=2^10, r=8, p=1, AES-128-CBC)", false),
        (pbes1(5), "PBES1 (PBKDF1-MD5, 5 rounds, DES-CBC)", true),
    ] {
        let scheme = read(&identifier).unwrap();
        assert_eq!((scheme.to_string().as_str(), scheme.is_legacy()), (description, legacy));
    }
    assert_eq!(Scheme::key_manager().to_string(), "RC4-128 under the MD5 of the passphrase");
    let traditional = Scheme::traditional("DES-EDE3-CBC,0123456789ABCDEF").unwrap();
    assert_eq!(traditional.to_string(), "traditional PEM (DES-EDE3-CBC under MD5)");
    assert!(traditional.is_legacy());
}

#[test]
fn derivations_meant_to_exhaust_are_not_begun() {
    for identifier in [
        pbes1(MAX_ROUNDS + 1),
        pbes1(1 << 40),
        pbes2(&pbkdf2(MAX_ROUNDS + 1), AES_128, 16),
        scrypt(1 << 24, 8, 1),
        scrypt(1 << 10, 1 << 20, 1),
        scrypt(1 << 10, 8, 65),
        scrypt(1 << 63, 8, 1),
    ] {
        assert!(matches!(read(&identifier), Err(OpenError::Excessive { .. })), "{identifier:x?}");
    }
    assert!(read(&scrypt(1 << 17, 8, 1)).is_ok());
    let mut budget = Budget::default();
    budget.take(2 * MAX_ROUNDS - 1).unwrap();
    assert_eq!(
        budget.take(2).unwrap_err().to_string(),
        "its key derivation asks for 100000001 rounds in all, more than the limit of 100000000 rounds in all"
    );
}

#[test]
fn what_is_damaged_or_unknown_is_named() {
    for identifier in [
        pbes1(0),
        algorithm("1.2.840.113549.1.5.3", &[]),
        pbes2(&pbkdf2(1), AES_128, 8),
        pbes2(&pbkdf2(1), AES_128, 17),
        scrypt(1000, 8, 1),
        scrypt(0, 8, 1),
        sequence(&[]),
    ] {
        assert!(matches!(read(&identifier), Err(OpenError::Damaged { .. })), "{identifier:x?}");
    }
    let unsupported = |identifier: &[u8]| match read(identifier) {
        Err(OpenError::UnsupportedEncryption { name }) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(unsupported(&algorithm("1.2.840.113549.1.5.1", &[])), "pbeWithMD2AndDES-CBC (1.2.840.113549.1.5.1)");
    assert_eq!(
        unsupported(&pbes2(&pbkdf2(1), "1.2.392.200011.61.1.1.1.4", 16)),
        "Camellia-256-CBC (1.2.392.200011.61.1.1.1.4)"
    );
    assert_eq!(unsupported(&algorithm("1.2.3.4", &[])), "1.2.3.4");
    for dek_info in ["AES-128-CBC,00", "AES-128-CBC", "DES-CBC,01234567 9ABCDEF", "DES-CBC,xy23456789ABCDEF"] {
        assert!(matches!(Scheme::traditional(dek_info), Err(OpenError::Damaged { .. })), "{dek_info}");
    }
    let idea = Scheme::traditional("IDEA-CBC,0123456789ABCDEF");
    assert_eq!(idea, Err(OpenError::UnsupportedEncryption { name: "traditional PEM, IDEA-CBC".to_owned() }));
}

#[test]
fn incomplete_blocks_are_damage_and_not_a_wrong_passphrase() {
    let password = Password::of(&Passphrase::new("x".to_owned()).unwrap());
    let scheme = read(&pbes1(1)).unwrap();
    for length in [0, 7, 9] {
        assert!(matches!(scheme.decrypt(&password, &vec![0; length]), Err(OpenError::Damaged { .. })), "{length}");
    }
}

proptest! {
    #[test]
    fn never_panics(identifier in 0..12usize, parameters: Vec<u8>, data in proptest::collection::vec(any::<u8>(), 0..40)) {
        let names = [
            "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.3", "1.2.840.113549.1.12.1.6", "1.2.840.113549.1.12.1.1",
        ];
        let identifier = algorithm(names[identifier % names.len()], &parameters);
        if let Ok(scheme) = read(&identifier) && scheme.rounds() < 1000 {
            let _ = scheme.decrypt(&Password::empty(), &data);
        }
    }

    #[test]
    fn never_panics_on_rc2(version in 0..2000u64, length in 0..300u64, data in proptest::collection::vec(any::<u8>(), 8..=8)) {
        let function = algorithm("1.2.840.113549.1.5.12", &sequence(&[&salt(), &number(1), &number(length)]));
        let parameters = sequence(&[&number(version), &write(OCTET_STRING, &[1; 8])]);
        let cipher = algorithm("1.2.840.113549.3.2", &parameters);
        let scheme = read(&algorithm("1.2.840.113549.1.5.13", &sequence(&[&function, &cipher])));
        if let Ok(scheme) = scheme {
            let _ = scheme.decrypt(&Password::empty(), &data);
        }
    }
}
