//! Other programs, run to their end.

use std::ffi::OsString;
use std::io::{ErrorKind, Write as _};
use std::process::{Command, Output, Stdio};

/// A program that the tests need, and the Debian package that has it.
#[derive(Clone, Copy)]
pub(crate) struct Tool {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

/// How a program ended and what it said.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The command line, for messages.
    pub(crate) line: String,
}

impl Tool {
    pub(crate) const OPENSSL: Self = Self { program: "openssl", package: "openssl" };

    /// The program, to be started: it finds daemons too, speaks English, and heeds no configuration of the machine.
    pub(crate) fn command(self) -> Command {
        let mut command = Command::new(self.program);
        command.env("PATH", search_path()).env("LC_ALL", "C.UTF-8").env_remove("OPENSSL_CONF").env("TZ", "UTC");
        command
    }

    /// Runs it to its end, successful or not.
    pub(crate) fn finish(self, arguments: &[&str]) -> Finished {
        let mut command = self.command();
        command.args(arguments);
        finish(&mut command, "").unwrap_or_else(|error| self.missing(&error))
    }

    /// Runs it; it must succeed. Returns its standard output.
    pub(crate) fn run(self, arguments: &[&str]) -> String {
        self.finish(arguments).succeeded().stdout
    }

    /// Fails the test with a hint.
    pub(crate) fn missing(self, error: &std::io::Error) -> ! {
        let Self { program, package } = self;
        if error.kind() == ErrorKind::NotFound {
            panic!(
                "{program} is missing: install the Debian package {package} (tests/run does), or leave these tests out"
            )
        }
        panic!("cannot run {program}: {error}")
    }
}

impl Finished {
    /// Itself, when the program succeeded; else the test fails and shows what it said.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        self.ended_with(0)
    }

    /// Itself, when the program ended with this code.
    #[track_caller]
    pub(crate) fn ended_with(self, code: i32) -> Self {
        let Self { stdout, stderr, line, .. } = &self;
        assert_eq!(
            self.code,
            Some(code),
            "exit code of: {line}\nstandard output:\n{stdout}\nstandard error:\n{stderr}"
        );
        self
    }
}

/// Where programs are looked for: daemons live in sbin, which is not on everybody's PATH.
pub(crate) fn search_path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

/// Runs a command with something on its standard input.
pub(crate) fn finish(command: &mut Command, input: &str) -> std::io::Result<Finished> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // a program that ends without reading is no fault; dropping the pipe is the end of file
    let _ = child.stdin.take().map(|mut pipe| pipe.write_all(input.as_bytes()));
    let Output { status, stdout, stderr } = child.wait_with_output()?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Finished { code: status.code(), stdout: text(stdout), stderr: text(stderr), line })
}
