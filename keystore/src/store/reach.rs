//! What generations need: the files of the state that they reach, and the material that these name.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{self, Tree};
use super::{Disk, StoreError};
use crate::change::{Change, Stage};
use crate::digest::Digest;
use crate::model::{CertificateNumber, Installed, VersionNumber};
use crate::name::{KeyPath, ServerName, ServicePath};

/// The files of the state that some generations reach.
#[derive(Default)]
pub(super) struct Reach {
    /// All of them: roots and servers.
    pub(super) objects: BTreeSet<Digest>,
    servers: BTreeMap<ServerName, BTreeSet<Digest>>,
}

impl Reach {
    /// Follows the roots of some generations.
    pub(super) fn of(disk: &dyn Disk, roots: impl IntoIterator<Item = Digest>) -> Result<Self, StoreError> {
        let mut reach = Self::default();
        for root in roots {
            if !reach.objects.insert(root) {
                continue;
            }
            for (server, object) in Tree::load(disk, Some(root))?.objects() {
                reach.objects.insert(object);
                reach.servers.entry(server.clone()).or_default().insert(object);
            }
        }
        Ok(reach)
    }

    pub(super) fn servers(&self) -> impl Iterator<Item = &ServerName> {
        self.servers.keys()
    }

    /// The material of one server's keys that these generations name.
    pub(super) fn material(&self, disk: &dyn Disk, server: &ServerName) -> Result<Material, StoreError> {
        let mut material = Material::default();
        for object in self.servers.get(server).into_iter().flatten() {
            for (protocol, service) in tree::load_server(disk, *object)?.services {
                for (name, entry) in service.keys {
                    let service = ServicePath { server: server.clone(), protocol: protocol.clone() };
                    let key = KeyPath { service, name };
                    entry.current.iter().for_each(|current| material.add(&key, &current.installed));
                }
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

/// Private keys with certificates, as states and the stage name them.
#[derive(Default)]
pub(super) struct Material(BTreeMap<KeyPath, BTreeMap<(VersionNumber, CertificateNumber), Files>>);

impl Material {
    fn add(&mut self, key: &KeyPath, installed: &Installed) {
        let files = Files {
            private_key: installed.private_key_file,
            certificate: installed.certificate_file,
            chain: installed.chain_file,
        };
        self.0.entry(key.clone()).or_default().insert((installed.version, installed.certificate), files);
    }

    /// Adds what is staged for a server's keys.
    pub(super) fn add_staged(&mut self, stage: &Stage, server: &ServerName) {
        let installed = stage.changes().filter_map(Change::installed);
        installed.filter(|(key, _)| key.server() == server).for_each(|(key, installed)| self.add(key, installed));
    }

    /// Every certificate that is named.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&KeyPath, VersionNumber, CertificateNumber, &Files)> {
        self.0.iter().flat_map(|(key, certificates)| {
            certificates.iter().map(move |((version, certificate), files)| (key, *version, *certificate, files))
        })
    }

    /// The certificates of one private key that are named.
    pub(super) fn of(
        &self,
        key: &KeyPath,
        version: VersionNumber,
    ) -> impl Iterator<Item = (CertificateNumber, &Files)> {
        let named = self.0.get(key).into_iter().flatten();
        named.filter(move |((number, _), _)| *number == version).map(|((_, certificate), files)| (*certificate, files))
    }
}
