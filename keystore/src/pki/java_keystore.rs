//! Java's own keystores, JKS and JCEKS: recognised, and what stands in the clear is read. Their private keys are encrypted in
//! ways of Java's own; `keytool` converts them to PKCS#12.

use std::fmt;

use super::text;

/// More than any honest keystore holds.
const MAX_ENTRIES: usize = 10_000;
/// More than any honest chain is long.
const MAX_CERTIFICATES: u32 = 100;

/// A keystore of Java.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JavaKeystore {
    /// JCEKS, which may hold secret keys too, or JKS.
    pub jceks: bool,
    /// The entries, as far as they can be walked through: what follows a secret key is not reached.
    pub entries: Vec<JavaEntry>,
    /// How many entries it says it has.
    pub count: u32,
}

/// An entry of a Java keystore.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JavaEntry {
    /// What it is called.
    pub alias: String,
    /// `private key`, `certificate` or `secret key`.
    pub kind: &'static str,
    /// The certificates in it, in DER.
    pub certificates: Vec<Vec<u8>>,
}

impl JavaKeystore {
    /// Whether some bytes begin like one.
    pub(super) fn begins(bytes: &[u8]) -> bool {
        bytes.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) || bytes.starts_with(&[0xce, 0xce, 0xce, 0xce])
    }

    /// Reads what stands in the clear; `None` when the bytes are no keystore of Java.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if !Self::begins(bytes) {
            return None;
        }
        let mut reader = Reader { rest: bytes.get(4..)? };
        let version = reader.number()?;
        if !matches!(version, 1 | 2) {
            return None;
        }
        let count = reader.number()?;
        let mut entries = Vec::new();
        while entries.len() < MAX_ENTRIES.min(count as usize) {
            let Some(entry) = reader.entry(version) else { break };
            let last = entry.kind == "secret key";
            entries.push(entry);
            if last {
                break;
            }
        }
        Some(Self { jceks: bytes[0] == 0xce, entries, count })
    }

    /// `JKS` or `JCEKS`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        if self.jceks { "JCEKS" } else { "JKS" }
    }

    /// The command that makes a PKCS#12 file of a keystore of a kind; `file` is quoted as the shell wants it.
    #[must_use]
    pub fn conversion(kind: &str, file: &str) -> String {
        format!(
            "keytool -importkeystore -srckeystore {file} -srcstoretype {kind} -destkeystore {file}.p12 -deststoretype PKCS12"
        )
    }
}

impl fmt::Display for JavaKeystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.jceks { "Java keystore (JCEKS)" } else { "Java keystore (JKS)" })
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        let (octets, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u32::from_be_bytes(*octets))
    }

    /// `DataOutput.writeUTF`: a length of two octets, then almost UTF-8.
    fn text(&mut self) -> Option<String> {
        let (octets, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(text::printable(self.take(u16::from_be_bytes(*octets).into())?))
    }

    fn octets(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    fn certificate(&mut self, version: u32) -> Option<Vec<u8>> {
        if version == 2 {
            self.text()?; // X.509
        }
        Some(self.octets()?.to_vec())
    }

    fn entry(&mut self, version: u32) -> Option<JavaEntry> {
        let kind = self.number()?;
        let alias = self.text()?;
        self.take(8)?; // when it was made
        let (kind, certificates) = match kind {
            1 => {
                self.octets()?;
                let count = self.number()?;
                let count = count.min(MAX_CERTIFICATES);
                let certificates = (0..count).map_while(|_| self.certificate(version)).collect();
                ("private key", certificates)
            }
            2 => ("certificate", vec![self.certificate(version)?]),
            3 => ("secret key", Vec::new()),
            _ => return None,
        };
        Some(JavaEntry { alias, kind, certificates })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::JavaKeystore;
    use crate::pki::Certificate;

    const JKS: &[u8] = include_bytes!("../../tests/fixtures/formats/java.jks");
    const JCEKS: &[u8] = include_bytes!("../../tests/fixtures/formats/java.jceks");

    #[test]
    fn what_keytool_made_is_recognised() {
        for (bytes, name, count) in [(JKS, "Java keystore (JKS)", 3), (JCEKS, "Java keystore (JCEKS)", 4)] {
            let store = JavaKeystore::read(bytes).unwrap();
            assert_eq!((store.to_string().as_str(), store.count), (name, count));
            let main = store.entries.iter().find(|entry| entry.alias == "main").unwrap();
            let leaf = Certificate::from_der(&main.certificates[0]).unwrap();
            assert_eq!((main.kind, leaf.subject().to_string().as_str()), ("private key", "CN=p-256.fixture.example"));
        }
        let entries = JavaKeystore::read(JKS).unwrap().entries;
        assert!(entries.iter().any(|entry| entry.alias == "authority" && entry.kind == "certificate"));
        assert_eq!(JavaKeystore::read(&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 3, 0, 0, 0, 0]), None);
        assert_eq!(JavaKeystore::read(b"\x30\x03\x02\x01\x00"), None);
    }

    proptest! {
        #[test]
        fn never_panics(position: prop::sample::Index, octet: u8, cut: prop::sample::Index) {
            for bytes in [JKS, JCEKS] {
                let mut damaged = bytes.to_vec();
                damaged[position.index(bytes.len())] = octet;
                let _ = JavaKeystore::read(&damaged[..cut.index(bytes.len())]);
            }
        }
    }
}
