//! The committed state on disk: one file per server and a root that names them, all immutable and named by
//! their SHA-256. A commit writes the servers it touched and a root; history and comparison come for free.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::format::{decode, encode, load_object_bytes};
use super::layout::{self, PRIVATE_FILE};
use super::{Disk, StoreError};
use crate::digest::Digest;
use crate::model::{KeyEntry, ServerState, State};
use crate::name::{KeyName, KeyPath, Protocol, ServerName};
use crate::parallel;

/// The root: which file holds each server.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Tree {
    servers: BTreeMap<ServerName, Digest>,
}

impl Tree {
    /// Reads a root; no digest is the empty state.
    pub(super) fn load(disk: &dyn Disk, root: Option<Digest>) -> Result<Self, StoreError> {
        root.map_or_else(|| Ok(Self::default()), |digest| load_object(disk, digest))
    }

    pub(super) fn servers(&self) -> impl Iterator<Item = &ServerName> {
        self.servers.keys()
    }

    /// The file that holds a server.
    pub(super) fn object(&self, server: &ServerName) -> Option<Digest> {
        self.servers.get(server).copied()
    }

    /// The servers that are not the same here and there.
    pub(super) fn differing(&self, other: &Self) -> BTreeSet<ServerName> {
        let names: BTreeSet<_> = self.servers.keys().chain(other.servers.keys()).collect();
        names.into_iter().filter(|name| self.servers.get(*name) != other.servers.get(*name)).cloned().collect()
    }

    /// Reads one server; one that is not there is empty.
    pub(super) fn server(&self, disk: &dyn Disk, name: &ServerName) -> Result<ServerState, StoreError> {
        self.object(name).map_or_else(|| Ok(ServerState::default()), |digest| load_object(disk, digest))
    }

    /// Reads one key, without a look at the others of its server.
    pub(super) fn key(&self, disk: &dyn Disk, key: &KeyPath) -> Result<Option<KeyEntry>, StoreError> {
        #[derive(Deserialize)]
        struct Service<'a> {
            #[serde(borrow)]
            keys: BTreeMap<KeyName, &'a RawValue>,
        }
        #[derive(Deserialize)]
        struct Server<'a> {
            #[serde(borrow)]
            services: BTreeMap<Protocol, Service<'a>>,
        }
        let Some(digest) = self.object(key.server()) else { return Ok(None) };
        let (path, bytes) = (layout::state_object(digest), load_object_bytes(disk, digest)?);
        let server: Server<'_> = decode(disk, &path, &bytes)?;
        let entry = server.services.get(&key.service.protocol).and_then(|service| service.keys.get(&key.name));
        entry.map(|entry| decode(disk, &path, entry.get().as_bytes())).transpose()
    }

    /// The files that hold the servers.
    pub(super) fn objects(&self) -> impl Iterator<Item = (&ServerName, Digest)> {
        self.servers.iter().map(|(name, digest)| (name, *digest))
    }

    /// The root once the loaded servers of `state` have taken the place of what it named: itself, its file and
    /// theirs.
    pub(super) fn replaced(mut self, state: &State) -> (Self, Object, Vec<Object>) {
        let mut objects = Vec::new();
        for (name, server) in state.servers() {
            if server.services.is_empty() {
                self.servers.remove(name);
            } else {
                let object = Object::of(encode(server));
                self.servers.insert(name.clone(), object.digest);
                objects.push(object);
            }
        }
        let root = Object::of(encode(&self));
        (self, root, objects)
    }

    /// Writes the loaded servers of `state` and the root over them, beside what is there. Returns the root's
    /// digest.
    pub(super) fn store(
        self,
        disk: &dyn Disk,
        threads: usize,
        state: &State,
        sync: bool,
    ) -> Result<Digest, StoreError> {
        let (_, root, servers) = self.replaced(state);
        // Servers may come to the same state, and two threads would write the same file.
        let files: BTreeMap<_, _> = servers.into_iter().map(|server| (server.digest, server)).collect();
        parallel::each_at_disk(threads, &Vec::from_iter(files.into_values()), |file| file.store(disk, sync))?;
        root.store(disk, sync)?;
        Ok(root.digest)
    }
}

/// A file of the committed state.
pub(super) struct Object {
    pub(super) digest: Digest,
    pub(super) bytes: Vec<u8>,
}

impl Object {
    fn of(bytes: Vec<u8>) -> Self {
        Self { digest: Digest::of(&bytes), bytes }
    }

    pub(super) fn store(&self, disk: &dyn Disk, sync: bool) -> Result<(), StoreError> {
        let path = layout::state_object(self.digest);
        // A file of this name may be what a crash left of an unsynced write: it is written again, not believed. Or an
        // earlier generation has it, as after a binding that was taken back: then nothing that is not durable may take
        // its place.
        let is_there = disk.exists(&path)?;
        Ok(disk.put(&path, &self.bytes, PRIVATE_FILE, sync || is_there)?)
    }
}

pub(super) fn load_object<T: serde::de::DeserializeOwned>(disk: &dyn Disk, digest: Digest) -> Result<T, StoreError> {
    decode(disk, &layout::state_object(digest), &load_object_bytes(disk, digest)?)
}
