//! A file system in memory that knows what a loss of power would leave of it. `docs/keystore-format.md` says what is
//! assumed of a file system; this is that assumption, as a program.
//!
//! Processes see the live image. Beside it, each file knows which bytes of it are durable, and each folder which names;
//! changes of names wait in a list until a sync makes them durable.

mod durable;
mod fingerprint;
mod loss;

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher as _};
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

use keystore::store::{Access, Kind, Status};
use rustix::io::Errno;

pub(crate) use loss::Loss;

/// What a name stands for. A file with two names is one of these, and so is its content.
pub(crate) type Inode = usize;

const ROOT: Inode = 0;

/// Bytes with their hash, which is all that is compared of them.
#[derive(Clone)]
pub(crate) struct Blob(Arc<(u64, Vec<u8>)>);

impl Blob {
    fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new((hash(&bytes), bytes)))
    }

    fn bytes(&self) -> &[u8] {
        &self.0.1
    }
}

impl Hash for Blob {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.0.hash(state);
    }
}

pub(crate) fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// One hash of many.
fn mix(hashes: &[u64]) -> u64 {
    hashes.iter().fold(0, |mixed, hash| (mixed.rotate_left(5) ^ hash).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Fate {
    /// What is live is durable.
    Durable,
    /// The next sync makes it durable.
    Dirty,
    /// A sync failed: it is durable or not, and no later sync does anything about it.
    Doubtful,
}

#[derive(Clone, Hash)]
enum Body {
    File { live: Blob, durable: Blob, fate: Fate },
    Folder { live: BTreeMap<String, Inode>, durable: BTreeMap<String, Inode> },
    Link(String),
}

#[derive(Clone, Hash)]
struct Node {
    mode: u32,
    owner: u32,
    group: u32,
    body: Body,
}

/// A node with its hash, and that of the names in it, shared by the copies of an image in which it is the same.
#[derive(Clone)]
struct Shared(Arc<(u64, Node, u64)>);

impl Shared {
    fn new(node: Node) -> Self {
        let names = match &node.body {
            Body::Folder { live, .. } => live.keys().fold(0, |names, name| mix(&[names, hash(name)])),
            _ => 0,
        };
        Self(Arc::new((hash(&node), node, names)))
    }
}

impl std::ops::Deref for Shared {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.0.1
    }
}

/// One operation on names, of which all is durable or nothing: what each name stands for from then on. With its hash.
struct Naming(Vec<(Inode, String, Option<Inode>)>, u64);

/// The whole file system, cheap to copy.
#[derive(Clone)]
pub(crate) struct Image {
    /// By number; none where nothing leads to any more.
    nodes: Vec<Option<Shared>>,
    pending: Vec<Arc<Naming>>,
    locked: BTreeSet<Inode>,
    /// Who runs this.
    user: (u32, u32),
}

/// Looking and changing, as processes do.
impl Image {
    /// An empty folder, durable, that belongs to whoever runs this.
    pub(crate) fn new() -> Self {
        let user = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let root = Node { mode: 0o711, owner: user.0, group: user.1, body: folder() };
        Self { nodes: vec![Some(Shared::new(root))], pending: Vec::new(), locked: BTreeSet::new(), user }
    }

    fn at(&self, inode: Inode) -> &Shared {
        self.nodes[inode].as_ref().unwrap()
    }

    fn node(&self, path: &Path) -> Result<(Inode, &Node), Errno> {
        let mut at = ROOT;
        for component in path.components() {
            let Component::Normal(name) = component else { return Err(Errno::XDEV) };
            at = *self.names(at)?.get(name.to_str().ok_or(Errno::ILSEQ)?).ok_or(Errno::NOENT)?;
        }
        Ok((at, self.at(at)))
    }

    fn names(&self, folder: Inode) -> Result<&BTreeMap<String, Inode>, Errno> {
        match &self.at(folder).body {
            Body::Folder { live, .. } => Ok(live),
            Body::Link(_) => Err(Errno::LOOP),
            Body::File { .. } => Err(Errno::NOTDIR),
        }
    }

    /// The folder that a path is in, and its last component.
    fn place(&self, path: &Path) -> Result<(Inode, String), Errno> {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or(Errno::INVAL)?;
        let (folder, _) = self.node(path.parent().unwrap_or(Path::new("")))?;
        self.names(folder)?;
        Ok((folder, name.to_owned()))
    }

    fn vacant(&self, path: &Path) -> Result<(Inode, String), Errno> {
        let (folder, name) = self.place(path)?;
        if self.names(folder)?.contains_key(&name) { Err(Errno::EXIST) } else { Ok((folder, name)) }
    }

    fn edit(&mut self, inode: Inode, edit: impl FnOnce(&mut Body)) {
        let mut node = (**self.at(inode)).clone();
        edit(&mut node.body);
        self.nodes[inode] = Some(Shared::new(node));
    }

    /// Does it to the live image at once, and durably later.
    fn name(&mut self, names: Vec<(Inode, String, Option<Inode>)>) {
        for (folder, name, inode) in &names {
            self.edit(*folder, |body| {
                if let Body::Folder { live, .. } = body {
                    set(live, name, *inode);
                }
            });
        }
        let hash = hash(&names);
        self.pending.push(Arc::new(Naming(names, hash)));
    }

    fn make(&mut self, path: &Path, access: impl Into<Access>, body: Body) -> Result<Inode, Errno> {
        let (folder, name) = self.vacant(path)?;
        let inode = self.nodes.len();
        let Access { mode, owner, group } = access.into();
        let (owner, group) = (owner.unwrap_or(self.user.0), group.unwrap_or(self.user.1));
        self.nodes.push(Some(Shared::new(Node { mode, owner, group, body })));
        self.name(vec![(folder, name, Some(inode))]);
        Ok(inode)
    }

    pub(crate) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match &self.node(path)?.1.body {
            Body::File { live, .. } => Ok(live.bytes().to_vec()),
            Body::Link(_) => Err(Errno::LOOP.into()),
            Body::Folder { .. } => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    pub(crate) fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        Ok(self.names(self.node(path)?.0)?.keys().cloned().collect())
    }

    pub(crate) fn read_link(&self, path: &Path) -> io::Result<String> {
        match &self.node(path)?.1.body {
            Body::Link(target) => Ok(target.clone()),
            _ => Err(Errno::INVAL.into()),
        }
    }

    pub(crate) fn status(&self, path: &Path) -> io::Result<Status> {
        let node = self.node(path)?.1;
        let kind = match node.body {
            Body::File { .. } => Kind::File,
            Body::Folder { .. } => Kind::Folder,
            Body::Link(_) => Kind::Link,
        };
        Ok(Status { kind, mode: node.mode, owner: node.owner, group: node.group })
    }

    /// Durably.
    pub(crate) fn set_mode(&mut self, path: &Path, mode: u32) -> io::Result<()> {
        let (inode, node) = self.node(path)?;
        let node = Node { mode, ..node.clone() };
        self.nodes[inode] = Some(Shared::new(node));
        Ok(())
    }

    pub(crate) fn create_folder(&mut self, path: &Path, mode: u32) -> io::Result<()> {
        Ok(self.make(path, mode, folder()).map(drop)?)
    }

    pub(crate) fn create_file(&mut self, path: &Path, bytes: &[u8], access: impl Into<Access>) -> io::Result<Inode> {
        let (live, durable) = (Blob::new(bytes.to_vec()), Blob::new(Vec::new()));
        Ok(self.make(path, access, Body::File { live, durable, fate: Fate::Dirty })?)
    }

    pub(crate) fn symlink(&mut self, target: &str, path: &Path) -> io::Result<()> {
        Ok(self.make(path, 0o777, Body::Link(target.to_owned())).map(drop)?)
    }

    pub(crate) fn link(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (inode, node) = self.node(from)?;
        if matches!(node.body, Body::Folder { .. }) {
            return Err(Errno::PERM.into());
        }
        let (folder, name) = self.vacant(to)?;
        self.name(vec![(folder, name, Some(inode))]);
        Ok(())
    }

    pub(crate) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (inode, moved) = self.node(from)?;
        let ((from_folder, from_name), (to_folder, to_name)) = (self.place(from)?, self.place(to)?);
        if let Ok((there, replaced)) = self.node(to) {
            match (&moved.body, &replaced.body) {
                // two names of one file: nothing is done, says POSIX
                _ if there == inode => return Ok(()),
                (Body::Folder { .. }, Body::Folder { live, .. }) if live.is_empty() => {}
                (Body::Folder { .. }, Body::Folder { .. }) => return Err(Errno::NOTEMPTY.into()),
                (Body::Folder { .. }, _) => return Err(Errno::NOTDIR.into()),
                (_, Body::Folder { .. }) => return Err(Errno::ISDIR.into()),
                _ => {}
            }
        }
        self.name(vec![(from_folder, from_name, None), (to_folder, to_name, Some(inode))]);
        Ok(())
    }

    pub(crate) fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        if matches!(self.node(path)?.1.body, Body::Folder { .. }) {
            return Err(Errno::ISDIR.into());
        }
        let (folder, name) = self.place(path)?;
        self.name(vec![(folder, name, None)]);
        Ok(())
    }

    pub(crate) fn remove_folder(&mut self, path: &Path) -> io::Result<()> {
        match &self.node(path)?.1.body {
            Body::Folder { live, .. } if live.is_empty() => {}
            Body::Folder { .. } => return Err(Errno::NOTEMPTY.into()),
            _ => return Err(Errno::NOTDIR.into()),
        }
        let (folder, name) = self.place(path)?;
        self.name(vec![(folder, name, None)]);
        Ok(())
    }

    /// Takes the lock of a file, made when missing; none when an open file has it.
    pub(crate) fn lock(&mut self, path: &Path) -> io::Result<Option<Inode>> {
        let inode = match self.node(path) {
            Ok((inode, Node { body: Body::File { .. }, .. })) => inode,
            Ok((_, Node { body: Body::Link(_), .. })) => return Err(Errno::LOOP.into()),
            Ok(_) => return Err(Errno::ISDIR.into()),
            Err(Errno::NOENT) => self.create_file(path, &[], 0o600)?,
            Err(error) => return Err(error.into()),
        };
        Ok(self.locked.insert(inode).then_some(inode))
    }

    pub(crate) fn unlock(&mut self, inode: Inode) {
        self.locked.remove(&inode);
    }

    /// Writes over the beginning of a file, in place.
    pub(crate) fn overwrite(&mut self, inode: Inode, bytes: &[u8]) {
        self.edit(inode, |body| {
            if let Body::File { live, fate, .. } = body {
                let rest = live.bytes().get(bytes.len()..).unwrap_or_default();
                *live = Blob::new([bytes, rest].concat());
                *fate = Fate::Dirty;
            }
        });
    }
}

fn folder() -> Body {
    Body::Folder { live: BTreeMap::new(), durable: BTreeMap::new() }
}

fn set(names: &mut BTreeMap<String, Inode>, name: &str, inode: Option<Inode>) {
    match inode {
        Some(inode) => _ = names.insert(name.to_owned(), inode),
        None => _ = names.remove(name),
    }
}
