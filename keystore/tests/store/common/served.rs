//! What services read. Each folder must hold a private key and its certificate in all the forms.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{fs, io};

use keystore::digest::Digest;
use keystore::pki::{PrivateKeyFile, read_certificates};

/// Certificates by the folder that a service reads.
pub(crate) type Served = BTreeMap<PathBuf, Digest>;

/// A file system, as far as services look at it.
pub(crate) trait Look {
    fn names(&self, folder: &Path) -> Vec<String>;
    fn is_link(&self, path: &Path) -> bool;
    fn is_folder(&self, path: &Path) -> bool;
    /// The folder that a link in a folder leads to.
    fn follow(&self, link: &Path) -> PathBuf;
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
}

struct Real;

impl Look for Real {
    fn names(&self, folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    fn is_link(&self, path: &Path) -> bool {
        path.is_symlink()
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir() && !path.is_symlink()
    }

    fn follow(&self, link: &Path) -> PathBuf {
        link.to_path_buf()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }
}

/// What services of a real keystore read.
pub(crate) fn live(root: &Path) -> Served {
    served(&Real, &root.join("live"))
}

/// What services read below a folder.
pub(crate) fn served(look: &impl Look, folder: &Path) -> Served {
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
