//! Bytes in, bytes out: private keys, requests, certificates and chains.
//!
//! Nothing here opens a file, asks the clock or prints. What is written follows the RFCs to the letter; what
//! others wrote is read as leniently as safety allows, because certificates arrive through mail programs,
//! web pages and word processors.
//!
//! - keys: [`KeyAlgorithm`], [`PrivateKey`], [`PrivateKeyFile`], [`PublicKey`], [`Passphrase`]
//! - names: [`Subject`], [`SubjectAltName`]; what they are used for: [`Extensions`]
//! - out to an authority: [`RequestTemplate`] -> [`CertificationRequest`] -> [`Contact`]'s header
//! - signed here: [`Issuer`], [`AuthorityTemplate`], [`SelfSignedTemplate`] -> [`Certificate`], [`RevocationList`]
//! - whom to trust: [`Roots`], [`RevocationList`] -> [`find_path`]
//! - from anywhere: [`recognise()`] -> [`Item`]: everything in a file, opened by [`Item::unlock`]
//! - back from it: [`read_certificates`] -> [`Certificate`] -> [`assemble`] -> [`Chain`]

mod algorithm;
mod asn1;
mod certificate;
mod chain;
mod crl;
mod extensions;
mod issue;
mod java_keystore;
mod key_formats;
mod key_manager_header;
mod ocsp;
mod oid;
mod open_error;
mod passphrase;
mod pem;
mod pkcs12;
mod pkcs7;
mod private_key;
mod private_key_file;
mod public_key;
mod reader;
mod recognise;
mod request;
mod scheme;
mod signature;
mod subject;
mod subject_alt_name;
mod text;
mod trust;

pub use algorithm::{KeyAlgorithm, KeyAlgorithmError};
pub use certificate::{Certificate, CertificateError};
pub use chain::{Chain, ChainError, assemble};
pub use crl::{Crl, CrlError};
pub use extensions::{DescribedExtension, EndEntity, ExtendedKeyUsage, Extension, ExtensionError, Extensions};
pub use extensions::{FoundExtensions, KeyUsage, Purpose, TlsFeatures};
pub use issue::{
    AuthorityTemplate, BeyondIssuer, CertificateProfile, CertificateProfileError, EXCHANGE_DAYS, IssueError, Issued,
    Issuer,
};
pub use issue::{HostPattern, Mailboxes, NameConstraints, OutsideConstraints, Subnet, Subtree, SubtreeError};
pub use issue::{
    RevocationReason, RevocationReasonError, Revoked, SelfSignedTemplate, SerialNumber, SerialNumberError,
};
pub use issue::{Terms, Validity, exchange_names};
pub use java_keystore::{JavaEntry, JavaKeystore};
pub use key_formats::{FoundKey, KeyForm, LockedKey, OpenedKey};
pub use key_manager_header::Contact;
pub use ocsp::{RevocationStatus, Stapled};
pub use open_error::OpenError;
pub use passphrase::{Passphrase, PassphraseError};
pub use pem::{PemBlock, PemError, pem_blocks};
pub use pkcs7::{pkcs7_of, pkcs7_to_pem};
pub use pkcs12::{Bag, BagContent, Pkcs12, Pkcs12Entry, Pkcs12Protection, Pkcs12Strength};
pub use private_key::{Pbes2, PrivateKey, PrivateKeyError};
pub use private_key_file::{EncryptedPrivateKey, PrivateKeyFile};
pub use public_key::{KeyWeakness, PublicKey, PublicKeyError};
pub use reader::{LooksLike, ReadError, looks_like, read_certificates};
pub use recognise::{Content, Item, Place, Protection, RecogniseError, Within, recognise};
pub use request::{CertificationRequest, RequestError, RequestTemplate, TemplateName, TemplateNameError};
pub use scheme::{Budget, Scheme};
pub use subject::{AttributeType, OtherAttribute, Subject, SubjectError};
pub use subject_alt_name::{DnsName, DnsNameError, EmailAddress, EmailError, SubjectAltName, SubjectAltNameError};
pub use subject_alt_name::{Uri, UriError};

pub use trust::{PathError, RevocationList, RevocationListError, Roots, TrustedPath, find_path, read_revocation_lists};

pub(crate) use pem::decode_base64;
pub(crate) use text::decode as decode_text;

#[cfg(test)]
pub(crate) use asn1::write as write_element;
#[cfg(test)]
mod test_support;
