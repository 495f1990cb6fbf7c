//! PKCS#12 files made for a consumer: one private key with its certificate and chain (RFC 7292).

use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::pki::asn1::{self, CONTEXT_0, NULL, OCTET_STRING, OID, SET, bmp_string, identifier, integer, sequence};
use crate::pki::scheme::{Derivation, Hash, Password, Scheme};
use crate::pki::{Certificate, Passphrase, Pbes2, PrivateKey, PrivateKeyError, oid};

/// The rounds of Triple DES: what its readers are known to take. More would not make it strong.
const TRIPLE_DES_ROUNDS: u32 = 2048;

/// How a PKCS#12 file is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pkcs12Strength {
    /// PBES2 with AES-256, PBKDF2-HMAC-SHA-256, and HMAC-SHA-256.
    Modern,
    /// Triple DES and HMAC-SHA-1, for Windows Server 2016 and what is as old.
    TripleDes,
}

/// What a PKCS#12 file shall hold.
#[derive(Clone, Copy)]
pub struct Pkcs12Entry<'a> {
    /// The private key.
    pub private_key: &'a PrivateKey,
    /// Its certificate, then the chain.
    pub certificates: &'a [Certificate],
    /// `friendlyName` of key and certificate: the alias in Java, the nickname in NSS.
    pub friendly_name: Option<&'a str>,
    /// The cryptographic provider that Windows shall keep the key in.
    pub provider: Option<&'a str>,
}

/// How a passphrase protects a PKCS#12 file. Randomness and rounds are the caller's.
pub struct Pkcs12Protection<'a> {
    passphrase: &'a Passphrase,
    key: Scheme,
    certificates: Scheme,
    mac: (Hash, [u8; 16], u32),
}

impl<'a> Pkcs12Protection<'a> {
    /// With salts from a generator. The rounds are those of [`Pkcs12Strength::Modern`].
    pub fn random(
        strength: Pkcs12Strength,
        passphrase: &'a Passphrase,
        rounds: u32,
        random: &mut impl CryptoRng,
    ) -> Self {
        let mut octets = || {
            let mut octets = [0; 16];
            random.fill_bytes(&mut octets);
            octets
        };
        match strength {
            Pkcs12Strength::Modern => Self {
                passphrase,
                key: Scheme::pbes2_aes256(rounds, octets(), octets()),
                certificates: Scheme::pbes2_aes256(rounds, octets(), octets()),
                // as many rounds: who guesses takes the cheapest way
                mac: (Hash::Sha256, octets(), rounds),
            },
            Pkcs12Strength::TripleDes => Self {
                passphrase,
                key: Scheme::pkcs12_triple_des(TRIPLE_DES_ROUNDS, octets()),
                certificates: Scheme::pkcs12_triple_des(TRIPLE_DES_ROUNDS, octets()),
                mac: (Hash::Sha1, octets(), TRIPLE_DES_ROUNDS),
            },
        }
    }
}

impl Pkcs12Entry<'_> {
    /// Writes it in DER: encrypted and with a message authentication code, or, without protection, for all to read.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError::Encryption`] when the rounds are none or beyond [`Pbes2::MAX_ROUNDS`].
    pub fn write(&self, protection: Option<&Pkcs12Protection<'_>>) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
        let rounds = protection.map_or(0, |protection| protection.mac.2);
        if protection.is_some() && !(1..=Pbes2::MAX_ROUNDS).contains(&rounds) {
            return Err(PrivateKeyError::Encryption { rounds });
        }
        self.pfx(protection).ok_or(PrivateKeyError::Encryption { rounds })
    }

    /// `PFX ::= SEQUENCE { version, authSafe ContentInfo, macData OPTIONAL }`
    fn pfx(&self, protection: Option<&Pkcs12Protection<'_>>) -> Option<Zeroizing<Vec<u8>>> {
        let password = protection.map(|protection| Password::of(protection.passphrase));
        let seal = protection.zip(password.as_ref());
        let key = self.key_bag(seal.map(|(protection, password)| (&protection.key, password)))?;
        let keys = data(&sequence(&[key]));
        let certificates = sequence(&self.certificate_bags()?);
        let certificates = match seal {
            None => data(&certificates),
            Some((protection, password)) => encrypted(&protection.certificates, password, &certificates)?,
        };
        let safe = Zeroizing::new(sequence(&[certificates, keys]));
        let mac = match seal {
            Some((protection, password)) => mac_data(&protection.mac, password, &safe)?,
            None => Vec::new(),
        };
        Some(Zeroizing::new(sequence(&[integer(3), data(&safe), mac])))
    }

    fn key_bag(&self, seal: Option<(&Scheme, &Password)>) -> Option<Vec<u8>> {
        let pkcs8 = self.private_key.to_pkcs8_der();
        let (kind, value) = match seal {
            None => (oid::KEY_BAG, Zeroizing::new(pkcs8.to_vec())),
            Some((scheme, password)) => {
                let encrypted = asn1::write(OCTET_STRING, &scheme.encrypt(password, &pkcs8).ok()??);
                (oid::SHROUDED_KEY_BAG, Zeroizing::new(sequence(&[scheme.to_der()?, encrypted])))
            }
        };
        let provider = self.provider.map(|provider| attribute(oid::MS_PROVIDER, &bmp_string(provider)));
        Some(bag(kind, &value, &[self.names()?, provider.into_iter().collect()].concat()))
    }

    fn certificate_bags(&self) -> Option<Vec<Vec<u8>>> {
        let bags = self.certificates.iter().enumerate().map(|(place, certificate)| {
            let octets = asn1::write(CONTEXT_0, &asn1::write(OCTET_STRING, certificate.as_der()));
            let value = sequence(&[asn1::write(OID, oid::X509_CERTIFICATE.as_bytes()), octets]);
            let attributes = if place == 0 { self.names()? } else { Vec::new() };
            Some(bag(oid::CERTIFICATE_BAG, &value, &attributes))
        });
        bags.collect()
    }

    /// What the private key and its certificate have in common: the name, and the SHA-1 of the certificate as others
    /// write it.
    fn names(&self) -> Option<Vec<Vec<u8>>> {
        let leaf = self.certificates.first();
        let id = leaf.map(|leaf| Hash::Sha1.of(leaf.as_der()));
        let id = id.map(|id| attribute(oid::LOCAL_KEY_ID, &asn1::write(OCTET_STRING, &id)));
        let name = self.friendly_name.map(|name| attribute(oid::FRIENDLY_NAME, &bmp_string(name)));
        Some(name.into_iter().chain(id).collect())
    }
}

/// `SafeBag ::= SEQUENCE { bagId, [0] bagValue, SET OF PKCS12Attribute OPTIONAL }`
fn bag(kind: der::asn1::ObjectIdentifier, value: &[u8], attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut attributes = attributes.to_vec();
    // the order of a SET OF in DER
    attributes.sort();
    let set = if attributes.is_empty() { Vec::new() } else { asn1::write(SET, &attributes.concat()) };
    sequence(&[asn1::write(OID, kind.as_bytes()), asn1::write(CONTEXT_0, value), set])
}

/// `PKCS12Attribute ::= SEQUENCE { attrId, attrValues SET OF ANY }`
fn attribute(kind: der::asn1::ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    sequence(&[asn1::write(OID, kind.as_bytes()), asn1::write(SET, value)])
}

/// A `ContentInfo` of `data`.
fn data(content: &[u8]) -> Vec<u8> {
    let octets = asn1::write(CONTEXT_0, &asn1::write(OCTET_STRING, content));
    sequence(&[asn1::write(OID, oid::DATA.as_bytes()), octets])
}

/// A `ContentInfo` of `encryptedData` (RFC 2315 section 13) that holds `data`.
fn encrypted(scheme: &Scheme, password: &Password, content: &[u8]) -> Option<Vec<u8>> {
    const CONTEXT_0_PRIMITIVE: u8 = 0x80;
    let octets = asn1::write(CONTEXT_0_PRIMITIVE, &scheme.encrypt(password, content).ok()??);
    let info = sequence(&[asn1::write(OID, oid::DATA.as_bytes()), scheme.to_der()?, octets]);
    let content = asn1::write(CONTEXT_0, &sequence(&[integer(0), info]));
    Some(sequence(&[asn1::write(OID, oid::ENCRYPTED_DATA.as_bytes()), content]))
}

/// `MacData ::= SEQUENCE { DigestInfo, macSalt, iterations }`
fn mac_data((hash, salt, rounds): &(Hash, [u8; 16], u32), password: &Password, content: &[u8]) -> Option<Vec<u8>> {
    let derivation = Derivation::Pkcs12 { hash: *hash, salt: salt.to_vec(), rounds: *rounds };
    let key = derivation.mac_key(password, hash.length()).ok()?;
    let algorithm = identifier(hash.oid()?, &NULL)?;
    let digest = sequence(&[algorithm, asn1::write(OCTET_STRING, &hash.authenticate(&key, content)?)]);
    Some(sequence(&[digest, asn1::write(OCTET_STRING, salt), integer(*rounds)]))
}
