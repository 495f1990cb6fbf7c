//! Every server in brief, on as many threads as there are: for what looks at all keys.

use super::format::{decode, load_object_bytes};
use super::{Snapshot, StoreError, layout};
use crate::model::{ServerFactsBrief, ServerStateBrief};
use crate::name::{KeyName, KeyPath, Protocol, ServerName, ServicePath};
use crate::parallel;

/// What is known of a server, in brief.
#[derive(Debug)]
pub struct ServerBrief<'a> {
    /// Its facts.
    pub facts: ServerFactsBrief<'a>,
    /// Its committed state.
    pub state: ServerStateBrief<'a>,
}

/// The first key that is committed and that the index lacks.
fn first_lost<'b>(
    facts: &ServerFactsBrief<'_>,
    state: &'b ServerStateBrief<'_>,
) -> Option<(&'b Protocol, &'b KeyName)> {
    state.services.iter().find_map(|(protocol, service)| {
        // both in the order of their names
        let mut known = facts.protocols.get(protocol).into_iter().flatten().map(|(name, _)| name).peekable();
        let mut committed = service.keys.iter().filter(|(_, entry)| entry.since().is_some()).map(|(name, _)| name);
        let is_lost = |name: &&KeyName| {
            while known.next_if(|known| *known < name).is_some() {}
            known.next_if(|known| *known == *name).is_none()
        };
        committed.find(is_lost).map(|name| (protocol, name))
    })
}

impl Snapshot<'_> {
    /// Looks at servers, some at the same time. What is found stands in their order.
    ///
    /// # Errors
    /// When one can't be read or is damaged, and whatever `look` refuses.
    pub fn each_server<R: Send, E: Send + From<StoreError>>(
        &self,
        servers: &[ServerName],
        look: impl Fn(&ServerName, ServerBrief<'_>) -> Result<R, E> + Sync,
    ) -> Result<Vec<R>, E> {
        parallel::each_at_disk(self.threads, servers, |server| self.look_in_brief(server, &look))
    }

    fn look_in_brief<R, E: From<StoreError>>(
        &self,
        server: &ServerName,
        look: impl Fn(&ServerName, ServerBrief<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        let past = self.until.is_some().then(|| self.facts(server)).transpose()?;
        let path = layout::facts(server);
        let bytes = match past {
            Some(_) => None,
            None => self.disk.load_if_present(&path).map_err(StoreError::from)?,
        };
        let facts = match (&past, &bytes) {
            (Some(past), _) => ServerFactsBrief::from(past),
            (None, Some(bytes)) => decode(self.disk, &path, bytes)?,
            (None, None) => ServerFactsBrief::default(),
        };
        let object = self.tree.object(server);
        let bytes = object.map(|object| load_object_bytes(self.disk, object)).transpose();
        let bytes = bytes.map_err(|error| self.explain(error))?;
        let state = match (object, &bytes) {
            (Some(object), Some(bytes)) => decode(self.disk, &layout::state_object(object), bytes)?,
            _ => ServerStateBrief::default(),
        };
        match if past.is_none() { first_lost(&facts, &state) } else { None } {
            Some((protocol, name)) => {
                let service = ServicePath { server: server.clone(), protocol: protocol.clone() };
                Err(self.not_indexed(&KeyPath { service, name: name.clone() }).into())
            }
            None => look(server, ServerBrief { facts, state }),
        }
    }
}
