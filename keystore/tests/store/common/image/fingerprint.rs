//! Images in one number.

use super::{Body, Image, Inode, ROOT, hash, mix};

impl Image {
    /// Tells images apart, with what is durable of them.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut seen: Vec<u64> = self.nodes.iter().map(|node| node.as_ref().map_or(0, |node| node.0.0)).collect();
        seen.extend(self.pending.iter().map(|naming| naming.1));
        mix(&seen)
    }

    /// Tells apart what processes see under some names of the uppermost folder.
    pub(crate) fn live_fingerprint(&self, which: impl Fn(&str) -> bool) -> u64 {
        let mut seen = Vec::new();
        if let Body::Folder { live, .. } = &self.at(ROOT).body {
            for (name, inode) in live.iter().filter(|(name, _)| which(name)) {
                seen.push(hash(name));
                self.see(*inode, &mut seen);
            }
        }
        mix(&seen)
    }

    fn see(&self, inode: Inode, seen: &mut Vec<u64>) {
        let node = self.at(inode);
        match &node.body {
            Body::File { live, .. } => seen.extend([hash(&(node.mode, node.owner, node.group)), live.0.0]),
            Body::Link(_) => seen.push(node.0.0),
            Body::Folder { live, .. } => {
                let names = &node.0.2;
                seen.extend([u64::from(node.mode), *names]);
                live.values().for_each(|inode| self.see(*inode, seen));
            }
        }
    }
}
