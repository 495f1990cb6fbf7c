//! A disk in memory: no durability, and as quick as can be.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use keystore::store::{Access, Disk, Entry, Kind, LockFile, Status, StorePath};

#[derive(Clone)]
pub enum Node {
    File(Vec<u8>, u32),
    Folder(u32),
    Link(String),
}

impl Node {
    fn kind(&self) -> Kind {
        match self {
            Self::File(..) => Kind::File,
            Self::Folder(_) => Kind::Folder,
            Self::Link(_) => Kind::Link,
        }
    }
}

/// Everything there is, by its path.
pub type Tree = BTreeMap<PathBuf, Node>;

/// A disk whose contents can be looked at while a keystore is open on it.
#[derive(Clone)]
pub struct MemoryDisk {
    tree: Arc<Mutex<Tree>>,
}

impl MemoryDisk {
    pub fn new(tree: Tree) -> Self {
        Self { tree: Arc::new(Mutex::new(tree)) }
    }

    pub fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().expect("no operation panics")
    }

    /// Whatever dots a path has, it is resolved as the kernel does it, and never leaves the keystore. The folder that it
    /// is in must be there.
    fn resolve(tree: &Tree, path: &StorePath) -> io::Result<PathBuf> {
        let mut resolved = PathBuf::new();
        for component in path.as_path().components() {
            match component {
                Component::CurDir => {}
                Component::Normal(name) => resolved.push(name),
                Component::ParentDir if resolved.pop() => {}
                _ => return Err(ErrorKind::CrossesDevices.into()),
            }
        }
        match resolved.parent() {
            Some(parent) if parent != Path::new("") => match tree.get(parent) {
                Some(Node::Folder(_)) => Ok(resolved),
                Some(_) => Err(ErrorKind::NotADirectory.into()),
                None => Err(ErrorKind::NotFound.into()),
            },
            _ => Ok(resolved),
        }
    }

    fn node(&self, path: &StorePath) -> io::Result<Node> {
        let tree = self.tree();
        let resolved = Self::resolve(&tree, path)?;
        if resolved == Path::new("") {
            return Ok(Node::Folder(0o711));
        }
        tree.get(&resolved).cloned().ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn add(&self, path: &StorePath, node: Node) -> io::Result<()> {
        let mut tree = self.tree();
        let resolved = Self::resolve(&tree, path)?;
        match tree.contains_key(&resolved) || resolved == Path::new("") {
            true => Err(ErrorKind::AlreadyExists.into()),
            false => {
                tree.insert(resolved, node);
                Ok(())
            }
        }
    }

    fn remove(&self, path: &StorePath, folder: bool) -> io::Result<()> {
        let mut tree = self.tree();
        let resolved = Self::resolve(&tree, path)?;
        let is_folder = matches!(tree.get(&resolved).ok_or(ErrorKind::NotFound)?, Node::Folder(_));
        if is_folder != folder {
            return Err(if folder { ErrorKind::NotADirectory } else { ErrorKind::IsADirectory }.into());
        }
        if folder && tree.keys().any(|other| other.parent() == Some(&resolved)) {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        tree.remove(&resolved);
        Ok(())
    }
}

struct Held;

impl LockFile for Held {
    fn describe(&mut self, _text: &str) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for MemoryDisk {
    fn root(&self) -> &Path {
        Path::new("/keystore")
    }

    fn read(&self, path: &StorePath) -> io::Result<Vec<u8>> {
        match self.node(path)? {
            Node::File(bytes, _) => Ok(bytes),
            _ => Err(ErrorKind::InvalidInput.into()),
        }
    }

    fn list(&self, path: &StorePath) -> io::Result<Vec<Entry>> {
        if !matches!(self.node(path)?, Node::Folder(_)) {
            return Err(ErrorKind::NotADirectory.into());
        }
        let tree = self.tree();
        let resolved = Self::resolve(&tree, path)?;
        let inside = tree.iter().filter(|(other, _)| other.parent() == Some(&resolved));
        let entry = |(path, node): (&PathBuf, &Node)| {
            Some(Entry { name: path.file_name()?.to_string_lossy().into_owned(), kind: node.kind() })
        };
        Ok(inside.filter_map(entry).collect())
    }

    fn read_link(&self, path: &StorePath) -> io::Result<String> {
        match self.node(path)? {
            Node::Link(target) => Ok(target),
            _ => Err(ErrorKind::InvalidInput.into()),
        }
    }

    fn status(&self, path: &StorePath) -> io::Result<Status> {
        let (kind, mode) = match self.node(path)? {
            Node::File(_, mode) => (Kind::File, mode),
            Node::Folder(mode) => (Kind::Folder, mode),
            Node::Link(_) => (Kind::Link, 0o777),
        };
        let (owner, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        Ok(Status { kind, mode, owner, group })
    }

    fn create_folder(&self, path: &StorePath, mode: u32) -> io::Result<()> {
        self.add(path, Node::Folder(mode))
    }

    fn create_file(&self, path: &StorePath, bytes: &[u8], access: Access, _sync: bool) -> io::Result<()> {
        self.add(path, Node::File(bytes.to_vec(), access.mode))
    }

    fn sync_folder(&self, path: &StorePath) -> io::Result<()> {
        self.node(path).map(drop)
    }

    fn can_sync_everything(&self) -> bool {
        true
    }

    fn sync_everything(&self) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &StorePath, to: &StorePath) -> io::Result<()> {
        let node = self.node(from)?;
        let mut tree = self.tree();
        let (from, to) = (Self::resolve(&tree, from)?, Self::resolve(&tree, to)?);
        if matches!(tree.get(&to), Some(Node::Folder(_))) {
            return Err(ErrorKind::IsADirectory.into());
        }
        tree.remove(&from);
        tree.insert(to, node);
        Ok(())
    }

    fn link(&self, from: &StorePath, to: &StorePath) -> io::Result<()> {
        self.add(to, self.node(from)?)
    }

    fn symlink(&self, target: &str, path: &StorePath) -> io::Result<()> {
        self.add(path, Node::Link(target.to_owned()))
    }

    fn remove_file(&self, path: &StorePath) -> io::Result<()> {
        self.remove(path, false)
    }

    fn remove_folder(&self, path: &StorePath) -> io::Result<()> {
        self.remove(path, true)
    }

    fn set_mode(&self, path: &StorePath, mode: u32) -> io::Result<()> {
        let mut tree = self.tree();
        let resolved = Self::resolve(&tree, path)?;
        match tree.get_mut(&resolved).ok_or(ErrorKind::NotFound)? {
            Node::File(_, old) | Node::Folder(old) => *old = mode,
            Node::Link(_) => return Err(ErrorKind::InvalidInput.into()),
        }
        Ok(())
    }

    fn try_lock(&self, _path: &StorePath) -> io::Result<Option<Box<dyn LockFile>>> {
        Ok(Some(Box::new(Held)))
    }

    /// The machine's own folders are no matter of fuzzing.
    fn outside(&self, _folder: &Path) -> io::Result<Box<dyn Disk + '_>> {
        Err(ErrorKind::NotFound.into())
    }
}
