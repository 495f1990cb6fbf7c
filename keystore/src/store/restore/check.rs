//! Whether what was unpacked is a whole keystore: what a backup of it would hold is what the manifest says.

use std::path::Path;

use zeroize::Zeroizing;

use super::RestoreError;
use super::unpack::Unpacked;
use crate::model::VersionFacts;
use crate::name::KeyPath;
use crate::pki::PrivateKeyFile;
use crate::progress::Progress;
use crate::store::backup::{Inventory, Manifest};
use crate::store::keystore::Config;
use crate::store::log::Descent;
use crate::store::{Disk, ReadingFault, Snapshot, StoreError, facts, layout};

/// The configuration, and what is wrong with the entries about readings of private keys.
type Checked = (Config, Vec<ReadingFault>);

pub(super) fn check(disk: &dyn Disk, unpacked: &Unpacked, progress: &dyn Progress) -> Result<Checked, RestoreError> {
    whole(disk, unpacked, progress).map_err(|error| match error {
        RestoreError::Store(StoreError::Damaged { path, reason } | StoreError::Config { path, reason }) => {
            let path = path.strip_prefix(disk.root()).map(Path::to_path_buf).unwrap_or(path);
            RestoreError::Inconsistent { path, reason }
        }
        other => other,
    })
}

fn whole(disk: &dyn Disk, unpacked: &Unpacked, progress: &dyn Progress) -> Result<Checked, RestoreError> {
    let Unpacked { manifest, config: text, .. } = unpacked;
    let config = Config::parse(disk, text)?;
    if config.id != manifest.keystore || config.format != manifest.format {
        return Err(inconsistent(&layout::config(), "it is of another keystore than the manifest"));
    }
    let snapshot = Snapshot::take(disk, 1)?;
    if (snapshot.generation(), snapshot.head_hash()) != (manifest.generation, manifest.head) {
        return Err(inconsistent(&layout::commits(), "its newest record is not the one that the manifest names"));
    }
    for step in Descent::from(disk, &snapshot.head)? {
        let record = step?.record;
        if record.keystore != manifest.keystore {
            return Err(inconsistent(&layout::commit(record.generation), "it is a record of another keystore"));
        }
    }
    let all = Manifest { history: true, ..manifest.clone() };
    let inventory = Inventory::gather(&snapshot, text.clone(), all, progress)?;
    compare(manifest, inventory.manifest())?;
    private_keys(&snapshot, progress)?;
    // Every file has the hash that the manifest gives it, so that what is wrong with them was wrong when it was taken.
    Ok((config, inventory.reading_faults().to_vec()))
}

fn inconsistent(path: &layout::StorePath, reason: &str) -> RestoreError {
    RestoreError::Inconsistent { path: path.as_path().to_path_buf(), reason: reason.to_owned() }
}

/// What is in the backup must be what the records, the index and the stage in it need, no more and no less.
fn compare(backed_up: &Manifest, needed: &Manifest) -> Result<(), RestoreError> {
    let differs = |(path, _): &(&String, _)| backed_up.files.get(*path) != needed.files.get(*path);
    match backed_up.files.iter().chain(&needed.files).find(differs) {
        None => Ok(()),
        Some((path, _)) => Err(RestoreError::Inconsistent {
            path: path.into(),
            reason: "it is not what the records and the index in the backup name".to_owned(),
        }),
    }
}

/// Each private key must be one, and the one that its facts name as far as it shows without a passphrase.
fn private_keys(snapshot: &Snapshot<'_>, progress: &dyn Progress) -> Result<(), RestoreError> {
    let servers = snapshot.servers()?;
    progress.begin("Checking private keys", servers.len() as u64);
    for server in servers {
        let index = snapshot.facts(&server)?;
        for folder in facts::folders(snapshot.disk, &server)? {
            let known = index.key(&folder.key).and_then(|key| key.version(folder.version)).cloned();
            let version = match known {
                Some(version) => Some(version),
                None => facts::whole(snapshot.disk, &folder.key, folder.version)?,
            };
            if let Some(version) = version {
                private_key(snapshot, &folder.key, &version)?;
            }
        }
        progress.advance(1);
    }
    Ok(())
}

fn private_key(snapshot: &Snapshot<'_>, key: &KeyPath, version: &VersionFacts) -> Result<(), RestoreError> {
    let path = layout::private_key(key, version.number);
    let bytes: Zeroizing<Vec<u8>> = snapshot.private_key_file(key, version)?;
    let matches = match PrivateKeyFile::from_pem(&bytes) {
        Err(source) => return Err(RestoreError::PrivateKey { path, source }),
        Ok(PrivateKeyFile::Plain(private_key)) => !version.encrypted && private_key.public_key().hash() == version.spki,
        Ok(PrivateKeyFile::Encrypted(_)) => version.encrypted,
    };
    if matches { Ok(()) } else { Err(inconsistent(&path, "it is another private key than its version.json says")) }
}
