//! Knot DNS, a name server that takes signed updates.

use std::fs;

use tempfile::TempDir;

use crate::common::{Tool, text, write};
use crate::daemon::Daemon;
use crate::port;

const KNOT: Tool = Tool { program: "knotd", package: "knot" };

/// The key that updates are signed with.
pub(crate) const NAME: &str = "acme-update";
pub(crate) const SECRET: &str = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I=";

const CONFIGURATION: &str = "\
server:
  rundir: @DIR@
  listen: 127.0.0.1@@PORT@
log:
  - target: stderr
    any: info
database:
  storage: @DIR@
key:
  - id: @NAME@
    algorithm: hmac-sha256
    secret: @SECRET@
acl:
  - id: acme
    key: @NAME@
    action: update
    update-type: [TXT]
zone:
  - domain: example.test
    storage: @DIR@
    file: zone
    acl: acme
    zonefile-sync: 0
";

const ZONE: &str = "\
example.test. 60 SOA ns.example.test. hostmaster.example.test. 1 60 60 60 60
example.test. 60 NS ns.example.test.
ns.example.test. 60 A 127.0.0.1
";

/// A running server.
pub(crate) struct Knot {
    folder: TempDir,
    port: u16,
    daemon: Daemon,
}

impl Knot {
    pub(crate) fn start() -> Self {
        (0..10).find_map(|_| Self::try_start()).expect("Knot starts")
    }

    fn try_start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [port] = port::free();
        let configuration = [("@DIR@", text(folder.path())), ("@PORT@", port.to_string())]
            .into_iter()
            .chain([("@NAME@", NAME.to_owned()), ("@SECRET@", SECRET.to_owned())])
            .fold(CONFIGURATION.to_owned(), |text, (name, value)| text.replace(name, &value));
        write(&folder.path().join("knot.conf"), configuration);
        write(&folder.path().join("zone"), ZONE);
        let file = text(&folder.path().join("knot.conf"));
        let command = move || {
            let mut command = KNOT.command();
            command.args(["-c", &file]);
            command
        };
        let daemon = Daemon::start(KNOT, command, &[port], folder.path(), "none")?;
        Some(Self { folder, port, daemon })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether a record is left in the zone's file, which follows the zone.
    pub(crate) fn has_records(&self) -> bool {
        let _runs = &self.daemon;
        fs::read_to_string(self.folder.path().join("zone")).expect("the zone").contains("TXT")
    }
}
