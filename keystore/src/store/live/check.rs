//! Whether a version folder holds what it shall.

use zeroize::Zeroizing;

use crate::digest::Digest;
use crate::model::{FileForm, Installed};
use crate::pki::{PrivateKeyFile, read_certificates};
use crate::store::layout::StorePath;
use crate::store::{Disk, DiskError};

/// What the files of an endpoint must be, by hash.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::store) struct Expected {
    /// Whether the kept private key needs a passphrase: the published one is then known by its public key only.
    pub(in crate::store) encrypted: bool,
    pub(in crate::store) spki: Digest,
    pub(in crate::store) private_key_file: Digest,
    pub(in crate::store) certificate_file: Digest,
    pub(in crate::store) chain_file: Digest,
}

impl Expected {
    pub(in crate::store) fn of(installed: &Installed) -> Self {
        let Installed { encrypted, spki, private_key_file, certificate_file, chain_file, .. } = installed;
        Self {
            encrypted: *encrypted,
            spki: *spki,
            private_key_file: *private_key_file,
            certificate_file: *certificate_file,
            chain_file: *chain_file,
        }
    }
}

/// Files that are not what they must be, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::store) struct Fault {
    pub(in crate::store) files: Vec<FileForm>,
    pub(in crate::store) reason: String,
}

/// What is wrong with the files of a version folder. Without `expected`, only whether they belong together.
pub(in crate::store) fn faults(disk: &dyn Disk, folder: &StorePath, expected: Option<&Expected>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut read = |form: FileForm| match disk.load(&folder.join(form.file_name())) {
        Ok(bytes) => Some(Zeroizing::new(bytes)),
        Err(error) => {
            faults.push(Fault { files: vec![form], reason: unreadable(&error) });
            None
        }
    };
    let files = FileForm::ALL.map(&mut read);
    let [Some(private_key), Some(certificate), Some(chain), Some(full_chain), Some(combined)] = files else {
        return faults;
    };
    let mut wrong = |files: &[FileForm], reason: &str| {
        faults.push(Fault { files: files.to_vec(), reason: reason.to_owned() });
    };
    const OTHER: &str = "it is not the one that was committed";
    if expected.is_some_and(|expected| Digest::of(&certificate) != expected.certificate_file) {
        wrong(&[FileForm::Certificate], OTHER);
    }
    if expected.is_some_and(|expected| Digest::of(&chain) != expected.chain_file) {
        wrong(&[FileForm::Chain], OTHER);
    }
    let key_file = expected.filter(|expected| !expected.encrypted).map(|expected| expected.private_key_file);
    match (key_file, expected.map(|expected| expected.spki).or_else(|| certified(&certificate))) {
        (Some(file), _) if Digest::of(&private_key) != file => wrong(&[FileForm::PrivateKey], OTHER),
        (None, Some(spki)) if public_half(&private_key) != Some(spki) => {
            let files: &[_] = if expected.is_some() {
                &[FileForm::PrivateKey]
            } else {
                &[FileForm::PrivateKey, FileForm::Certificate]
            };
            wrong(files, "private key and certificate do not belong together");
        }
        (None, None) => wrong(&[FileForm::Certificate], "it is no certificate"),
        _ => {}
    }
    if faults.is_empty() {
        // Parts that are the ones that were committed are not to blame.
        let (certificates, key): (&[_], &[_]) = match expected {
            Some(expected) if expected.encrypted => (&[], &[FileForm::PrivateKey]),
            Some(_) => (&[], &[]),
            None => (
                &[FileForm::Certificate, FileForm::Chain],
                &[FileForm::PrivateKey, FileForm::Certificate, FileForm::Chain],
            ),
        };
        faults.extend(mixed(&full_chain, &[&certificate, &chain], FileForm::FullChain, certificates));
        faults.extend(mixed(&combined, &[&private_key, &certificate, &chain], FileForm::Combined, key));
    }
    faults
}

fn unreadable(error: &DiskError) -> String {
    if error.is_missing() { "it is missing".to_owned() } else { format!("it cannot be read: {}", error.source) }
}

fn mixed(whole: &[u8], parts: &[&[u8]], form: FileForm, others: &[FileForm]) -> Option<Fault> {
    let is_made_of = *whole == **Zeroizing::new(parts.concat());
    let files = [&[form], others].concat();
    (!is_made_of).then(|| Fault { files, reason: format!("{} is not made of the files beside it", form.file_name()) })
}

fn certified(certificate: &[u8]) -> Option<Digest> {
    Some(read_certificates(certificate).ok()?.first()?.public_key().hash())
}

fn public_half(private_key: &[u8]) -> Option<Digest> {
    match PrivateKeyFile::from_pem(private_key).ok()? {
        PrivateKeyFile::Plain(key) => Some(key.public_key().hash()),
        PrivateKeyFile::Encrypted(_) => None,
    }
}
