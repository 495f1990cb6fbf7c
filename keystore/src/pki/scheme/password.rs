use zeroize::Zeroizing;

use crate::pki::Passphrase;

/// A passphrase in the encodings that key derivations take.
pub(in crate::pki) struct Password {
    octets: Zeroizing<Vec<u8>>,
    /// UTF-16, big end first, with two octets of zero at its end (RFC 7292 appendix B.1).
    bmp: Zeroizing<Vec<u8>>,
}

impl Password {
    /// A passphrase in UTF-8, as everyone writes it today.
    pub(in crate::pki) fn of(passphrase: &Passphrase) -> Self {
        let text = passphrase.text();
        // as large as it gets, so that nothing is left behind where it was before it grew
        let mut bmp = Zeroizing::new(Vec::with_capacity(text.len() * 2 + 2));
        for unit in text.encode_utf16() {
            bmp.extend_from_slice(&unit.to_be_bytes());
        }
        bmp.extend_from_slice(&[0, 0]);
        Self { octets: Zeroizing::new(text.as_bytes().to_vec()), bmp }
    }

    /// A passphrase in Windows-1252, as Windows wrote it, when it is more than ASCII and fits.
    pub(in crate::pki) fn windows_1252(passphrase: &Passphrase) -> Option<Self> {
        if passphrase.text().is_ascii() {
            return None;
        }
        let mut octets = Zeroizing::new(Vec::with_capacity(passphrase.text().len()));
        for c in passphrase.text().chars() {
            octets.push(windows_1252(c)?);
        }
        Some(Self { octets, bmp: Zeroizing::default() })
    }

    /// The octets themselves.
    pub(in crate::pki) fn from_octets(octets: Zeroizing<Vec<u8>>) -> Self {
        Self { octets, bmp: Zeroizing::default() }
    }

    /// The empty passphrase, which PKCS#12 files without one are made with.
    pub(in crate::pki) fn empty() -> Self {
        Self { octets: Zeroizing::default(), bmp: Zeroizing::new(vec![0, 0]) }
    }

    /// No passphrase at all, which some programs take the empty one for.
    pub(in crate::pki) fn absent() -> Self {
        Self { octets: Zeroizing::default(), bmp: Zeroizing::default() }
    }

    pub(in crate::pki) fn octets(&self) -> &[u8] {
        &self.octets
    }

    pub(in crate::pki) fn bmp(&self) -> &[u8] {
        &self.bmp
    }
}

fn windows_1252(c: char) -> Option<u8> {
    const HIGH: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    match u8::try_from(c) {
        Ok(octet) if !(0x80..0xa0).contains(&octet) => Some(octet),
        _ => u8::try_from(0x80 + HIGH.chars().position(|other| other == c)?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::Password;
    use crate::pki::Passphrase;

    #[test]
    fn is_encoded_as_each_derivation_takes_it() {
        let passphrase = |text: &str| Passphrase::new(text.to_owned()).unwrap();
        let password = Password::of(&passphrase("aä€😀"));
        assert_eq!(password.octets(), "aä€😀".as_bytes());
        assert_eq!(password.bmp(), [0, 0x61, 0, 0xe4, 0x20, 0xac, 0xd8, 0x3d, 0xde, 0x00, 0, 0]);
        assert_eq!(Password::windows_1252(&passphrase("aä€Ÿ")).unwrap().octets(), [0x61, 0xe4, 0x80, 0x9f]);
        assert!(Password::windows_1252(&passphrase("日本")).is_none());
        assert!(Password::windows_1252(&passphrase("ascii")).is_none());
        assert_eq!(Password::empty().bmp(), [0, 0]);
        assert!(Password::absent().bmp().is_empty());
    }
}
