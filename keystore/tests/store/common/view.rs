//! What readers and services see on a disk in memory, in a form that can be compared.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use keystore::digest::Digest;
use keystore::pki::{PrivateKeyFile, read_certificates};
use keystore::store::{Keystore, Kind};

use super::Picture;
use super::image::Image;
use super::memory_disk::OUTSIDE;
use super::picture::Served;

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

/// A file system, as far as services look at it.
trait Look {
    fn names(&self, folder: &Path) -> Vec<String>;
    fn is_link(&self, path: &Path) -> bool;
    fn is_folder(&self, path: &Path) -> bool;
    /// The folder that a link in a folder leads to.
    fn follow(&self, link: &Path) -> PathBuf;
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
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

fn served(look: &impl Look, folder: &Path) -> Served {
    let mut found = Served::new();
    for name in look.names(folder) {
        let path = folder.join(&name);
        if name == "current" && look.is_link(&path) {
            let fingerprint = pair(look, &look.follow(&path));
            found.insert(path, fingerprint);
        } else if look.is_folder(&path) {
            found.extend(served(look, &path));
        }
    }
    found
}

fn pair(look: &impl Look, folder: &Path) -> Digest {
    let file = |name: &str| look.read(&folder.join(name)).unwrap_or_else(|error| panic!("{folder:?} {name}: {error}"));
    let (private_key, certificate, chain) = (file("private-key.pem"), file("certificate.pem"), file("chain.pem"));
    assert_eq!(file("fullchain.pem"), [&certificate[..], &chain].concat());
    assert_eq!(file("combined.pem"), [&private_key[..], &certificate, &chain].concat());
    // The same few pairs come by thousands of times.
    static KNOWN: Mutex<BTreeMap<Vec<u8>, Digest>> = Mutex::new(BTreeMap::new());
    let contents = file("combined.pem");
    if let Some(known) = KNOWN.lock().unwrap().get(&contents) {
        return *known;
    }
    let Ok(PrivateKeyFile::Plain(key)) = PrivateKeyFile::from_pem(&private_key) else {
        panic!("no readable private key in {folder:?}");
    };
    let [leaf] = &read_certificates(&certificate).unwrap()[..] else { panic!("not one certificate in {folder:?}") };
    assert_eq!(key.public_key().hash(), leaf.public_key().hash(), "a mixed pair in {folder:?}");
    KNOWN.lock().unwrap().insert(contents, leaf.fingerprint());
    leaf.fingerprint()
}
