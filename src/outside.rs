//! The world outside the keystore: other files, the environment, the clock. The only room that touches them.
#![expect(clippy::disallowed_methods, reason = "this is the room for it")]

mod stands;

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::thread;

use keystore::model::SecretSource;
use keystore::parallel;
use keystore::pki::{Certificate, Roots};
use keystore::timestamp::Timestamp;
use keystore::world::Actor;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

pub(crate) use stands::refuse_existing;

/// The largest file that is read as input: certificates and chains are a few kilobytes.
const INPUT_LIMIT: u64 = 16 << 20;

/// The largest list that is read: a million lines with a subject and a few names.
const LIST_LIMIT: u64 = 256 << 20;

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
    #[error("{name} is larger than {} MiB, which no {what} is", limit >> 20)]
    TooLarge { name: String, what: &'static str, limit: u64 },
    /// It stands there already.
    #[error("{name} exists already")]
    Exists { name: String },
    /// Something else than a file stands there, which is never replaced.
    #[error("{name} is {what}, which no file replaces")]
    NotAFile { name: String, what: &'static str },
    /// It stands there already, and nothing may replace it.
    #[error("{name} exists already")]
    FolderExists { name: String },
    /// No default place for the keystore.
    #[error("no home folder is known, so there is no default place for the keystore")]
    NoHome,
    /// An environment variable that was named is not set.
    #[error("the environment variable {name} is not set")]
    NoVariable { name: String },
    /// A file whose first line should be a passphrase.
    #[error("the first line of {name} is not UTF-8 text")]
    LineNotText { name: String },
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
    read_up_to(name, "certificate, request or passphrase", INPUT_LIMIT)
}

/// Reads a list of any sensible length, in the same way.
pub(crate) fn read_list(name: &str) -> Result<Zeroizing<Vec<u8>>, OutsideError> {
    read_up_to(name, "list of keys", LIST_LIMIT)
}

fn read_up_to(name: &str, what: &'static str, limit: u64) -> Result<Zeroizing<Vec<u8>>, OutsideError> {
    // large enough that no passphrase is left behind where the bytes were before they grew
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 << 10));
    let name = if name == "-" {
        io::stdin().lock().take(limit + 1).read_to_end(&mut bytes).map_err(failed("read", "standard input"))?;
        "standard input"
    } else {
        let file = File::open(name).map_err(failed("read", name))?;
        file.take(limit + 1).read_to_end(&mut bytes).map_err(failed("read", name))?;
        name
    };
    if bytes.len() as u64 > limit {
        return Err(OutsideError::TooLarge { name: name.to_owned(), what, limit });
    }
    Ok(bytes)
}

/// The first line of a file, for a secret.
pub(crate) fn first_line(name: &str) -> Result<Zeroizing<String>, OutsideError> {
    let bytes = read(name)?;
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = std::str::from_utf8(line).map_err(|_| OutsideError::LineNotText { name: name.to_owned() })?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Opens a file, or standard input when it is called `-`, to be read bit by bit.
pub(crate) fn open(name: &str) -> Result<Box<dyn Read>, OutsideError> {
    if name == "-" {
        return Ok(Box::new(io::stdin()));
    }
    Ok(Box::new(File::open(name).map_err(failed("read", name))?))
}

static SYSTEM_ROOTS: LazyLock<Roots> = LazyLock::new(|| {
    let found = rustls_native_certs::load_native_certs();
    let read = parallel::each::<_, _, Infallible>(threads(), &found.certs, |der| Ok(Certificate::from_der(der).ok()));
    let Ok(read) = read;
    Roots::new(read.into_iter().flatten())
});

/// The roots that this machine trusts, wherever its system keeps them (`SSL_CERT_FILE` and `SSL_CERT_DIR` say otherwise);
/// none when it has none. What can't be read as a certificate is left out, as every TLS client leaves it out.
pub(crate) fn system_roots() -> &'static Roots {
    &SYSTEM_ROOTS
}

/// Begins to read the roots of this machine, which takes hundreds of files: they are there by the time they are needed.
pub(crate) fn read_system_roots_ahead() {
    // without a thread they are read when they are needed
    let _ = thread::Builder::new().spawn(|| LazyLock::force(&SYSTEM_ROOTS));
}

/// How many threads the machine runs at a time.
pub(crate) fn threads() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Writes a file whole or not at all: temporary file beside it, fsync, rename, fsync of the folder. Without `force`
/// it is never written over one that is there.
pub(crate) fn write(path: &Path, bytes: &[u8], force: bool) -> Result<(), OutsideError> {
    place(path, bytes, force, true)?;
    sync_folder_of(path)
}

/// A file that is written bit by bit and appears whole or not at all.
pub(crate) struct NewFile {
    file: io::BufWriter<NamedTempFile>,
    path: PathBuf,
    force: bool,
}

impl NewFile {
    /// Begins to write it, under another name beside its own. Without `force`, nothing may stand there.
    pub(crate) fn create(path: &Path, mode: u32, force: bool) -> Result<Self, OutsideError> {
        Ok(Self { file: io::BufWriter::new(beside(path, mode, force)?), path: path.to_path_buf(), force })
    }

    /// What stands in it so far.
    pub(crate) fn read_back(&mut self) -> Result<Zeroizing<Vec<u8>>, OutsideError> {
        let name = self.path.display().to_string();
        io::Write::flush(&mut self.file).map_err(failed("write", &name))?;
        std::fs::read(self.file.get_ref().path()).map(Zeroizing::new).map_err(failed("read", &name))
    }

    /// Gives it its name, durably.
    pub(crate) fn finish(self) -> Result<(), OutsideError> {
        let name = self.path.display().to_string();
        let file = self.file.into_inner().map_err(|error| failed("write", &name)(error.into_error()))?;
        file.as_file().sync_all().map_err(failed("write", &name))?;
        persist(file, &self.path, self.force)?;
        sync_folder_of(&self.path)
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

fn sync_folder_of(path: &Path) -> Result<(), OutsideError> {
    let sync = File::open(folder_of(path)).and_then(|folder| folder.sync_all());
    sync.map_err(failed("sync the folder of", &path.display().to_string()))
}

/// A temporary file beside the one that it will be, with `force` in place of one that is there.
fn beside(path: &Path, mode: u32, force: bool) -> Result<NamedTempFile, OutsideError> {
    refuse_existing(path, force)?;
    let mut options = tempfile::Builder::new();
    let builder = options.prefix(".keyring-").permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    let file = builder.tempfile_in(folder_of(path)).map_err(without_path);
    file.map_err(failed("write", &path.display().to_string()))
}

fn persist(file: NamedTempFile, path: &Path, force: bool) -> Result<(), OutsideError> {
    let name = path.display().to_string();
    let persisted = if force { file.persist(path) } else { file.persist_noclobber(path) };
    persisted.map(drop).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => OutsideError::Exists { name },
        _ => failed("write", &name)(error.error),
    })
}

/// Puts a file whole into its place; its name is durable once its folder has been synced.
fn place(path: &Path, bytes: &[u8], force: bool, sync: bool) -> Result<(), OutsideError> {
    let name = path.display().to_string();
    // as open(2) would make it: the umask decides who else may read a request
    let mut file = beside(path, 0o666, force)?;
    file.write_all(bytes).map_err(failed("write", &name))?;
    if sync {
        file.as_file().sync_all().map_err(failed("write", &name))?;
    }
    persist(file, path, force)
}

/// Puts a file below a folder where everybody may read it, whatever the umask says: a web server of another account
/// does. Missing folders in between are made.
pub(crate) fn put_for_all(root: &Path, path: &Path, bytes: &[u8]) -> Result<(), OutsideError> {
    use std::os::unix::fs::PermissionsExt as _;
    let name = path.display().to_string();
    let folders = folder_of(path).strip_prefix(root).unwrap_or(Path::new(""));
    let mut folder = root.to_path_buf();
    for part in folders.components() {
        folder.push(part);
        match std::fs::create_dir(&folder) {
            Ok(()) => {
                let open = std::fs::Permissions::from_mode(0o755);
                std::fs::set_permissions(&folder, open).map_err(failed("make", &folder.display().to_string()))?;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed("make", &folder.display().to_string())(error)),
        }
    }
    let mut file = beside(path, 0o644, true)?;
    let open = std::fs::Permissions::from_mode(0o644);
    file.as_file().set_permissions(open).map_err(failed("write", &name))?;
    file.write_all(bytes).map_err(failed("write", &name))?;
    persist(file, path, true)
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), OutsideError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed("remove", &path.display().to_string())(error))
        }
        _ => Ok(()),
    }
}

/// Writes many files into one folder, each whole or not at all, and makes them durable together.
pub(crate) fn write_all(folder: &Path, files: &[(String, String)], force: bool) -> Result<(), OutsideError> {
    for (name, text) in files {
        place(&folder.join(name), text.as_bytes(), force, cfg!(not(target_os = "linux")))?;
    }
    let name = folder.display().to_string();
    let opened = File::open(folder).map_err(failed("sync", &name))?;
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(&opened).map_err(io::Error::from).map_err(failed("sync", &name))?;
    opened.sync_all().map_err(failed("sync", &name))
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

/// Says at every call whether a file was there, and removes it.
pub(crate) fn trigger(path: PathBuf) -> impl Fn() -> bool {
    move || std::fs::remove_file(&path).is_ok()
}

/// Makes a folder, with those above it, unless it is there.
pub(crate) fn ensure_folder(path: &Path) -> Result<(), OutsideError> {
    std::fs::create_dir_all(path).map_err(failed("make", &path.display().to_string()))
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

/// Whether a file would stand in a folder or below it, wherever links lead.
pub(crate) fn is_within(folder: &Path, file: &Path) -> bool {
    let above = absolute(file).ok().and_then(|file| std::fs::canonicalize(file.parent()?).ok());
    above.zip(std::fs::canonicalize(folder).ok()).is_some_and(|(above, folder)| above.starts_with(folder))
}

/// The files of a folder, by name, but for hidden ones.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, OutsideError> {
    let name = folder.display().to_string();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed("read", &name))? {
        let entry = entry.map_err(failed("read", &name))?;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !is_hidden && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Whether something stands at a path.
pub(crate) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// An environment variable, if it is there.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// An environment variable that must be there, for a secret.
pub(crate) fn secret_variable(name: &str) -> Result<Zeroizing<String>, OutsideError> {
    match std::env::var(name) {
        Ok(value) => Ok(Zeroizing::new(value)),
        Err(std::env::VarError::NotPresent) => Err(OutsideError::NoVariable { name: name.to_owned() }),
        Err(std::env::VarError::NotUnicode(_)) => Err(OutsideError::NotText { name: name.to_owned() }),
    }
}

/// A secret, read from where it is named to be.
pub(crate) fn secret(source: &SecretSource) -> Result<Zeroizing<String>, OutsideError> {
    match source {
        SecretSource::File(path) => first_line(&path.to_string()),
        SecretSource::Variable(name) => secret_variable(name),
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
    std::time::SystemTime::now().into()
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
