//! The keystore as a whole: made, opened, read, written.

use serde::{Deserialize, Deserializer};

use super::layout::{self, PASSAGE, PRIVATE_FILE, PRIVATE_FOLDER, StorePath};
use super::publication::Committing;
use super::{Disk, Snapshot, StoreError, Transaction, format, lock};
use crate::change::Stage;
use crate::pki::KeyAlgorithm;
use crate::world::World;

/// Subject fields that requests get when nothing else is given (RFC 5280 attribute names spelled out).
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubjectDefaults {
    /// `C`, two letters.
    pub country: Option<String>,
    /// `ST`, spelled out.
    pub state: Option<String>,
    /// `L`.
    pub locality: Option<String>,
    /// `O`.
    pub organization: Option<String>,
    /// `OU`.
    pub unit: Vec<String>,
}

/// `[defaults]` of `keystore.toml`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Defaults {
    /// The algorithm of new keys.
    #[serde(deserialize_with = "to_make")]
    pub algorithm: KeyAlgorithm,
    /// The subject of new requests.
    pub subject: SubjectDefaults,
}

/// An algorithm that keys are made with.
fn to_make<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KeyAlgorithm, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// What `keystore.toml` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// The version of the keystore's format.
    pub format: u32,
    /// The keystore's identifier.
    pub id: String,
    /// What is taken when nothing is given.
    pub defaults: Defaults,
}

#[derive(Deserialize)]
struct Header {
    format: u32,
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    #[serde(rename = "format")]
    _format: u32,
    #[serde(rename = "id")]
    _id: String,
    #[serde(default)]
    defaults: Defaults,
}

impl Config {
    /// The format and the identifier, when no more can be read.
    pub(super) fn header(bytes: &[u8]) -> Option<(u32, String)> {
        let Header { format, id } = toml::from_str(std::str::from_utf8(bytes).ok()?).ok()?;
        Some((format, id))
    }

    /// A new one's text.
    pub(super) fn text(id: &str, defaults: &str) -> String {
        format!("format = {}\nid = \"{id}\"\n\n{defaults}", format::VERSION)
    }

    pub(super) fn parse(disk: &dyn Disk, bytes: &[u8]) -> Result<Self, StoreError> {
        let path = layout::config();
        let wrong = |reason: String| StoreError::Config { path: disk.root().join(path.as_path()), reason };
        let text = std::str::from_utf8(bytes).map_err(|error| wrong(error.to_string()))?;
        let Header { format, id } = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if format == 0 {
            return Err(wrong("there is no format 0: the first is 1".to_owned()));
        }
        let defaults = if format <= format::VERSION {
            toml::from_str::<Whole>(text).map_err(|error| wrong(error.to_string()))?.defaults
        } else {
            Defaults::default()
        };
        Ok(Self { format, id, defaults })
    }
}

/// An open keystore.
pub struct Keystore {
    disk: Box<dyn Disk>,
    world: World,
    config: Config,
}

impl Keystore {
    /// Makes a keystore in an empty folder. `defaults` is the text of the `[defaults]` part of `keystore.toml`.
    ///
    /// # Errors
    /// When something stands in the folder, when it is somebody else's or others can write to it, when `defaults` has a
    /// mistake, when another process makes or restores a keystore there, or when the disk refuses. The folder's mode is
    /// then what it was, unless the disk refused.
    pub fn init(disk: Box<dyn Disk>, world: World, defaults: &str) -> Result<Self, StoreError> {
        check_none(&*disk)?;
        // Where one is being made or restored, what stands there is judged when that has come to its end.
        if !disk.exists(&layout::config().temporary())? {
            check_vacant(&*disk)?;
        }
        check_private(&*disk)?;
        let text = Config::text(&world.new_id(), defaults);
        let config = Config::parse(&*disk, text.as_bytes())?;
        let held = lock::writing(&*disk, &world)?;
        check_none(&*disk)?;
        check_vacant(&*disk)?;
        // once it has been found to be vacant and ours
        disk.open_passage(&StorePath::root(), PASSAGE)?;
        held.change(|| {
            for (folder, mode) in folders() {
                disk.ensure_folder(&folder, mode)?;
            }
            // Last: where it stands, the keystore is whole.
            disk.put_durably(&layout::config(), text.as_bytes(), PRIVATE_FILE)
        })?;
        drop(held);
        Ok(Self { disk, world, config })
    }

    /// Opens a keystore.
    ///
    /// # Errors
    /// When there is none, when others could write to it, or when `keystore.toml` can't be read.
    pub fn open(disk: Box<dyn Disk>, world: World) -> Result<Self, StoreError> {
        let Some(bytes) = disk.load_if_present(&layout::config())? else {
            return Err(StoreError::NoKeystore { path: disk.root().to_path_buf() });
        };
        check_private(&*disk)?;
        let config = Config::parse(&*disk, &bytes)?;
        Ok(Self { disk, world, config })
    }

    pub(super) fn from_parts(disk: Box<dyn Disk>, world: World, config: Config) -> Self {
        Self { disk, world, config }
    }

    /// What `keystore.toml` says.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The keystore's folder.
    #[must_use]
    pub fn root(&self) -> &std::path::Path {
        self.disk.root()
    }

    /// Time, randomness and who asks.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The disk that it is on.
    #[must_use]
    pub fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    pub(super) fn check_writable(&self) -> Result<(), StoreError> {
        if self.config.format > format::VERSION {
            return Err(StoreError::NewerFormat {
                path: self.root().to_path_buf(),
                format: self.config.format,
                known: format::VERSION,
            });
        }
        Ok(())
    }

    /// Reads one generation, without any lock.
    ///
    /// # Errors
    /// When it can't be read, or is damaged.
    pub fn read(&self) -> Result<Snapshot<'_>, StoreError> {
        Snapshot::take(self.disk(), self.world.threads)
    }

    /// Takes the lock for facts and the stage.
    ///
    /// # Errors
    /// When another process holds it too long, or the keystore can't be read.
    pub fn write(&self) -> Result<Transaction<'_>, StoreError> {
        Transaction::begin(self)
    }

    /// Takes the lock for facts, and for changes that go into a commit of their own, on top of `stage`.
    ///
    /// # Errors
    /// As [`Keystore::write`].
    pub fn write_apart(&self, stage: Stage) -> Result<Transaction<'_>, StoreError> {
        Transaction::begin_apart(self, stage)
    }

    /// Takes the lock for publishing.
    ///
    /// # Errors
    /// As [`Keystore::write`].
    pub fn begin_commit(&self) -> Result<Committing<'_>, StoreError> {
        Committing::begin(self)
    }

    /// Where a service finds what is published at an endpoint.
    #[must_use]
    pub fn live_folder(&self, endpoint: &crate::name::Endpoint) -> std::path::PathBuf {
        self.root().join(layout::live_current(endpoint).as_path())
    }

    /// The name of the folder of an endpoint, among those of its service: `default`, `v4-192.0.2.7-993`.
    #[must_use]
    pub fn endpoint_folder(endpoint: &crate::name::Endpoint) -> String {
        layout::live_endpoint(endpoint).name()
    }

    /// The folder of an authority.
    #[must_use]
    pub fn authority_folder(&self, name: &crate::name::AuthorityName) -> std::path::PathBuf {
        self.root().join(layout::authority(name).as_path())
    }

    /// The folder of one version of a key: its private key, requests and certificates.
    #[must_use]
    pub fn version_folder(
        &self,
        key: &crate::name::KeyPath,
        version: crate::model::VersionNumber,
    ) -> std::path::PathBuf {
        self.root().join(layout::version(key, version).as_path())
    }
}

/// The folders of a new keystore.
pub(super) fn folders() -> [(StorePath, u32); 4] {
    [
        (layout::servers(), PRIVATE_FOLDER),
        (layout::commits(), PRIVATE_FOLDER),
        (layout::state(), PRIVATE_FOLDER),
        (layout::live(), PASSAGE),
    ]
}

/// Refuses a folder with a keystore in it.
pub(super) fn check_none(disk: &dyn Disk) -> Result<(), StoreError> {
    if disk.exists(&layout::config())? {
        return Err(StoreError::AlreadyThere { path: disk.root().to_path_buf() });
    }
    Ok(())
}

/// Refuses a folder that holds anything but what is left where the making of a keystore was cut short: some of
/// its folders, empty, its lock, and its configuration under the temporary name.
pub(super) fn check_vacant(disk: &dyn Disk) -> Result<(), StoreError> {
    let ours = folders().map(|(folder, _)| folder);
    for entry in disk.names(&StorePath::root())? {
        let path = StorePath::root().join(&entry.name);
        let is_empty = || disk.names(&path).is_ok_and(|names| names.is_empty());
        let is_ours = path == layout::config().temporary() || path == layout::lock();
        let is_left_over = is_ours || (ours.contains(&path) && is_empty());
        if !is_left_over {
            return Err(StoreError::NotEmpty { path: disk.root().to_path_buf() });
        }
    }
    Ok(())
}

/// Refuses a keystore that others can write to, or that belongs to somebody else.
pub(super) fn check_private(disk: &dyn Disk) -> Result<(), StoreError> {
    let path = disk.root().to_path_buf();
    let status = disk.look(&StorePath::root())?;
    let user = rustix::process::geteuid().as_raw();
    if status.owner != user {
        return Err(StoreError::ForeignOwner { path, owner: status.owner, user });
    }
    if status.mode & 0o022 != 0 {
        return Err(StoreError::WritableByOthers { path, mode: status.mode });
    }
    Ok(())
}
