//! Private authorities: their keys and certificates, what they have issued and revoked.

use super::super::StoreError;
use super::super::format::{load_checked, missing};
use super::super::layout::{self, PRIVATE_FILE, PRIVATE_FOLDER, StorePath};
use super::super::local_ca::{self, Remains};
use super::finding::{Code, Finding};
use super::look::{Belongs, Look};
use crate::model::{AuthoritySettings, IssuedBatch, LocalCaFile, LocalCaFiles};
use crate::name::AuthorityName;
use crate::pki::{Certificate, PrivateKeyFile, read_certificates};

/// What there may be in an authority's folder. Files of a private authority without `authority.json` are what a crash
/// left of its making.
pub(super) fn belongs(name: &AuthorityName, file: &str) -> Option<Belongs> {
    let path = layout::authority(name).join(file);
    if path == layout::issued(name) {
        return Some(Belongs::Folder(PRIVATE_FOLDER));
    }
    let files = LocalCaFile::ALL.map(|file| layout::local_ca_file(name, file));
    let is_file =
        path == layout::authority_settings(name) || path == layout::revocations(name) || files.contains(&path);
    is_file.then_some(Belongs::File(PRIVATE_FILE))
}

/// Looks at a private authority; of others, at nothing.
pub(super) fn check(look: &mut Look<'_>, name: &AuthorityName, settings: Option<&AuthoritySettings>) {
    look.survey(&layout::issued(name), |file| layout::issued_number(file).map(|_| Belongs::File(PRIVATE_FILE)));
    let numbers = local_ca::batches(look.disk, name).unwrap_or_default();
    let Some(AuthoritySettings::LocalCa(settings)) = settings else {
        return check_remains(look, name, settings.is_some());
    };
    let issuing = check_files(look, name, &settings.files);
    check_issued(look, name, &numbers, issuing.as_ref());
    if let Err(error) = local_ca::load_revocations(look.disk, name) {
        damaged(look, layout::revocations(name), error.reason());
    }
}

/// Whether files of a private authority stand there.
pub(super) fn remains(look: &Look<'_>, name: &AuthorityName) -> bool {
    // What can't be listed is taken for one: nothing is moved then.
    Remains::find(look.disk, name).map_or(true, |remains| !remains.is_empty())
}

/// Looks at what no `authority.json` names. Where nothing was issued, it may be what a crash left of the making.
fn check_remains(look: &mut Look<'_>, name: &AuthorityName, is_other: bool) {
    let path = layout::authority_settings(name);
    match Remains::find(look.disk, name) {
        Ok(remains) if remains.is_empty() => {}
        Ok(_) if is_other => {
            damaged(look, path, "it is of another kind than the private authority whose files stand here".to_owned());
        }
        Ok(remains) if remains.in_use => {
            damaged(look, path, "it is missing: what there is of the authority was in use".to_owned());
        }
        Ok(_) => {
            let message = "there are files of a private authority, nothing issued, and no authority.json";
            let advice = format!(
                "if `keyring create-ca {name}` was cut off, run it again: it sets them aside; if not, restore \
                 authority.json from a backup"
            );
            look.found(Finding::new(Code::LocalCaUnfinished, layout::authority(name), message).mended_by(advice));
        }
        Err(StoreError::Disk(error)) => look.unreadable(&layout::authority(name), &error.source),
        Err(error) => damaged(look, path, error.reason()),
    }
}

pub(super) fn damaged(look: &mut Look<'_>, path: StorePath, message: String) {
    let finding = Finding::new(Code::LocalCaDamaged, path, message);
    look.found(finding.mended_by("restore it from a backup"));
}

/// The certificate of the authority that issues, when it is whole.
fn check_files(look: &mut Look<'_>, name: &AuthorityName, files: &LocalCaFiles) -> Option<Certificate> {
    let mut load = |file: LocalCaFile| {
        let path = layout::local_ca_file(name, file);
        match load_checked(look.disk, &path, file.of(files)) {
            Ok(bytes) => return Some((path, bytes)),
            Err(StoreError::Disk(error)) => look.unreadable(&path, &error.source),
            Err(error) => damaged(look, path, error.reason()),
        }
        None
    };
    let [root, root_key, issuing, issuing_key] = LocalCaFile::ALL.map(&mut load);
    let mut certificates = Vec::new();
    for (certificate, key) in [(root, root_key), (issuing, issuing_key)] {
        let (Some((path, pem)), Some((key_path, key))) = (certificate, key) else { continue };
        let Some(certificate) = read_certificates(&pem).ok().and_then(|read| read.into_iter().next()) else {
            damaged(look, path, "it is not a certificate".to_owned());
            continue;
        };
        match PrivateKeyFile::from_pem(&key) {
            Err(error) => damaged(look, key_path, error.to_string()),
            Ok(PrivateKeyFile::Plain(key)) if key.public_key() != certificate.public_key() => {
                damaged(look, key_path, format!("it is not the private key of {}", path.name()));
            }
            Ok(PrivateKeyFile::Plain(_) | PrivateKeyFile::Encrypted(_)) => {}
        }
        certificates.push(certificate);
    }
    certificates.pop().filter(|_| !certificates.is_empty())
}

/// Every number from the first to the newest must be there, with certificates of this authority. Those that are missing
/// one after the other are one finding: there is no telling how many they are.
fn check_issued(look: &mut Look<'_>, name: &AuthorityName, numbers: &[u32], issuing: Option<&Certificate>) {
    let mut next = 1;
    for &number in numbers {
        if next < number {
            let missing = missing(next, number - 1);
            let message = format!("{missing}: certificates that were issued are on no list");
            damaged(look, layout::issued_batch(name, next), message);
        }
        next = number + 1;
        let path = layout::issued_batch(name, number);
        match local_ca::load_batch(look.disk, name, number) {
            Err(StoreError::Disk(error)) => look.unreadable(&path, &error.source),
            Err(error) => damaged(look, path, error.reason()),
            Ok(batch) => {
                if let Some(fault) = issuing.and_then(|issuing| fault(&batch, issuing)) {
                    damaged(look, path, fault);
                }
            }
        }
    }
}

fn fault(batch: &IssuedBatch, issuing: &Certificate) -> Option<String> {
    batch.certificates.iter().find_map(|issued| {
        let read = read_certificates(issued.certificate.as_bytes()).ok();
        let good = read.is_some_and(|read| match &read[..] {
            [one] => one.serial() == issued.serial.to_string() && one.issued_by(issuing),
            _ => false,
        });
        (!good).then(|| format!("the certificate {} in it is not one of this authority", issued.serial))
    })
}
