//! What generations need: the files of the state that they reach, and the material that these name.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{self, Tree};
use super::{Disk, Record, StoreError};
use crate::change::{Change, Stage};
use crate::digest::Digest;
use crate::model::{CertificateNumber, Installed, ServerState, VersionNumber};
use crate::name::{KeyPath, ServerName};

/// What some generations reach.
#[derive(Default)]
pub(super) struct Reach {
    /// The files of the state: roots and servers.
    pub(super) objects: BTreeSet<Digest>,
    servers: BTreeMap<ServerName, BTreeSet<Digest>>,
    /// What their changes made current, also where a later change of the same commit took its place.
    changed: BTreeMap<ServerName, Material>,
}

impl Reach {
    /// Takes in a generation.
    pub(super) fn take(&mut self, disk: &dyn Disk, record: &Record) -> Result<(), StoreError> {
        for change in &record.changes {
            if let Some((key, installed)) = change.installed() {
                self.changed.entry(key.server().clone()).or_default().add(key, installed);
            }
            if let Some((key, copied)) = change.copies() {
                let current = change.installed().map(|(_, installed)| installed.version);
                self.changed.entry(key.server().clone()).or_default().add_copies(key, copied, current);
            }
        }
        if self.objects.insert(record.state) {
            for (server, object) in Tree::load(disk, Some(record.state))?.objects() {
                self.objects.insert(object);
                self.servers.entry(server.clone()).or_default().insert(object);
            }
        }
        Ok(())
    }

    pub(super) fn servers(&self) -> impl Iterator<Item = &ServerName> {
        self.servers.keys().chain(self.changed.keys())
    }

    /// The material of one server's keys that these generations name.
    pub(super) fn material(&self, disk: &dyn Disk, server: &ServerName) -> Result<Material, StoreError> {
        let mut material = self.changed.get(server).cloned().unwrap_or_default();
        for object in self.servers.get(server).into_iter().flatten() {
            let state: ServerState = tree::load_object(disk, *object)?;
            for (key, entry) in state.keys(server) {
                let current = entry.current.as_ref().map(|current| &current.installed);
                current.iter().for_each(|installed| material.add(&key, installed));
                material.add_copies(&key, &entry.copied, current.map(|installed| installed.version));
            }
        }
        Ok(material)
    }
}

/// The files of a private key and one of its certificates, by their hashes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Files {
    pub(super) private_key: Digest,
    pub(super) certificate: Digest,
    pub(super) chain: Digest,
}

/// Private keys with certificates, as states and changes name them.
#[derive(Clone, Default)]
pub(super) struct Material {
    certificates: BTreeMap<KeyPath, BTreeMap<(VersionNumber, CertificateNumber), Files>>,
    /// Copies that came after what was current: nothing else of a generation says that they were in its tree.
    copies: BTreeSet<(KeyPath, VersionNumber)>,
}

impl Material {
    fn add(&mut self, key: &KeyPath, installed: &Installed) {
        let files = Files {
            private_key: installed.private_key_file,
            certificate: installed.certificate_file,
            chain: installed.chain_file,
        };
        self.certificates.entry(key.clone()).or_default().insert((installed.version, installed.certificate), files);
    }

    /// Adds copies of private keys without a certificate of their own: those that came after `current`.
    fn add_copies(&mut self, key: &KeyPath, copied: &BTreeSet<VersionNumber>, current: Option<VersionNumber>) {
        let later = copied.iter().filter(|version| Some(**version) > current);
        self.copies.extend(later.map(|version| (key.clone(), *version)));
    }

    /// Whether a version is a copy that was in a tree without being current.
    pub(super) fn has_copy(&self, key: &KeyPath, version: VersionNumber) -> bool {
        self.copies.contains(&(key.clone(), version))
    }

    /// Adds what is staged for a server's keys.
    pub(super) fn add_staged(&mut self, stage: &Stage, server: &ServerName) {
        let installed = stage.changes().filter_map(Change::installed);
        installed.filter(|(key, _)| key.server() == server).for_each(|(key, installed)| self.add(key, installed));
    }

    /// Every certificate that is named.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&KeyPath, VersionNumber, CertificateNumber, &Files)> {
        self.certificates.iter().flat_map(|(key, certificates)| {
            certificates.iter().map(move |((version, certificate), files)| (key, *version, *certificate, files))
        })
    }

    /// The certificates of one private key that are named.
    pub(super) fn of(
        &self,
        key: &KeyPath,
        version: VersionNumber,
    ) -> impl Iterator<Item = (CertificateNumber, &Files)> {
        let named = self.certificates.get(key).into_iter().flatten();
        named.filter(move |((number, _), _)| *number == version).map(|((_, certificate), files)| (*certificate, files))
    }
}
