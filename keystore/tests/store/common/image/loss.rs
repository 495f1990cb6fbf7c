//! What a loss of power leaves.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Blob, Body, Fate, Image, Inode, Node, ROOT, Shared, hash};

/// What becomes of the contents of files that were never synced.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Contents {
    Kept,
    /// What was durable before: nothing, for a new file.
    Lost,
    /// Its first half is there.
    Half,
    /// As many zero bytes: the length is kept.
    Zeros,
    /// One of these for each file.
    Mixed(u64),
}

/// What becomes of the names that were never synced. Whatever becomes of them, those of one folder are kept up to
/// some point and lost after it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Names {
    Kept,
    Lost,
    KeptOnlyIn(Inode),
    LostOnlyIn(Inode),
    /// Up to some point of its own in each folder.
    Mixed(u64),
}

/// What a loss of power takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Loss {
    pub(crate) contents: Contents,
    pub(crate) names: Names,
}

impl Image {
    /// What a loss of power can leave, each once: contents and names kept or lost, in all four ways, and something at
    /// random. `all` of it is also half of the contents, and the names of each folder alone kept and alone lost.
    pub(crate) fn losses(&self, all: bool) -> Vec<(Loss, Self)> {
        if !self.has_unsynced() {
            return vec![(Loss { contents: Contents::Kept, names: Names::Kept }, self.clone())];
        }
        let mut names = vec![Names::Kept, Names::Lost];
        if all {
            let namings = self.pending.iter().flat_map(|naming| &naming.0);
            let folders: BTreeSet<Inode> = namings.map(|(folder, ..)| *folder).collect();
            names.extend(folders.iter().flat_map(|folder| [Names::KeptOnlyIn(*folder), Names::LostOnlyIn(*folder)]));
        }
        let mut losses = Vec::new();
        for contents in [Contents::Kept, Contents::Lost] {
            losses.extend(names.iter().map(|names| Loss { contents, names: *names }));
        }
        if all {
            losses.extend([Contents::Half, Contents::Zeros].map(|contents| Loss { contents, names: Names::Kept }));
        }
        let seed = self.fingerprint();
        let mixed = (0..if all { 4 } else { 1 }).map(|more| seed.wrapping_add(more));
        losses.extend(mixed.map(|seed| Loss { contents: Contents::Mixed(seed), names: Names::Mixed(seed) }));
        let mut known = BTreeSet::new();
        let left = losses.into_iter().map(|loss| (loss, self.after(loss)));
        left.filter(|(_, image)| known.insert(image.fingerprint())).collect()
    }

    /// Whether a loss of power would take something.
    pub(crate) fn has_unsynced(&self) -> bool {
        let is_unsynced = |node: &Node| matches!(node.body, Body::File { fate: Fate::Dirty | Fate::Doubtful, .. });
        !self.pending.is_empty() || self.nodes.iter().flatten().any(|node| is_unsynced(node))
    }

    /// What is there after the power has come back: all of it durable, nobody at work.
    fn after(&self, loss: Loss) -> Self {
        let mut image = self.clone();
        let (mut kept, mut cut) = (Vec::new(), BTreeSet::new());
        for (at, naming) in self.pending.iter().enumerate() {
            let folders = || naming.0.iter().map(|(folder, ..)| *folder);
            if folders().any(|folder| cut.contains(&folder) || !is_kept(loss.names, at, folder)) {
                cut.extend(folders());
            } else {
                kept.push(Arc::clone(naming));
            }
        }
        image.make_durable(&kept);
        let nodes = vec![None; self.nodes.len()];
        let mut kept = Self { nodes, pending: Vec::new(), locked: BTreeSet::new(), user: self.user };
        kept.take_over(&image, ROOT, loss.contents);
        let last = kept.nodes.iter().rposition(Option::is_some);
        kept.nodes.truncate(last.map_or(0, |last| last + 1));
        kept
    }

    /// Copies what is durable of a node, and of what can be reached from it.
    fn take_over(&mut self, from: &Self, inode: Inode, contents: Contents) {
        if self.nodes[inode].is_some() {
            return;
        }
        let node = from.at(inode);
        self.nodes[inode] = Some(node.clone());
        match &node.body {
            Body::File { live, durable, fate: Fate::Dirty | Fate::Doubtful } => {
                let left = left(contents, inode, live, durable);
                let body = Body::File { live: left.clone(), durable: left, fate: Fate::Durable };
                self.nodes[inode] = Some(Shared::new(Node { body, ..(**node).clone() }));
            }
            Body::Folder { live, durable } => {
                if live != durable {
                    let body = Body::Folder { live: durable.clone(), durable: durable.clone() };
                    self.nodes[inode] = Some(Shared::new(Node { body, ..(**node).clone() }));
                }
                durable.values().for_each(|inode| self.take_over(from, *inode, contents));
            }
            Body::File { fate: Fate::Durable, .. } | Body::Link(_) => {}
        }
    }
}

/// Whether the power stayed long enough for one more name in this folder.
fn is_kept(names: Names, at: usize, folder: Inode) -> bool {
    match names {
        Names::Kept => true,
        Names::Lost => false,
        Names::KeptOnlyIn(only) => folder == only,
        Names::LostOnlyIn(only) => folder != only,
        Names::Mixed(seed) => !hash(&(seed, at, folder)).is_multiple_of(4),
    }
}

fn left(contents: Contents, inode: Inode, live: &Blob, durable: &Blob) -> Blob {
    let half = || {
        let rest = durable.bytes().get(live.bytes().len() / 2..).unwrap_or_default();
        [&live.bytes()[..live.bytes().len() / 2], rest].concat()
    };
    match contents {
        Contents::Kept => live.clone(),
        Contents::Lost => durable.clone(),
        Contents::Half => Blob::new(half()),
        Contents::Zeros => Blob::new(vec![0; live.bytes().len()]),
        Contents::Mixed(seed) => {
            let all = [Contents::Kept, Contents::Lost, Contents::Half, Contents::Zeros];
            left(all[usize::try_from(hash(&(seed, inode)) % 4).unwrap()], inode, live, durable)
        }
    }
}
