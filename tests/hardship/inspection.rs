//! What must hold in a keystore whatever happened to it, looked at through the library and in the files themselves.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use keystore::digest::Digest;
use keystore::model::{Generation, Installed, VersionFacts};
use keystore::name::KeyPath;
use keystore::pki::{Certificate, PrivateKey, PrivateKeyFile, pem_blocks};
use keystore::store::{Keystore, RealDisk, Snapshot};
use keystore::world::{Actor, World};

/// Opens a keystore to look at it.
pub(crate) fn open(store: &Path) -> Keystore {
    let actor = Actor { user: "inspector".into(), sudo_user: None, host: "here".into(), command: "inspect".into() };
    let world = World::new(|| time::OffsetDateTime::now_utc().into(), rand::make_rng::<rand::rngs::StdRng>(), actor);
    Keystore::open(Box::new(RealDisk::open(store).unwrap()), world).unwrap()
}

/// How far the log was verified.
pub(crate) struct Log {
    verified: (Generation, Option<Digest>),
}

impl Log {
    pub(crate) fn new() -> Self {
        Self { verified: (Generation::EMPTY, None) }
    }

    /// The records since the last time: each is whole, the next one's parent, and follows what was verified then.
    pub(crate) fn verify(&mut self, snapshot: &Snapshot<'_>) {
        let (known, hash) = self.verified;
        assert!(snapshot.generation() >= known, "generation {known} was there, now {}", snapshot.generation());
        let limit = usize::try_from(snapshot.generation().0 - known.0).unwrap();
        let records = snapshot.records(limit).unwrap();
        assert_eq!(records.len(), limit);
        if let Some((oldest, _)) = records.last() {
            assert_eq!(oldest.parent, hash, "generation {} does not follow what was there", oldest.generation);
            self.verified = (snapshot.generation(), snapshot.head_hash());
        }
    }
}

/// Every private key of a key is whole: its file is the one that was written, parses, is what the index and its own
/// `version.json` say; so are its requests.
pub(crate) fn check_key(store: &Path, snapshot: &Snapshot<'_>, path: &KeyPath) {
    let view = snapshot.key(path).unwrap().unwrap_or_else(|| panic!("{path} is lost"));
    for version in &view.facts.versions {
        let folder = store.join("servers").join(path.to_string()).join(version.number.to_string());
        let bytes = snapshot.private_key_file(path, version).unwrap();
        let PrivateKeyFile::Plain(key) = PrivateKeyFile::from_pem(&bytes).unwrap() else { panic!("{path}: encrypted") };
        assert_eq!(key.public_key().hash(), version.spki, "{path}, version {}", version.number);
        let beside: VersionFacts = serde_json::from_slice(&fs::read(folder.join("version.json")).unwrap()).unwrap();
        assert_eq!((beside.number, beside.spki, beside.file), (version.number, version.spki, version.file), "{path}");
        assert!(beside.requests.starts_with(&version.requests), "{path}: {beside:?} lacks a request");
        for request in &version.requests {
            snapshot.request_file(path, version, request).unwrap();
        }
    }
    let staged_or_current = view.upcoming().into_iter().chain(view.current.as_ref().map(|current| &current.installed));
    staged_or_current.for_each(|installed| check_certificate(snapshot, path, installed));
}

/// The files of what is installed are those that were written, and the certificate is for its private key.
fn check_certificate(snapshot: &Snapshot<'_>, path: &KeyPath, installed: &Installed) {
    let (certificate, _chain) = snapshot.certificate_files(path, installed).unwrap();
    assert_eq!(certificate_in(&certificate).public_key().hash(), installed.spki, "{path}");
}

fn certificate_in(pem: &[u8]) -> Certificate {
    let block = pem_blocks(pem).into_iter().find(|block| block.label == "CERTIFICATE").unwrap();
    Certificate::from_der(&block.body.unwrap()).unwrap()
}

fn private_key_in(pem: &[u8]) -> PrivateKey {
    let block = pem_blocks(pem).into_iter().find(|block| block.label == "PRIVATE KEY").unwrap();
    PrivateKey::from_pkcs8_der(&block.body.unwrap()).unwrap()
}

/// What services read. A private key with its certificate is parsed once, however often it is found.
#[derive(Default)]
pub(crate) struct Live {
    known: HashMap<(Vec<u8>, Vec<u8>), Digest>,
}

impl Live {
    /// What a service reads in one go at `current/combined.pem`: a private key and its own certificate. Returns the
    /// certificate's fingerprint.
    pub(crate) fn check_combined(&mut self, current: &Path) -> Digest {
        let combined = fs::read(current.join("combined.pem")).unwrap_or_else(|error| panic!("{current:?}: {error}"));
        self.matching(current, combined.clone(), combined)
    }

    /// The version that an endpoint's `current` points at holds a matching pair, file by file. Returns the
    /// certificate's fingerprint.
    pub(crate) fn check(&mut self, current: &Path) -> Digest {
        // a version folder may be removed between the look at the link and the look into it: by two commits or an undo
        for _ in 0..100 {
            let version = fs::read_link(current).unwrap_or_else(|error| panic!("{current:?}: {error}"));
            let read = |name: &str| fs::read(current.with_file_name(&version).join(name));
            let files = (read("private-key.pem"), read("certificate.pem"), read("combined.pem"));
            let (Ok(private_key), Ok(certificate), Ok(combined)) = files else { continue };
            let fingerprint = self.matching(current, private_key, certificate);
            assert_eq!(self.matching(current, combined.clone(), combined), fingerprint, "{current:?}");
            return fingerprint;
        }
        panic!("{current:?} points at nothing whole");
    }

    fn matching(&mut self, current: &Path, private_key: Vec<u8>, certificate: Vec<u8>) -> Digest {
        *self.known.entry((private_key, certificate)).or_insert_with_key(|(private_key, certificate)| {
            let certificate = certificate_in(certificate);
            assert_eq!(private_key_in(private_key).public_key().hash(), certificate.public_key().hash(), "{current:?}");
            certificate.fingerprint()
        })
    }
}

/// The fingerprint of the first certificate of some PEM.
pub(crate) fn fingerprint(pem: &str) -> Digest {
    certificate_in(pem.as_bytes()).fingerprint()
}
