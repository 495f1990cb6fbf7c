//! What readers and services see on a disk in memory, in a form that can be compared.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use keystore::digest::Digest;
use keystore::store::{Keystore, Kind};

use super::Picture;
use super::image::Image;
use super::memory_disk::OUTSIDE;
use super::served::{Look, Served, served};

/// Everything that a reader sees, and what services read.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct View {
    pub(crate) picture: Picture,
    pub(crate) served: Served,
    pub(crate) outside: Outside,
}

/// Files outside the keystore: mode, owner and contents.
pub(crate) type Outside = BTreeMap<PathBuf, (u32, u32, Digest)>;

impl View {
    pub(crate) fn of(keystore: &Keystore, image: &Image) -> Self {
        let mut outside = Outside::new();
        if image.status(Path::new(OUTSIDE)).is_ok() {
            see(image, Path::new(OUTSIDE), &mut outside);
        }
        Self { picture: Picture::of(keystore), served: served(&Memory(image), Path::new("live")), outside }
    }
}

fn see(image: &Image, folder: &Path, outside: &mut Outside) {
    for name in image.list(folder).unwrap() {
        let path = folder.join(name);
        let status = image.status(&path).unwrap();
        if status.kind == Kind::Folder {
            see(image, &path, outside);
        } else {
            let contents = Digest::of(&image.read(&path).unwrap());
            let name = path.strip_prefix(OUTSIDE).unwrap().to_path_buf();
            outside.insert(name, (status.mode, status.owner, contents));
        }
    }
}

struct Memory<'a>(&'a Image);

impl Look for Memory<'_> {
    fn names(&self, folder: &Path) -> Vec<String> {
        self.0.list(folder).unwrap()
    }

    fn is_link(&self, path: &Path) -> bool {
        self.0.status(path).unwrap().kind == Kind::Link
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.0.status(path).unwrap().kind == Kind::Folder
    }

    fn follow(&self, link: &Path) -> PathBuf {
        link.with_file_name(self.0.read_link(link).unwrap())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.read(path)
    }
}
