//! Extensions (RFC 5280 section 4.2), as certificates have them and requests ask for them.

mod error;
mod extended_key_usage;
mod key_usage;
mod tls_features;
mod words;
pub(super) mod writing;

use std::fmt;
use std::str::FromStr;

use der::asn1::ObjectIdentifier;
use serde::{Deserialize, Serialize};

use super::asn1::{OCTET_STRING, SEQUENCE, Tlv};
use super::{KeyAlgorithm, asn1, oid};
pub use error::ExtensionError;
pub use extended_key_usage::{ExtendedKeyUsage, Purpose};
pub use key_usage::KeyUsage;
pub use tls_features::TlsFeatures;
pub use words::DescribedExtension;

/// What a certificate may be used for: the extensions beside its names that a request asks for.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Extensions {
    /// What the key may do (RFC 5280 section 4.2.1.3).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key_usage: Option<Extension<KeyUsage>>,
    /// What the certificate is for (RFC 5280 section 4.2.1.12).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub extended_key_usage: Option<Extension<ExtendedKeyUsage>>,
    /// That it is no authority's (RFC 5280 section 4.2.1.9).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub basic_constraints: Option<Extension<EndEntity>>,
    /// What the server promises to do in TLS (RFC 7633): must-staple.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tls_features: Option<Extension<TlsFeatures>>,
}

/// An extension and whether whoever does not understand it must refuse the certificate. Written as OpenSSL's
/// configurations have it: `critical,digitalSignature`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extension<T> {
    /// Whether it must be understood.
    pub critical: bool,
    /// What it says.
    pub value: T,
}

/// `CA:FALSE`: the only basic constraints that a server's certificate has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EndEntity;

/// The extensions that were found where some are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FoundExtensions {
    /// Those that a request of ours can ask for.
    pub extensions: Extensions,
    /// What else there is that a request could ask for, in words.
    pub others: Vec<String>,
    /// What an authority adds of its own, in words: key identifiers, where its revocation lists are.
    pub authoritys: Vec<String>,
}

impl Extensions {
    /// Those of a TLS server.
    #[must_use]
    pub fn of_tls_server() -> Self {
        Self {
            key_usage: Some(Extension { critical: true, value: KeyUsage::SIGNATURE | KeyUsage::KEY_ENCIPHERMENT }),
            extended_key_usage: Some(Extension { critical: false, value: ExtendedKeyUsage::server() }),
            basic_constraints: None,
            tls_features: None,
        }
    }

    /// The same for a key of this algorithm: one that cannot encrypt does not ask for it.
    #[must_use]
    pub fn fit_for(mut self, algorithm: KeyAlgorithm) -> Self {
        if let Some(usage) = &mut self.key_usage
            && !algorithm.is_rsa()
        {
            usage.value = usage.value.without_encipherment();
        }
        self
    }

    /// Those that a request of ours can ask for, and the names of the others. The subject alternative names and a
    /// template's name are read elsewhere.
    pub(super) fn read(extensions: &Tlv<'_>) -> FoundExtensions {
        let mut found = FoundExtensions::default();
        for extension in extensions.tagged(SEQUENCE).and_then(|found| found.children()).unwrap_or_default() {
            let Some((oid, critical, value)) = parts(&extension) else {
                found.others.push("an extension that cannot be read".to_owned());
                continue;
            };
            if oid == oid::SUBJECT_ALT_NAME || oid == oid::MS_TEMPLATE_NAME {
                continue;
            }
            if found.extensions.set(oid, critical, value).is_none() {
                let list = if oid::is_authoritys(&oid) { &mut found.authoritys } else { &mut found.others };
                list.push(describe(&oid, value));
            }
        }
        found
    }

    /// Takes in one extension by its DER. `None` when it is none of ours, or not to be asked for.
    pub(crate) fn set(&mut self, oid: ObjectIdentifier, critical: bool, der: &[u8]) -> Option<()> {
        match oid {
            oid::KEY_USAGE => {
                let value = KeyUsage::read(der).filter(|usage| !usage.is_authoritys())?;
                self.key_usage = Some(Extension { critical, value });
            }
            oid::EXTENDED_KEY_USAGE => {
                self.extended_key_usage = Some(Extension { critical, value: ExtendedKeyUsage::read(der)? });
            }
            oid::BASIC_CONSTRAINTS => {
                self.basic_constraints = Some(Extension { critical, value: EndEntity::read(der)? });
            }
            oid::TLS_FEATURE => {
                self.tls_features = Some(Extension { critical, value: TlsFeatures::read(der)? });
            }
            _ => return None,
        }
        Some(())
    }

    /// Each by its name, in words.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, String)> {
        let key_usage = self.key_usage.as_ref().map(ToString::to_string);
        let extended = self.extended_key_usage.as_ref().map(ToString::to_string);
        let basic = self.basic_constraints.as_ref().map(ToString::to_string);
        let features = self.tls_features.as_ref().map(ToString::to_string);
        [("keyUsage", key_usage), ("extendedKeyUsage", extended), ("basicConstraints", basic), ("tlsfeature", features)]
            .into_iter()
            .filter_map(|(name, text)| Some((name, text?)))
    }
}

/// What an extension is called, with a remark on one of ours that is not taken.
fn describe(oid: &ObjectIdentifier, value: &[u8]) -> String {
    let name = oid::extension_name(oid);
    match *oid {
        oid::BASIC_CONSTRAINTS if is_ca(value) => format!("{name} CA:TRUE"),
        oid::KEY_USAGE => match KeyUsage::read(value) {
            Some(usage) => format!("{name} {usage}"),
            None => format!("{name}, which is damaged"),
        },
        oid::BASIC_CONSTRAINTS | oid::EXTENDED_KEY_USAGE | oid::TLS_FEATURE => format!("{name}, which is damaged"),
        _ => name,
    }
}

/// `BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, ... }`
pub(super) fn is_ca(der: &[u8]) -> bool {
    let first = || asn1::whole(der)?.tagged(SEQUENCE)?.children()?.first().copied();
    first().is_some_and(|first| first.tag == 0x01 && first.content.iter().any(|&octet| octet != 0))
}

impl EndEntity {
    fn read(der: &[u8]) -> Option<Self> {
        asn1::whole(der)?.tagged(SEQUENCE)?.children()?;
        (!is_ca(der)).then_some(Self)
    }
}

impl fmt::Display for EndEntity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CA:FALSE")
    }
}

impl FromStr for EndEntity {
    type Err = ExtensionError;

    fn from_str(text: &str) -> Result<Self, ExtensionError> {
        match text.split_once(':').map(|(name, value)| (name.trim(), value.trim().to_ascii_lowercase())) {
            Some(("CA", value)) if ["false", "n", "no"].contains(&value.as_str()) => Ok(Self),
            Some(("CA", value)) if ["true", "y", "yes"].contains(&value.as_str()) => Err(ExtensionError::Authority),
            _ => Err(ExtensionError::BasicConstraints { text: text.to_owned() }),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Extension<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.critical {
            f.write_str("critical,")?;
        }
        self.value.fmt(f)
    }
}

impl<T: FromStr<Err = ExtensionError>> FromStr for Extension<T> {
    type Err = ExtensionError;

    fn from_str(text: &str) -> Result<Self, ExtensionError> {
        let (critical, rest) = match text.split_once(',') {
            Some((first, rest)) if first.trim() == "critical" => (true, rest),
            _ => (false, text),
        };
        Ok(Self { critical, value: rest.trim().parse()? })
    }
}

impl<T: fmt::Display> Serialize for Extension<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T: FromStr<Err = ExtensionError>> Deserialize<'de> for Extension<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// `Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }`
fn parts<'a>(extension: &Tlv<'a>) -> Option<(ObjectIdentifier, bool, &'a [u8])> {
    let parts = extension.tagged(SEQUENCE)?.children()?;
    let (identifier, rest) = parts.split_first()?;
    let value = rest.last()?.tagged(OCTET_STRING)?;
    let critical = matches!(rest, [flag, _] if flag.tag == 0x01 && flag.content.iter().any(|&octet| octet != 0));
    Some((identifier.oid()?, critical, value.content))
}

/// The contents of the first extension with this identifier in an `Extensions`.
pub(super) fn find<'a>(extensions: &Tlv<'a>, oid: ObjectIdentifier) -> Option<&'a [u8]> {
    let extensions = extensions.tagged(SEQUENCE)?.children()?;
    extensions.iter().filter_map(parts).find_map(|(found, _, value)| (found == oid).then_some(value))
}

#[cfg(test)]
mod tests;
