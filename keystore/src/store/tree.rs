//! The committed state on disk: one file per server and a root that names them, all immutable and named by
//! their SHA-256. A commit writes the servers it touched and a root; history and comparison come for free.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::format::{decode, encode, load_checked};
use super::layout::{self, PRIVATE_FILE};
use super::{Disk, StoreError};
use crate::digest::Digest;
use crate::model::{ServerState, State};
use crate::name::ServerName;

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

    /// Reads one server; one that is not there is empty.
    pub(super) fn server(&self, disk: &dyn Disk, name: &ServerName) -> Result<ServerState, StoreError> {
        self.servers.get(name).map_or_else(|| Ok(ServerState::default()), |digest| load_object(disk, *digest))
    }

    /// Writes the loaded servers of `state` and the root over them, beside what is there. Returns the root's
    /// digest.
    pub(super) fn store(mut self, disk: &dyn Disk, state: &State, sync: bool) -> Result<Digest, StoreError> {
        for (name, server) in state.servers() {
            if server.services.is_empty() {
                self.servers.remove(name);
            } else {
                let digest = store_object(disk, &encode(server), sync)?;
                self.servers.insert(name.clone(), digest);
            }
        }
        store_object(disk, &encode(&self), sync)
    }
}

fn load_object<T: serde::de::DeserializeOwned>(disk: &dyn Disk, digest: Digest) -> Result<T, StoreError> {
    let path = layout::state_object(digest);
    let bytes = load_checked(disk, &path, digest)?;
    decode(disk, &path, &bytes)
}

fn store_object(disk: &dyn Disk, bytes: &[u8], sync: bool) -> Result<Digest, StoreError> {
    let digest = Digest::of(bytes);
    let path = layout::state_object(digest);
    // A file of this name may be what a crash left of an unsynced write: it is written again, not believed. Or an earlier
    // generation has it, as after a binding that was taken back: then nothing that is not durable may take its place.
    let is_there = disk.exists(&path)?;
    disk.put(&path, bytes, PRIVATE_FILE, sync || is_there)?;
    Ok(digest)
}
