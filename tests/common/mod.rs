//! What tests of the program share: a world of their own to run it in, an authority that signs its requests, a
//! terminal to answer its questions on.
#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "runs the program and looks at what it left")]

pub(crate) mod authority;
pub(crate) mod daemon;
pub(crate) mod http;
pub(crate) mod output;
pub(crate) mod terminal;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

pub(crate) use authority::Authority;
pub(crate) use output::Output;
use terminal::{Program, Terminal};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_keyring");
/// The key of most tests.
pub(crate) const KEY: &str = "mail01/imap/main";
/// The endpoint of most tests.
pub(crate) const ENDPOINT: &str = "mail01/imap@default";

/// A folder with a keystore in it, a home, and nothing of the machine's environment.
pub(crate) struct World {
    _folder: TempDir,
    root: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl World {
    /// A world without a keystore.
    pub(crate) fn empty() -> Self {
        Self::empty_in(&std::env::temp_dir())
    }

    /// A world without a keystore, in a folder of its own below this one.
    pub(crate) fn empty_in(above: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("keyring-test-").tempdir_in(above).unwrap();
        // on a Mac the temporary folder is reached through a link
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("home")).unwrap();
        let path = |name: &str| root.join(name).to_str().unwrap().to_owned();
        let variables = vec![
            ("HOME", path("home")),
            ("KEYRING_STORE", path("keystore")),
            ("PATH", "/usr/bin:/bin".to_owned()),
            ("TZ", "UTC".to_owned()),
            ("TERM", "xterm".to_owned()),
            // a machine without roots of its own, until a test gives it some: tests say the same on every machine
            ("SSL_CERT_FILE", path("system-roots.pem")),
        ];
        Self { _folder: folder, root, variables }
    }

    /// A world with an empty keystore.
    pub(crate) fn new() -> Self {
        let world = Self::empty();
        world.done(&["init"]);
        world
    }

    /// A world whose key has a request, which is returned.
    pub(crate) fn with_request() -> (Self, String) {
        let world = Self::new();
        world.done(&["create-key", KEY]);
        let request = world.done(&["make-csr", KEY, "--cn", "mail01.example.com"]).stdout;
        (world, request)
    }

    /// A world whose key has been certified, bound and committed, with the authority that did it.
    pub(crate) fn committed() -> (Self, Authority) {
        let (world, request) = Self::with_request();
        let authority = Authority::new();
        world.write("reply.pem", authority.order(&request).chain());
        world.done(&["install-cert", KEY, "reply.pem"]);
        world.done(&["bind", KEY, ENDPOINT]);
        world.done(&["commit", "-m", "first certificate"]);
        (world, authority)
    }

    /// A world whose key waits for the certificate that `people`, an authority with two folders, is to give it.
    pub(crate) fn with_people() -> (Self, Authority) {
        let (world, _) = Self::with_request();
        world.make_folder("requests");
        world.make_folder("replies");
        let folder = |name: &str| world.path(name).to_str().unwrap().to_owned();
        let folders = ["--requests", &folder("requests"), "--replies", &folder("replies")];
        world.done(&[&["set-authority", "people", "--kind", "file"], &folders[..]].concat());
        (world, Authority::new())
    }

    /// Has a person of that authority answer a request: the only one there.
    pub(crate) fn answer(&self, authority: &Authority) {
        let requests: Vec<_> = fs::read_dir(self.path("requests")).unwrap().map(|it| it.unwrap().path()).collect();
        let newest = requests.iter().max().expect("a request");
        let request = fs::read_to_string(newest).unwrap();
        let name = newest.file_stem().unwrap().to_str().unwrap();
        self.write(&format!("replies/{name}.pem"), authority.order(&request).chain());
    }

    /// The names of all commands, as the program itself lists them.
    pub(crate) fn commands(&self) -> Vec<String> {
        let help = self.done(&["--help"]).stdout;
        let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
        let names = listed.lines().filter(|line| !line.starts_with("   "));
        let names = names.map(|line| line.split_whitespace().next().unwrap().to_owned());
        names.filter(|name| name != "help").collect()
    }

    /// Sets an environment variable for the programs of this world.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.variables.retain(|(other, _)| *other != name);
        self.variables.push((name, value.to_owned()));
    }

    /// A file or folder of this world.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The keystore's folder.
    pub(crate) fn store(&self) -> PathBuf {
        self.path("keystore")
    }

    /// Makes a folder of this world.
    pub(crate) fn make_folder(&self, name: &str) {
        fs::create_dir(self.path(name)).unwrap();
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.path(name), contents).unwrap();
    }

    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The program, with arguments, in this world.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.root).stdin(Stdio::null());
        command
    }

    /// Runs the program. Nothing is on its standard input.
    #[must_use]
    pub(crate) fn keyring(&self, arguments: &[&str]) -> Output {
        Output::of(self.command(arguments).output().unwrap(), &self.root)
    }

    /// Runs the program with something on its standard input.
    #[must_use]
    pub(crate) fn keyring_reading(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Output::of(child.wait_with_output().unwrap(), &self.root)
    }

    /// Runs the program, which must succeed.
    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) -> Output {
        self.keyring(arguments).exits(0)
    }

    /// Runs a script of bash.
    #[must_use]
    pub(crate) fn shell(&self, script: &str) -> Output {
        let mut command = Command::new("bash");
        command.args(["-c", script]).env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        Output::of(command.current_dir(&self.root).stdin(Stdio::null()).output().unwrap(), &self.root)
    }

    /// Runs the program on a terminal.
    pub(crate) fn terminal(&self, arguments: &[&str]) -> Terminal {
        let line = [PROGRAM].into_iter().chain(arguments.iter().copied()).collect();
        Terminal::start(&Program { line, environment: self.variables.clone(), folder: &self.root })
    }

    /// Everything below a folder: a line each with its mode, its path and what it holds.
    pub(crate) fn listing(&self, name: &str) -> Vec<String> {
        let mut lines = Vec::new();
        list(&self.path(name), &self.root, &mut lines);
        lines.sort();
        lines
    }
}

fn list(folder: &Path, root: &Path, lines: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name == "lock" || name == "publish.lock") {
            // say who held them last, and are made when they are first held
            continue;
        }
        let metadata = path.symlink_metadata().unwrap();
        let holds = if metadata.is_symlink() {
            format!("-> {}", fs::read_link(&path).unwrap().display())
        } else if metadata.is_dir() {
            list(&path, root, lines);
            "/".to_owned()
        } else {
            String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()
        };
        let mode = metadata.permissions().mode() & 0o7777;
        lines.push(format!("{} {mode:04o} {holds}", path.strip_prefix(root).unwrap().display()));
    }
}
