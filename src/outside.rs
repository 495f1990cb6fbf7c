//! The world outside the keystore: other files, the environment, the clock. The only room that touches them.
#![expect(clippy::disallowed_methods, reason = "this is the room for it")]

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::path::{Path, PathBuf};

use keystore::timestamp::Timestamp;
use keystore::world::Actor;
use zeroize::Zeroizing;

/// The largest file that is read as input: certificates and chains are a few kilobytes.
const INPUT_LIMIT: u64 = 16 << 20;

/// A file outside the keystore that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutsideError {
    /// The operating system refused.
    #[error("cannot {verb} {name}")]
    Io {
        verb: &'static str,
        name: String,
        #[source]
        source: io::Error,
    },
    /// It is larger than anything that makes sense.
    #[error("{name} is larger than {} MiB, which no certificate, request or passphrase is", INPUT_LIMIT >> 20)]
    TooLarge { name: String },
    /// It stands there already.
    #[error("{name} exists already")]
    Exists { name: String },
    /// It stands there already, and nothing may replace it.
    #[error("{name} exists already")]
    FolderExists { name: String },
    /// No default place for the keystore.
    #[error("no home folder is known, so there is no default place for the keystore")]
    NoHome,
    /// An environment variable that was named is not set.
    #[error("the environment variable {name} is not set")]
    NoVariable { name: String },
    /// An environment variable is not text.
    #[error("the environment variable {name} is not UTF-8 text")]
    NotText { name: String },
}

fn failed(verb: &'static str, name: &str) -> impl FnOnce(io::Error) -> OutsideError {
    let name = name.to_owned();
    move |source| OutsideError::Io { verb, name, source }
}

/// Reads a file, or standard input when it is called `-`. The bytes are wiped when they are dropped.
pub(crate) fn read(name: &str) -> Result<Zeroizing<Vec<u8>>, OutsideError> {
    if name == "-" {
        return read_all(io::stdin().lock(), "standard input");
    }
    read_all(File::open(name).map_err(failed("read", name))?, name)
}

fn read_all(input: impl Read, name: &str) -> Result<Zeroizing<Vec<u8>>, OutsideError> {
    // large enough that no passphrase is left behind where the bytes were before they grew
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 << 10));
    input.take(INPUT_LIMIT + 1).read_to_end(&mut bytes).map_err(failed("read", name))?;
    if bytes.len() as u64 > INPUT_LIMIT {
        return Err(OutsideError::TooLarge { name: name.to_owned() });
    }
    Ok(bytes)
}

/// Opens a file, or standard input when it is called `-`, to be read bit by bit.
pub(crate) fn open(name: &str) -> Result<Box<dyn Read>, OutsideError> {
    if name == "-" {
        return Ok(Box::new(io::stdin()));
    }
    Ok(Box::new(File::open(name).map_err(failed("read", name))?))
}

/// Writes a file whole or not at all: temporary file beside it, fsync, rename, fsync of the folder. Without `force`
/// it is never written over one that is there.
pub(crate) fn write(path: &Path, bytes: &[u8], force: bool) -> Result<(), OutsideError> {
    // as open(2) would make it: the umask decides who else may read a request
    let mut file = NewFile::create(path, 0o666, force)?;
    file.write_all(bytes).map_err(failed("write", &path.display().to_string()))?;
    file.finish()
}

/// A file that is written bit by bit and appears whole or not at all.
pub(crate) struct NewFile {
    file: io::BufWriter<tempfile::NamedTempFile>,
    path: PathBuf,
    force: bool,
}

impl NewFile {
    /// Begins to write it, under another name beside its own. Without `force`, nothing may stand there.
    pub(crate) fn create(path: &Path, mode: u32, force: bool) -> Result<Self, OutsideError> {
        let name = path.display().to_string();
        if !force && exists(path) {
            return Err(OutsideError::Exists { name });
        }
        let mut options = tempfile::Builder::new();
        let builder = options.prefix(".keyring-").permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
        let file = builder.tempfile_in(folder_of(path)).map_err(without_path).map_err(failed("write", &name))?;
        Ok(Self { file: io::BufWriter::new(file), path: path.to_path_buf(), force })
    }

    /// Gives it its name, durably.
    pub(crate) fn finish(self) -> Result<(), OutsideError> {
        let (name, path) = (self.path.display().to_string(), &self.path);
        let file = self.file.into_inner().map_err(|error| failed("write", &name)(error.into_error()))?;
        file.as_file().sync_all().map_err(failed("write", &name))?;
        let persisted = if self.force { file.persist(path) } else { file.persist_noclobber(path) };
        persisted.map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => OutsideError::Exists { name: name.clone() },
            _ => failed("write", &name)(error.error),
        })?;
        let folder = File::open(folder_of(path)).and_then(|folder| folder.sync_all());
        folder.map_err(failed("sync the folder of", &name))
    }
}

impl io::Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// An error without the temporary file's name, which says nothing to anybody.
fn without_path(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => rustix::io::Errno::NOENT.into(),
        io::ErrorKind::NotADirectory => rustix::io::Errno::NOTDIR.into(),
        io::ErrorKind::PermissionDenied => rustix::io::Errno::ACCESS.into(),
        io::ErrorKind::StorageFull => rustix::io::Errno::NOSPC.into(),
        _ => error,
    }
}

/// A reader that opens a file afresh at every call.
pub(crate) fn reader(path: PathBuf) -> impl Fn() -> io::Result<Vec<u8>> {
    move || std::fs::read(&path)
}

/// Makes a new folder, with those above it.
pub(crate) fn create_folder(path: &Path) -> Result<(), OutsideError> {
    let name = path.display().to_string();
    if let Some(above) = path.parent() {
        std::fs::create_dir_all(above).map_err(failed("make", &name))?;
    }
    std::fs::create_dir(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => OutsideError::FolderExists { name: name.clone() },
        _ => failed("make", &name)(error),
    })
}

/// A temporary folder that goes when it is dropped.
pub(crate) fn temporary_folder() -> Result<tempfile::TempDir, OutsideError> {
    tempfile::Builder::new().prefix("keyring-demo-").tempdir().map_err(failed("make", "a temporary folder"))
}

/// The path from the root, as programs that start elsewhere need it.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, OutsideError> {
    std::path::absolute(path).map_err(failed("find", &path.display().to_string()))
}

/// Whether something stands at a path.
pub(crate) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// An environment variable that must be there, for a secret.
pub(crate) fn secret_variable(name: &str) -> Result<Zeroizing<String>, OutsideError> {
    match std::env::var(name) {
        Ok(value) => Ok(Zeroizing::new(value)),
        Err(std::env::VarError::NotPresent) => Err(OutsideError::NoVariable { name: name.to_owned() }),
        Err(std::env::VarError::NotUnicode(_)) => Err(OutsideError::NotText { name: name.to_owned() }),
    }
}

/// Where the keystore is when `--store` does not say: `KEYRING_STORE`, `/var/lib/keyring` for root, the user's
/// data folder for others.
pub(crate) fn default_store() -> Result<PathBuf, OutsideError> {
    use etcetera::BaseStrategy as _;
    if let Some(path) = std::env::var_os("KEYRING_STORE").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/keyring"));
    }
    let strategy = etcetera::choose_base_strategy().map_err(|_| OutsideError::NoHome)?;
    Ok(strategy.data_dir().join("keyring"))
}

/// Who runs this command.
pub(crate) fn actor(command: &str) -> Actor {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
    Actor {
        user: user.map_or_else(|| rustix::process::geteuid().as_raw().to_string(), |user| user.name),
        sudo_user: std::env::var("SUDO_USER").ok().filter(|name| !name.is_empty()),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        command: command.to_owned(),
    }
}

/// The time now.
pub(crate) fn now() -> Timestamp {
    time::OffsetDateTime::now_utc().into()
}

/// The command line as it was given.
pub(crate) fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// Whether a person can be asked: questions are read from standard input and written to standard error.
pub(crate) fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::{OutsideError, read, write};

    #[test]
    fn never_writes_over_a_file_without_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("request.csr");
        write(&path, b"first", false).unwrap();
        assert!(matches!(write(&path, b"second", false), Err(OutsideError::Exists { .. })));
        assert_eq!(**read(path.to_str().unwrap()).unwrap(), *b"first");
        write(&path, b"second", true).unwrap();
        assert_eq!(**read(path.to_str().unwrap()).unwrap(), *b"second");
        assert_eq!(folder.path().read_dir().unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn refuses_what_is_too_large_to_be_meant() {
        assert!(matches!(read("/dev/zero"), Err(OutsideError::TooLarge { .. })));
    }
}
