//! Backup files of Key Manager (`.key`), and the key files of Netscape that they come from ("NET").
//!
//! The container is undocumented, so its marks are looked for: an OCTET STRING "private-key" before the key, one
//! "certificate" before the certificate. The key is encrypted with RC4 under the unsalted MD5 of the passphrase; there is no
//! check of it, so a wrong passphrase shows as noise.

use zeroize::Zeroizing;

use super::{KeyForm, LockedKey, OpenedKey};
use crate::pki::asn1::{self, OCTET_STRING, SEQUENCE};
use crate::pki::scheme::{Hash, Password, Scheme};
use crate::pki::{OpenError, Passphrase, oid};

const KEY_MARK: &[u8] = b"\x04\x0bprivate-key";
const CERTIFICATE_MARK: &[u8] = b"\x04\x0bcertificate";
/// Hashed with the MD5 of the passphrase in the variant for Server Gated Cryptography.
const SGC_SALT: &[u8] = b"SGCKEYSALT";

/// What stands in a backup file, each with the octet where it begins.
pub(in crate::pki) struct Backup<'a> {
    pub(in crate::pki) key: (usize, Result<LockedKey, OpenError>),
    /// DER, to the end of the certificate; to the end of the file when it is cut off.
    pub(in crate::pki) certificate: Option<(usize, &'a [u8])>,
}

/// The private key of a backup file, and its certificate; `None` when the file is none.
pub(in crate::pki) fn backups(bytes: &[u8]) -> Option<Backup<'_>> {
    let mark = find(bytes, KEY_MARK)?;
    let after = bytes.get(mark + KEY_MARK.len()..)?;
    // the outer SEQUENCE's length is not to be trusted: only where it begins, 30 82 LL LL
    let start = if bytes.get(mark.wrapping_sub(4)..mark).is_some_and(|head| head.starts_with(&[0x30, 0x82])) {
        mark - 4
    } else {
        mark
    };
    let certificate = find(after, CERTIFICATE_MARK).and_then(|mark| {
        let behind = after.get(mark + CERTIFICATE_MARK.len()..)?;
        let offset = find(behind, &[0x30, 0x82])?;
        let certificate = behind.get(offset..)?;
        let whole = asn1::read(certificate).map_or(certificate, |(element, _)| element.raw);
        Some((bytes.len() - behind.len() + offset, whole))
    });
    Some(Backup { key: (start, locked(after)), certificate })
}

/// `SEQUENCE { AlgorithmIdentifier rc4, OCTET STRING }`, whatever follows it.
fn locked(bytes: &[u8]) -> Result<LockedKey, OpenError> {
    let read = || {
        let (contents, _) = asn1::read(bytes)?;
        let [algorithm, data] = contents.tagged(SEQUENCE)?.children()?.try_into().ok()?;
        let algorithm = algorithm.tagged(SEQUENCE)?.children()?.first()?.oid()?;
        Some((algorithm, data.tagged(OCTET_STRING)?.content))
    };
    let (algorithm, data) = read().ok_or_else(|| OpenError::damaged("the private key of the backup is cut off"))?;
    if algorithm != oid::RC4 {
        return Err(OpenError::UnsupportedEncryption { name: oid::encryption_name(&algorithm) });
    }
    Ok(LockedKey::key_manager(data.to_vec()))
}

/// Tries the usual variant and the one for Server Gated Cryptography, in the encodings that Windows and others used.
pub(super) fn open(data: &[u8], passphrase: &Passphrase) -> Result<OpenedKey, OpenError> {
    let passwords = [Password::windows_1252(passphrase), Some(Password::of(passphrase))];
    for password in passwords.into_iter().flatten() {
        let mut sgc = Hash::Md5.of(password.octets());
        sgc.extend_from_slice(SGC_SALT);
        let variants = [(password, KeyForm::KeyManager), (Password::from_octets(sgc), KeyForm::KeyManagerSgc)];
        for (password, form) in variants {
            let opened = Scheme::key_manager().decrypt(&password, data)?;
            if let Some(key) = private_key_info(&opened) {
                return OpenedKey::from_pkcs8(&key, form);
            }
        }
    }
    Err(OpenError::WrongPassphrase)
}

/// `PrivateKeyInfo` of RSA, without what may follow it.
fn private_key_info(opened: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (info, _) = asn1::read(opened)?;
    let fields = info.tagged(SEQUENCE)?.children()?;
    let [version, algorithm, key, ..] = fields.as_slice() else { return None };
    let algorithm = algorithm.tagged(SEQUENCE)?.children()?.first()?.oid()?;
    let right = version.unsigned() == Some(0) && algorithm == oid::RSA_ENCRYPTION && key.tag == OCTET_STRING;
    right.then(|| Zeroizing::new(info.raw.to_vec()))
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}
