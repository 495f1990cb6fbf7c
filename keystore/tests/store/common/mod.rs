//! A temporary keystore, its users and what they ask for.

mod authority;
mod counting_disk;
pub(crate) mod crashes;
mod faulty_disk;
mod files;
mod health;
mod image;
pub(crate) mod laboratory;
mod machine;
pub(crate) mod memory_disk;
mod picture;
mod served;
pub(crate) mod vault;
mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use keystore::change::Change;
use keystore::name::{Endpoint, KeyPath};
use keystore::ops::install_cert::{Input, Staged};
use keystore::ops::make_csr::{Made, MakeCsr, SubjectChoice, SubjectFields};
use keystore::ops::publish::Unlocked;
use keystore::ops::{self, Error, create_key::CreateKey, create_key::Created, create_key::Material};
use keystore::pki::{KeyAlgorithm, PrivateKey, PrivateKeyFile};
use keystore::store::{Disk, Keystore, RealDisk, Recorded};
use keystore::timestamp::Timestamp;
use keystore::world::{Actor, World};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

pub(crate) use authority::{DAY, certificate, certify, certify_between, certify_request};
pub(crate) use counting_disk::CountingDisk;
pub(crate) use faulty_disk::{Failure, FaultyDisk};
pub(crate) use files::{copy_tree, listing, memory_listing, mode, write_out};
pub(crate) use health::assert_healthy;
pub(crate) use machine::{Machine, Run, on};
pub(crate) use memory_disk::is_sync;
pub(crate) use picture::Picture;
pub(crate) use served::live;
pub(crate) use view::View;

/// The time at which every test begins.
pub(crate) const NOW: i64 = 1_795_262_400; // 2026-11-21T12:00:00Z

/// A keystore in a temporary folder.
pub(crate) struct House {
    folder: tempfile::TempDir,
    /// What time it is.
    pub(crate) clock: Arc<AtomicI64>,
}

impl House {
    /// With an empty keystore.
    pub(crate) fn new() -> Self {
        let house = Self::without_keystore();
        Keystore::init(house.disk(), house.world("init"), "").unwrap();
        house
    }

    /// With an empty folder where the keystore goes.
    pub(crate) fn without_keystore() -> Self {
        let house = Self { folder: temporary_folder(), clock: Arc::new(AtomicI64::new(NOW)) };
        RealDisk::create(&house.root()).unwrap();
        house
    }

    /// With a copy of another house's keystore.
    pub(crate) fn copy_of(other: &Self) -> Self {
        let house = Self { folder: temporary_folder(), clock: Arc::clone(&other.clock) };
        copy_tree(&other.root(), &house.root());
        house
    }

    /// With one key, committed, and published to these endpoints.
    pub(crate) fn published(key: &str, endpoints: &[&str]) -> Self {
        let house = Self::new();
        let keystore = house.open();
        installed_key(&keystore, key, "mail01.example.com");
        bind(&keystore, key, endpoints).unwrap();
        commit(&keystore).unwrap();
        house
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("keystore")
    }

    pub(crate) fn disk(&self) -> Box<dyn Disk> {
        Box::new(RealDisk::open(&self.root()).unwrap())
    }

    /// A world whose randomness is different each time and the same in each run.
    pub(crate) fn world(&self, command: &str) -> World {
        static SEED: AtomicU64 = AtomicU64::new(0);
        let clock = Arc::clone(&self.clock);
        let actor =
            Actor { user: "ada".to_owned(), sudo_user: None, host: "here".to_owned(), command: command.to_owned() };
        let random = StdRng::seed_from_u64(SEED.fetch_add(1, Ordering::Relaxed));
        let mut world = World::new(move || Timestamp::from_unix(clock.load(Ordering::Relaxed)), random, actor);
        world.lock_wait = Duration::from_millis(60);
        world
    }

    /// Opens it, as one process would.
    pub(crate) fn open(&self) -> Keystore {
        Keystore::open(self.disk(), self.world("test")).unwrap()
    }

    /// Opens it for work that shall be quick rather than durable.
    pub(crate) fn open_unsynced(&self) -> Keystore {
        self.open_on(FaultyDisk::open(&self.root(), Failure::Never))
    }

    pub(crate) fn open_on(&self, disk: FaultyDisk) -> Keystore {
        Keystore::open(Box::new(disk), self.world("test")).unwrap()
    }

    pub(crate) fn later(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }
}

/// In memory where the machine has a folder for that: thousands of small files, made and removed.
fn temporary_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

pub(crate) fn key(text: &str) -> KeyPath {
    text.parse().unwrap()
}

pub(crate) fn endpoint(text: &str) -> Endpoint {
    text.parse().unwrap()
}

pub(crate) fn material() -> Material {
    Material::plain(&PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap())
}

pub(crate) fn create(keystore: &Keystore, path: &str) -> Result<Created, Error> {
    ops::create_key::create_key(keystore, &CreateKey { key: key(path), next: false }, &material())
}

pub(crate) fn create_next(keystore: &Keystore, path: &str) -> Result<Created, Error> {
    ops::create_key::create_key(keystore, &CreateKey { key: key(path), next: true }, &material())
}

/// What `make-csr KEY --cn HOST` asks for.
pub(crate) fn asking(path: &str, host: &str) -> MakeCsr {
    let fields = SubjectFields { common_name: Some(host.to_owned()), ..SubjectFields::default() };
    MakeCsr {
        key: key(path),
        subject: SubjectChoice::Fields(fields),
        names: Vec::new(),
        certificate_template: None,
        base: None,
        reuse_key: false,
    }
}

/// Makes a request with a private key that is not encrypted.
pub(crate) fn make_csr(keystore: &Keystore, asked: &MakeCsr) -> Result<Made, Error> {
    let snapshot = keystore.read()?;
    let plan = ops::make_csr::plan(&snapshot, &keystore.config().defaults.subject, asked)?;
    match ops::make_csr::private_key_file(keystore, &snapshot, &plan)? {
        PrivateKeyFile::Plain(private_key) => ops::make_csr::make_csr(keystore, &plan, &private_key),
        PrivateKeyFile::Encrypted(_) => panic!("the private key of {} is encrypted", asked.key),
    }
}

pub(crate) fn install(keystore: &Keystore, path: &str, bytes: &str) -> Result<Staged, Error> {
    let input = Input { name: "reply.pem".to_owned(), bytes: bytes.as_bytes().to_vec().into() };
    Ok(ops::install_cert::install_cert(keystore, &key(path), &[input], &ops::verify::Trust::default())?.staged)
}

pub(crate) fn bind(keystore: &Keystore, path: &str, endpoints: &[&str]) -> Result<ops::bind::Outcome, Error> {
    let endpoints: Vec<_> = endpoints.iter().map(|text| endpoint(text)).collect();
    ops::bind::bind(keystore, &key(path), &endpoints)
}

pub(crate) fn unbind(keystore: &Keystore, endpoints: &[&str]) -> Result<Vec<ops::unbind::Freed>, Error> {
    let endpoints: Vec<_> = endpoints.iter().map(|text| endpoint(text)).collect();
    ops::unbind::unbind(keystore, &endpoints)
}

pub(crate) fn discard(keystore: &Keystore, keys: &[&str]) -> Result<Vec<Change>, Error> {
    let keys: Vec<_> = keys.iter().map(|text| key(text)).collect();
    ops::discard::discard(keystore, &keys)
}

pub(crate) fn commit(keystore: &Keystore) -> Result<Option<Recorded>, Error> {
    commit_with(keystore, &Unlocked::new(), None)
}

/// Commits what is staged as the program does, with no service to test, reload or prove.
pub(crate) fn commit_with(
    keystore: &Keystore,
    unlocked: &Unlocked,
    message: Option<String>,
) -> Result<Option<Recorded>, Error> {
    let committing = keystore.begin_commit()?;
    let snapshot = committing.snapshot()?;
    let plan = ops::commit::plan(&snapshot, keystore.world().now())?;
    if plan.is_empty() {
        return Ok(None);
    }
    plan.check(false)?;
    let proposal = plan.propose(&snapshot, unlocked, message)?;
    Ok(Some(committing.prepare(&proposal)?.switch()?.record()?))
}

/// Publishes what is committed and not published, or was damaged, as the program does.
pub(crate) fn publish(keystore: &Keystore) -> Result<usize, Error> {
    let committing = keystore.begin_commit()?;
    let snapshot = committing.snapshot()?;
    let endpoints = ops::publish::unpublished_or_differing(&snapshot, &[], None)?;
    if !endpoints.is_empty() {
        let publications = ops::publish::to_publish(&endpoints).gather(&snapshot, &Unlocked::new())?;
        committing.prepare_publication(snapshot.generation(), &publications)?.switch()?.keep()?;
    }
    Ok(endpoints.len())
}

/// A key from its private key to the staged certificate for `host`.
pub(crate) fn installed_key(keystore: &Keystore, path: &str, host: &str) {
    create(keystore, path).unwrap();
    request_and_install(keystore, path, host);
}

/// The next version of a key, up to its staged certificate.
pub(crate) fn installed_next(keystore: &Keystore, path: &str, host: &str) {
    create_next(keystore, path).unwrap();
    request_and_install(keystore, path, host);
}

fn request_and_install(keystore: &Keystore, path: &str, host: &str) {
    let made = make_csr(keystore, &asking(path, host)).unwrap();
    install(keystore, path, &certify(&made)).unwrap();
}

pub(crate) fn staged(keystore: &Keystore) -> Vec<Change> {
    keystore.read().unwrap().stage().changes().cloned().collect()
}
