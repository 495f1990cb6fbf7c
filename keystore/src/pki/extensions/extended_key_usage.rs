use std::fmt;
use std::str::FromStr;

use der::asn1::ObjectIdentifier;

use super::ExtensionError;
use crate::pki::{asn1, oid};

/// What a certificate is for (RFC 5280 section 4.2.1.12). Never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExtendedKeyUsage(Vec<Purpose>);

/// One of these, by its object identifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Purpose(ObjectIdentifier);

/// Short names as OpenSSL writes them.
const KNOWN: [(&str, &str); 13] = [
    ("serverAuth", "1.3.6.1.5.5.7.3.1"),
    ("clientAuth", "1.3.6.1.5.5.7.3.2"),
    ("codeSigning", "1.3.6.1.5.5.7.3.3"),
    ("emailProtection", "1.3.6.1.5.5.7.3.4"),
    ("timeStamping", "1.3.6.1.5.5.7.3.8"),
    ("OCSPSigning", "1.3.6.1.5.5.7.3.9"),
    ("ipsecIKE", "1.3.6.1.5.5.7.3.17"),
    ("anyExtendedKeyUsage", "2.5.29.37.0"),
    ("msSGC", "1.3.6.1.4.1.311.10.3.3"),
    ("nsSGC", "2.16.840.1.113730.4.1"),
    ("msSmartcardLogin", "1.3.6.1.4.1.311.20.2.2"),
    ("msEFS", "1.3.6.1.4.1.311.10.3.4"),
    ("pkInitKDC", "1.3.6.1.5.2.3.5"),
];

impl ExtendedKeyUsage {
    /// A TLS server.
    #[must_use]
    pub fn server() -> Self {
        Self(vec![Purpose(oid::SERVER_AUTH)])
    }

    /// A TLS client.
    #[must_use]
    pub fn client() -> Self {
        Self(vec![Purpose(oid::CLIENT_AUTH)])
    }

    /// These purposes, each once; `None` without any.
    #[must_use]
    pub fn new(purposes: impl IntoIterator<Item = Purpose>) -> Option<Self> {
        let mut all = Vec::new();
        for purpose in purposes {
            if !all.contains(&purpose) {
                all.push(purpose);
            }
        }
        (!all.is_empty()).then_some(Self(all))
    }

    /// The purposes, in their order.
    #[must_use]
    pub fn purposes(&self) -> &[Purpose] {
        &self.0
    }

    pub(in crate::pki) fn oids(&self) -> Vec<ObjectIdentifier> {
        self.0.iter().map(|purpose| purpose.0).collect()
    }

    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let purposes = asn1::whole(der)?.tagged(asn1::SEQUENCE)?.children()?;
        Self::new(purposes.iter().map(|purpose| purpose.oid().map(Purpose)).collect::<Option<Vec<_>>>()?)
    }
}

impl Purpose {
    pub(super) fn known_names() -> String {
        KNOWN.map(|(name, _)| name).join(", ")
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dotted = self.0.to_string();
        f.write_str(KNOWN.iter().find(|(_, oid)| *oid == dotted).map_or(&dotted, |(name, _)| name))
    }
}

impl FromStr for Purpose {
    type Err = ExtensionError;

    fn from_str(text: &str) -> Result<Self, ExtensionError> {
        let known = KNOWN.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        let oid = ObjectIdentifier::new(known.map_or(text, |(_, oid)| oid));
        oid.map(Self).map_err(|_| ExtensionError::Purpose { text: text.to_owned() })
    }
}

impl fmt::Display for ExtendedKeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&names.join(","))
    }
}

impl FromStr for ExtendedKeyUsage {
    type Err = ExtensionError;

    fn from_str(text: &str) -> Result<Self, ExtensionError> {
        let purposes = text.split(',').map(|word| word.trim().parse()).collect::<Result<Vec<Purpose>, _>>()?;
        Self::new(purposes).ok_or_else(|| ExtensionError::Purpose { text: text.to_owned() })
    }
}
