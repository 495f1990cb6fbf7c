//! What makes things durable.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{Body, Fate, Image, Inode, Naming, Node, ROOT, set};

impl Image {
    pub(crate) fn sync_file(&mut self, inode: Inode) {
        self.edit(inode, |body| {
            if let Body::File { live, durable, fate: fate @ Fate::Dirty } = body {
                (*durable, *fate) = (live.clone(), Fate::Durable);
            }
        });
    }

    /// A sync of the file that failed.
    pub(crate) fn fail_to_sync_file(&mut self, inode: Inode) {
        self.edit(inode, |body| {
            if let Body::File { fate: fate @ Fate::Dirty, .. } = body {
                *fate = Fate::Doubtful;
            }
        });
    }

    /// Makes the names in a folder durable. A renaming between two folders takes with it what the other waited for.
    pub(crate) fn sync_folder(&mut self, path: &Path) -> io::Result<()> {
        let (folder, _) = self.node(path)?;
        self.names(folder)?;
        let mut folders = BTreeSet::from([folder]);
        let mut chosen = Vec::new();
        for (at, Naming(names, _)) in self.pending.iter().map(|naming| &**naming).enumerate().rev() {
            if names.iter().any(|(folder, ..)| folders.contains(folder)) {
                folders.extend(names.iter().map(|(folder, ..)| *folder));
                chosen.push(at);
            }
        }
        let mut chosen: Vec<_> = chosen.into_iter().map(|at| self.pending.remove(at)).collect();
        chosen.reverse();
        self.make_durable(&chosen);
        Ok(())
    }

    pub(crate) fn sync_everything(&mut self) {
        self.sync_everything_but("");
    }

    /// What is below this folder is on another file system.
    pub(crate) fn sync_everything_but(&mut self, other: &str) {
        let other = self.below(other);
        self.dirty().into_iter().filter(|inode| !other.contains(inode)).for_each(|inode| self.sync_file(inode));
        let is_other = |naming: &Arc<Naming>| naming.0.iter().all(|(folder, ..)| other.contains(folder));
        let (left, pending) = std::mem::take(&mut self.pending).into_iter().partition(is_other);
        self.pending = left;
        self.make_durable(&pending);
    }

    /// A sync of everything that failed. Names are kept in a journal: a later sync that succeeds has written it.
    pub(crate) fn fail_to_sync_everything_but(&mut self, other: &str) {
        let other = self.below(other);
        self.dirty().into_iter().filter(|inode| !other.contains(inode)).for_each(|inode| self.fail_to_sync_file(inode));
    }

    /// A folder of the uppermost folder, and all that was ever below it.
    fn below(&self, name: &str) -> BTreeSet<Inode> {
        let mut found: BTreeSet<_> =
            self.names(ROOT).ok().and_then(|names| names.get(name)).copied().into_iter().collect();
        let mut todo: Vec<_> = found.iter().copied().collect();
        while let Some(inode) = todo.pop() {
            let Body::Folder { live, .. } = &self.at(inode).body else { continue };
            let pending = self.pending.iter().flat_map(|naming| &naming.0).filter(|(folder, ..)| *folder == inode);
            let inside = live.values().copied().chain(pending.filter_map(|(.., inode)| *inode));
            todo.extend(inside.filter(|inode| found.insert(*inode)));
        }
        found
    }

    fn dirty(&self) -> Vec<Inode> {
        let is_dirty = |node: &Node| matches!(node.body, Body::File { fate: Fate::Dirty, .. });
        (0..self.nodes.len()).filter(|inode| self.nodes[*inode].as_deref().is_some_and(is_dirty)).collect()
    }

    pub(super) fn make_durable(&mut self, namings: &[Arc<Naming>]) {
        let mut folders: BTreeMap<Inode, Vec<(&String, Option<Inode>)>> = BTreeMap::new();
        for (folder, name, inode) in namings.iter().flat_map(|naming| &naming.0) {
            folders.entry(*folder).or_default().push((name, *inode));
        }
        for (folder, names) in folders {
            self.edit(folder, |body| {
                if let Body::Folder { durable, .. } = body {
                    names.into_iter().for_each(|(name, inode)| set(durable, name, inode));
                }
            });
        }
    }
}
