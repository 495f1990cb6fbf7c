//! A machine in memory: a file system, and processes that come and go.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use keystore::name::ServicePath;
use keystore::ops::Error;
use keystore::ops::doctor::{Diagnosis, Scope, examine};
use keystore::progress::Unwatched;
use keystore::store::{Disk, Keystore, Kind, Status, StoreError};
use keystore::timestamp::Timestamp;
use keystore::world::{Actor, World};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::files::read_in;
use super::image::{Image, Loss, hash};
use super::memory_disk::{Failure, MemoryDisk, OUTSIDE};
use super::{NOW, View, endpoint};

/// What a process does with the disk.
pub(crate) type Run = Box<dyn Fn(Box<dyn Disk>, World) -> Result<(), Error> + Send + Sync>;

/// A run that opens the keystore first.
pub(crate) fn on(act: impl Fn(&Keystore) -> Result<(), Error> + Send + Sync + 'static) -> Run {
    Box::new(move |disk, world| act(&Keystore::open(disk, world)?))
}

/// Where a path outside the keystore is in an image.
fn outside(path: &str) -> PathBuf {
    Path::new(OUTSIDE).join(path.trim_start_matches('/'))
}

/// The locks say who had them last.
fn is_no_lock(name: &str) -> bool {
    !name.ends_with("lock")
}

/// One computer. A clone shares the file system: another process.
#[derive(Clone)]
pub(crate) struct Machine {
    image: Arc<Mutex<Image>>,
    syncs_everything: bool,
}

impl Machine {
    /// With an empty keystore.
    pub(crate) fn new() -> Self {
        let machine = Self::without_keystore();
        Keystore::init(Box::new(machine.disk(Failure::Never)), machine.world("init"), "").unwrap();
        machine
    }

    /// With an empty folder where the keystore goes.
    pub(crate) fn without_keystore() -> Self {
        Self::with(Image::new())
    }

    pub(crate) fn with(image: Image) -> Self {
        Self { image: Arc::new(Mutex::new(image)), syncs_everything: true }
    }

    /// With `syncfs`, or without.
    pub(crate) fn that_syncs_everything(self, syncs_everything: bool) -> Self {
        Self { syncs_everything, ..self }
    }

    /// Puts what is in a folder in the place of everything.
    pub(crate) fn take_in(&self, folder: &Path) {
        *self.image.lock().unwrap() = read_in(folder);
    }

    /// Takes a file away, durably.
    pub(crate) fn remove(&self, path: &str) {
        let mut image = self.image.lock().unwrap();
        image.remove_file(Path::new(path)).unwrap();
        image.sync_everything();
    }

    /// Makes a folder outside the keystore, durably.
    pub(crate) fn make_outside(&self, folder: &str) {
        let mut image = self.image.lock().unwrap();
        let place = outside(folder);
        let above: Vec<_> = place.ancestors().filter(|path| !path.as_os_str().is_empty()).collect();
        for path in above.into_iter().rev().filter(|path| image.status(path).is_err()).collect::<Vec<_>>() {
            image.create_folder(path, 0o755).unwrap();
        }
        image.sync_everything();
    }

    /// Puts a file outside the keystore, durably.
    pub(crate) fn write_outside(&self, path: &str, bytes: &[u8]) {
        let mut image = self.image.lock().unwrap();
        image.create_file(&outside(path), bytes, 0o644).unwrap();
        image.sync_everything();
    }

    /// The services that are told of the files which an interrupted commit has in hand.
    pub(crate) fn in_hand(&self) -> BTreeSet<ServicePath> {
        let Ok(intent) = self.image().read(Path::new("intent.json")) else { return BTreeSet::new() };
        let intent: serde_json::Value = serde_json::from_slice(&intent).unwrap();
        if intent["kept"] == true {
            return BTreeSet::new();
        }
        let told = intent["switches"].as_array().unwrap().iter().filter(|switch| switch["told"] == true);
        told.map(|switch| endpoint(switch["endpoint"].as_str().unwrap()).service).collect()
    }

    /// The services that somebody has to tell what they read.
    pub(crate) fn to_be_told(&self) -> BTreeSet<ServicePath> {
        self.open().read().unwrap().to_be_told().unwrap()
    }

    /// A copy as it stands.
    pub(crate) fn image(&self) -> Image {
        self.image.lock().unwrap().clone()
    }

    /// The same, and whatever happens there does not happen here.
    pub(crate) fn copy(&self) -> Self {
        Self::with(self.image()).that_syncs_everything(self.syncs_everything)
    }

    /// Machines such as a loss of power can make of it.
    pub(crate) fn losses(&self, all: bool) -> impl Iterator<Item = (Loss, Self)> {
        let with = |(loss, image)| (loss, Self::with(image).that_syncs_everything(self.syncs_everything));
        self.image.lock().unwrap().losses(all).into_iter().map(with)
    }

    /// Whether something stands there.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.image.lock().unwrap().status(Path::new(path)).is_ok()
    }

    /// The folders that services can't pass through to what they read.
    pub(crate) fn closed_folders(&self) -> Vec<PathBuf> {
        let (image, mut closed, mut left) = (self.image(), Vec::new(), vec![PathBuf::from("live")]);
        while let Some(path) = left.pop() {
            let Ok(Status { kind: Kind::Folder, mode, .. }) = image.status(&path) else { continue };
            left.extend(image.list(&path).unwrap().iter().map(|name| path.join(name)));
            if mode != 0o711 {
                closed.push(path);
            }
        }
        closed
    }

    /// Tells machines apart.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.image.lock().unwrap().fingerprint()
    }

    /// Tells apart what can be seen of them.
    pub(crate) fn live_fingerprint(&self) -> u64 {
        self.image.lock().unwrap().live_fingerprint(is_no_lock)
    }

    /// Whether a loss of power would take something.
    pub(crate) fn has_unsynced(&self) -> bool {
        self.image.lock().unwrap().has_unsynced()
    }

    /// A sync of everything that failed: what was not durable is so or not, and no later sync changes that.
    pub(crate) fn fail_to_sync(&self) {
        self.image.lock().unwrap().fail_to_sync_everything_but(OUTSIDE);
    }

    /// Makes everything durable.
    pub(crate) fn sync(&self) {
        self.image.lock().unwrap().sync_everything();
    }

    /// The disk for one process.
    pub(crate) fn disk(&self, failure: Failure) -> MemoryDisk {
        let disk = MemoryDisk::open(Arc::clone(&self.image), failure);
        if self.syncs_everything { disk } else { disk.syncing_one_by_one() }
    }

    /// A world that is always the same for one command on one file system, so that equal crashes look equal.
    pub(crate) fn world(&self, command: &str) -> World {
        let actor =
            Actor { user: "ada".to_owned(), sudo_user: None, host: "here".to_owned(), command: command.to_owned() };
        let seed = hash(&(self.live_fingerprint(), command));
        let mut world = World::new(|| Timestamp::from_unix(NOW), StdRng::seed_from_u64(seed), actor);
        world.lock_wait = Duration::ZERO;
        world
    }

    /// What the doctor says of it, at the first look.
    pub(crate) fn diagnosis(&self) -> Diagnosis {
        let disk = self.disk(Failure::Never);
        examine(&disk, &self.world("doctor"), &Scope::default(), &Unwatched).unwrap()
    }

    pub(crate) fn open(&self) -> Keystore {
        Keystore::open(Box::new(self.disk(Failure::Never)), self.world("test")).unwrap()
    }

    /// Runs a command in a process of its own: what it said, and the operations it asked for.
    pub(crate) fn run(&self, run: &Run, failure: Failure) -> (Result<(), Error>, Vec<String>) {
        self.run_on(run, self.disk(failure))
    }

    pub(crate) fn run_on(&self, run: &Run, disk: MemoryDisk) -> (Result<(), Error>, Vec<String>) {
        let journal = disk.journal();
        let result = run(Box::new(disk), self.world("test"));
        let operations = std::mem::take(&mut *journal.lock().unwrap());
        (result, operations)
    }

    /// What is to be seen; nothing where there is no keystore yet.
    pub(crate) fn view(&self) -> Option<Arc<View>> {
        // The same few come by thousands of times.
        static KNOWN: LazyLock<Mutex<HashMap<u64, Arc<View>>>> = LazyLock::new(Mutex::default);
        let fingerprint = self.live_fingerprint();
        if let Some(known) = KNOWN.lock().unwrap().get(&fingerprint) {
            return Some(Arc::clone(known));
        }
        let view = match Keystore::open(Box::new(self.disk(Failure::Never)), self.world("look")) {
            Ok(keystore) => Arc::new(View::of(&keystore, &self.image())),
            Err(StoreError::NoKeystore { .. }) => return None,
            Err(error) => panic!("{error} ({error:?})"),
        };
        KNOWN.lock().unwrap().insert(fingerprint, Arc::clone(&view));
        Some(view)
    }
}
