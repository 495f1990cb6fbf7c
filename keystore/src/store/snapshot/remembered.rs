//! What a snapshot has read of servers. Of a key that is looked at alone, that is its own part of the files; where a
//! second key of its server is looked at, the files are read whole, once.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::{ServerFacts, ServerState, State};
use crate::name::{KeyPath, ServerName};
use crate::store::StoreError;

/// The servers that were read so far.
#[derive(Default)]
pub(super) struct Remembered(Mutex<Servers>);

#[derive(Default)]
struct Servers {
    state: State,
    indexes: BTreeMap<ServerName, ServerFacts>,
    /// The key of each server that was looked at first.
    first: BTreeMap<ServerName, KeyPath>,
}

impl Servers {
    /// Whether this key of its server, and no other, is looked at.
    fn is_alone(&mut self, key: &KeyPath) -> bool {
        *self.first.entry(key.server().clone()).or_insert_with(|| key.clone()) == *key
    }
}

impl Remembered {
    fn servers(&self) -> MutexGuard<'_, Servers> {
        // A server is put in whole or not at all.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether only this key's own part of its server's index is worth reading.
    pub(super) fn is_index_too_much(&self, key: &KeyPath) -> bool {
        let mut servers = self.servers();
        servers.is_alone(key) && !servers.indexes.contains_key(key.server())
    }

    /// Whether only this key's own part of its server's state is worth reading.
    pub(super) fn is_state_too_much(&self, key: &KeyPath) -> bool {
        let mut servers = self.servers();
        servers.is_alone(key) && !servers.state.has(key.server())
    }

    /// Looks at a state in which this server is loaded.
    pub(super) fn state<T>(
        &self,
        server: &ServerName,
        load: impl FnOnce() -> Result<ServerState, StoreError>,
        look: impl FnOnce(&State) -> T,
    ) -> Result<T, StoreError> {
        if !self.servers().state.has(server) {
            let state = load()?;
            self.servers().state.load(server.clone(), state);
        }
        Ok(look(&self.servers().state))
    }

    /// Looks at the index of a server.
    pub(super) fn index<T>(
        &self,
        server: &ServerName,
        load: impl FnOnce() -> Result<ServerFacts, StoreError>,
        look: impl FnOnce(&ServerFacts) -> T,
    ) -> Result<T, StoreError> {
        if let Some(index) = self.servers().indexes.get(server) {
            return Ok(look(index));
        }
        let index = load()?;
        Ok(look(self.servers().indexes.entry(server.clone()).or_insert(index)))
    }

    /// Forgets the index of a server, which is about to be written.
    pub(super) fn forget_index(&self, server: &ServerName) {
        self.servers().indexes.remove(server);
    }
}
