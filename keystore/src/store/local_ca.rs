//! A private authority on disk. Its private keys and certificates are written once and named, by what is in them, by
//! `authority.json`, which is written last. What it issues is on the list, durably, before anybody has it: one file for
//! all that was issued together, whose number is spent with it.

mod remains;

use zeroize::Zeroizing;

pub use remains::Remains;

use super::aside::move_aside;
use super::format::{damaged, decode, load_checked, load_known, successor};
use super::layout::{self, PRIVATE_FILE, PRIVATE_FOLDER, StorePath};
use super::transaction::Transaction;
use super::{Disk, Snapshot, StoreError, authorities, log};
use crate::digest::Digest;
use crate::model::{
    Authority, AuthoritySettings, IssuedBatch, IssuedCertificate, LocalCaFile, LocalCaFiles, LocalCaSettings,
    Revocation, Revocations,
};
use crate::name::AuthorityName;

/// The files of a new authority.
pub struct NewLocalCa {
    /// The root's certificate, PEM.
    pub root_certificate: String,
    /// The root's private key, PEM.
    pub root_key: Zeroizing<String>,
    /// The certificate of the authority that issues, PEM.
    pub issuing_certificate: String,
    /// Its private key, PEM.
    pub issuing_key: Zeroizing<String>,
}

impl NewLocalCa {
    /// What `authority.json` names them by.
    #[must_use]
    pub fn files(&self) -> LocalCaFiles {
        LocalCaFiles {
            root_certificate: Digest::of(self.root_certificate.as_bytes()),
            root_key: Digest::of(self.root_key.as_bytes()),
            issuing_certificate: Digest::of(self.issuing_certificate.as_bytes()),
            issuing_key: Digest::of(self.issuing_key.as_bytes()),
        }
    }

    fn bytes(&self, file: LocalCaFile) -> &[u8] {
        match file {
            LocalCaFile::RootCertificate => self.root_certificate.as_bytes(),
            LocalCaFile::RootKey => self.root_key.as_bytes(),
            LocalCaFile::IssuingCertificate => self.issuing_certificate.as_bytes(),
            LocalCaFile::IssuingKey => self.issuing_key.as_bytes(),
        }
    }
}

/// The numbers of what was issued together, in their order.
pub(super) fn batches(disk: &dyn Disk, name: &AuthorityName) -> Result<Vec<u32>, StoreError> {
    let names = disk.names(&layout::issued(name))?;
    Ok(names.iter().filter_map(|entry| layout::issued_number(&entry.name)).collect())
}

/// What was issued together.
pub(super) fn load_batch(disk: &dyn Disk, name: &AuthorityName, number: u32) -> Result<IssuedBatch, StoreError> {
    let path = layout::issued_batch(name, number);
    let bytes = disk.load(&path)?;
    let (_, text) = log::open(disk, &path, &bytes)?;
    let batch: IssuedBatch = decode(disk, &path, text.as_bytes())?;
    if batch.number != number {
        return Err(damaged(disk, &path, format!("it says that it is number {}", batch.number)));
    }
    Ok(batch)
}

/// What is revoked.
pub(super) fn load_revocations(disk: &dyn Disk, name: &AuthorityName) -> Result<Revocations, StoreError> {
    let path = layout::revocations(name);
    let bytes = load_known(disk, &path)?;
    let (_, text) = log::open(disk, &path, &bytes)?;
    decode(disk, &path, text.as_bytes())
}

fn store_revocations(disk: &dyn Disk, name: &AuthorityName, revocations: &Revocations) -> Result<(), StoreError> {
    Ok(disk.put_durably(&layout::revocations(name), &log::seal(revocations).0, PRIVATE_FILE)?)
}

impl Snapshot<'_> {
    /// One of the files of a private authority.
    ///
    /// # Errors
    /// When it is not the one that is named.
    pub fn local_ca_file(
        &self,
        name: &AuthorityName,
        settings: &LocalCaSettings,
        file: LocalCaFile,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        load_checked(self.disk, &layout::local_ca_file(name, file), file.of(&settings.files))
    }

    /// Everything that a private authority has issued, in its order.
    ///
    /// # Errors
    /// When the list can't be read, or is damaged.
    pub fn issued(&self, name: &AuthorityName) -> Result<Vec<IssuedBatch>, StoreError> {
        batches(self.disk, name)?.into_iter().map(|number| load_batch(self.disk, name, number)).collect()
    }

    /// The number that the next certificates of a private authority are issued under, all together.
    ///
    /// # Errors
    /// When the list can't be read, or holds the last number there can be.
    pub fn next_issue(&self, name: &AuthorityName) -> Result<u32, StoreError> {
        let newest = batches(self.disk, name)?.into_iter().max().unwrap_or(0);
        let next = Some(newest + 1).filter(|next| *next <= layout::LAST_ISSUED);
        successor(self.disk, &layout::issued_batch(name, newest), next)
    }

    /// What stands of a private authority where its `authority.json` does not name it; none where nothing does.
    ///
    /// # Errors
    /// When its folder, or what is said of it, can't be read.
    pub fn local_ca_remains(&self, name: &AuthorityName) -> Result<Option<Remains>, StoreError> {
        if let Some(Authority { settings: AuthoritySettings::LocalCa(_), .. }) = self.authority(name)? {
            return Ok(None);
        }
        Ok(Some(Remains::find(self.disk, name)?).filter(|remains| !remains.is_empty()))
    }

    /// What a private authority has revoked.
    ///
    /// # Errors
    /// When it can't be read, or is damaged.
    pub fn revocations(&self, name: &AuthorityName) -> Result<Revocations, StoreError> {
        load_revocations(self.disk, name)
    }
}

impl Transaction<'_> {
    /// Keeps a new private authority, durably. Before its last file is there it is none. What stands there of another one
    /// is moved aside, as its keys may be in use; returns where to.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn create_local_ca(
        &mut self,
        name: &AuthorityName,
        new: &NewLocalCa,
        settings: LocalCaSettings,
    ) -> Result<Option<StorePath>, StoreError> {
        let (disk, world) = (self.keystore.disk(), self.keystore.world());
        let settings = AuthoritySettings::LocalCa(settings);
        let authority = Authority { set: world.now(), by: world.actor.clone(), settings };
        self.held.change(|| {
            let folder = layout::authority(name);
            let is_taken = !Remains::find(disk, name)?.is_empty();
            let moved = if is_taken { move_aside(disk, world, &folder)? } else { None };
            authorities::make_folder(disk, name)?;
            disk.ensure_folder(&layout::issued(name), PRIVATE_FOLDER)?;
            for file in LocalCaFile::ALL {
                disk.put(&layout::local_ca_file(name, file), new.bytes(file), PRIVATE_FILE, true)?;
            }
            let none = log::seal(&Revocations::default()).0;
            disk.put(&layout::revocations(name), &none, PRIVATE_FILE, true)?;
            disk.sync_names(&folder)?;
            authorities::store(disk, name, &authority)?;
            Ok(moved)
        })
    }

    /// Puts certificates on the list of what a private authority has issued, durably: from then on, and not before, they
    /// may be given away. Says whether the number was free; where it was not, nothing is done.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn add_issued(
        &mut self,
        name: &AuthorityName,
        number: u32,
        certificates: Vec<IssuedCertificate>,
    ) -> Result<bool, StoreError> {
        let (disk, world) = (self.keystore.disk(), self.keystore.world());
        let newest = batches(disk, name)?.into_iter().max();
        if newest >= Some(number) {
            return Ok(false);
        }
        let batch = IssuedBatch { number, time: world.now(), by: world.actor.clone(), certificates };
        let bytes = log::seal(&batch).0;
        self.held.change(|| {
            // a backup holds files alone: a restored authority that had issued nothing has no folder for them
            if newest.is_none() {
                disk.ensure_folder(&layout::issued(name), PRIVATE_FOLDER)?;
                disk.sync_names(&layout::authority(name))?;
            }
            disk.put_durably(&layout::issued_batch(name, number), &bytes, PRIVATE_FILE)
        })?;
        Ok(true)
    }

    /// Revokes certificates of a private authority, durably; those that are revoked already stay as they were.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn revoke(&mut self, name: &AuthorityName, new: Vec<Revocation>) -> Result<(), StoreError> {
        let disk = self.keystore.disk();
        let mut revocations = load_revocations(disk, name)?;
        let known = |revocation: &Revocation| revocations.revoked.iter().any(|known| known.serial == revocation.serial);
        let new: Vec<Revocation> = new.into_iter().filter(|revocation| !known(revocation)).collect();
        if new.is_empty() {
            return Ok(());
        }
        revocations.revoked.extend(new);
        self.held.change(|| store_revocations(disk, name, &revocations))
    }

    /// What the next revocation list says, under a number that is spent with it, durably.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn next_revocation_list(&mut self, name: &AuthorityName) -> Result<Revocations, StoreError> {
        let disk = self.keystore.disk();
        let mut revocations = load_revocations(disk, name)?;
        revocations.list = successor(disk, &layout::revocations(name), revocations.list.checked_add(1))?;
        self.held.change(|| store_revocations(disk, name, &revocations))?;
        Ok(revocations)
    }
}
