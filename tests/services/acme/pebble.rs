//! Pebble, the ACME server that exists for tests, with the DNS of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};
use serde_json::json;
use tempfile::TempDir;

use crate::common::{Keyring, Tool, text, write};
use crate::daemon::Daemon;
use crate::port;

const PEBBLE: Tool = Tool { program: "pebble", package: "pebble" };
const DNS: Tool = Tool { program: "pebble-challtestsrv", package: "pebble" };
const PYTHON: Tool = Tool { program: "python3", package: "python3" };
const CURL: Tool = Tool { program: "curl", package: "curl" };

/// What kind of server.
#[derive(Default, Clone)]
pub(crate) struct Wanted {
    /// The identifier and the key of an external account, without which no account is made.
    pub(crate) external: Option<(&'static str, &'static str)>,
    /// How many seconds its certificates are valid, where that shall not be years.
    pub(crate) lifetime: Option<u64>,
    /// The port of another name server than its own.
    pub(crate) resolver: Option<u16>,
    /// One with renewalInfo and profiles, which is unpacked and not installed.
    pub(crate) newer: bool,
}

/// A running server.
pub(crate) struct Pebble {
    folder: TempDir,
    wanted: Wanted,
    ports: [u16; 6],
    daemons: Vec<Daemon>,
}

impl Pebble {
    pub(crate) fn start(wanted: &Wanted) -> Self {
        (0..10).find_map(|_| Self::try_start(wanted, port::free())).expect("Pebble starts")
    }

    fn try_start(wanted: &Wanted, ports: [u16; 6]) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        write_tls(folder.path());
        let [api, management, http, tls, dns, dns_management] = ports;
        let mut pebble = json!({
            "listenAddress": format!("127.0.0.1:{api}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": path("api.pem"), "privateKey": path("api.key"),
            "httpPort": http, "tlsPort": tls, "ocspResponderURL": "",
            "externalAccountBindingRequired": wanted.external.is_some(),
            "domainBlocklist": ["blocked-domain.example"],
        });
        if let Some((kid, key)) = wanted.external {
            pebble["externalAccountMACKeys"] = json!({kid: key});
        }
        if let Some(lifetime) = wanted.lifetime {
            pebble["certificateValidityPeriod"] = json!(lifetime);
        }
        if wanted.newer {
            let profile = |days: u64| json!({"description": "for tests", "validityPeriod": days * 86_400});
            pebble["profiles"] = json!({"default": profile(90), "shortlived": profile(6)});
        }
        write(&path("pebble.json"), json!({"pebble": pebble}).to_string());
        let new = wanted.newer;
        let names = move || {
            let mut command = if new { unpacked("pebble-challtestsrv") } else { DNS.command() };
            let server = if new { "-dnsserver" } else { "-dns01" };
            command.args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""]);
            command.args([server, &format!("127.0.0.1:{dns}")]);
            if new {
                command.args(["-doh", ""]);
            }
            command.args(["-management", &format!("127.0.0.1:{dns_management}")]);
            command
        };
        let (config, resolver) = (text(&path("pebble.json")), wanted.resolver.unwrap_or(dns));
        let server = move || {
            let mut command = if new { unpacked("pebble") } else { PEBBLE.command() };
            command.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "20").env("PEBBLE_AUTHZREUSE", "50");
            command.args(["-config", &config, "-dnsserver", &format!("127.0.0.1:{resolver}")]);
            command
        };
        let (dns_folder, server_folder) = (path("dns"), path("server"));
        fs::create_dir(&dns_folder).expect("a new folder");
        fs::create_dir(&server_folder).expect("a new folder");
        let names = Daemon::start(DNS, names, &[dns_management], &dns_folder, "none")?;
        let server = Daemon::start(PEBBLE, server, &[api, management], &server_folder, "none")?;
        Some(Self { folder, wanted: wanted.clone(), ports, daemons: vec![server, names] })
    }

    /// The same on the same ports, with nothing that it knew.
    pub(crate) fn forget(self) -> Self {
        let Self { folder, wanted, ports, daemons } = self;
        drop(daemons);
        drop(folder);
        Self::try_start(&wanted, ports).expect("its ports are free again")
    }

    pub(crate) fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.ports[0])
    }

    /// Says to a keystore what there is to know. Returns the file with the root of its own TLS.
    pub(crate) fn describe(&self, keyring: &Keyring, name: &str, more: &[&str]) -> String {
        let (root, directory) = (keyring.file("pebble-tls.pem"), self.directory());
        fs::copy(self.folder.path().join("tls-root.pem"), &root).expect("a copy");
        let usual = ["set-authority", name, "--kind", "acme", "--directory", &directory, "--accept-terms"];
        keyring.run(&[&usual[..], &["--ca-file", &root], more].concat());
        root
    }

    /// The root that its certificates lead to, in a file.
    pub(crate) fn root(&self, keyring: &Keyring) -> String {
        let pem = self.ask("roots/0");
        write(&keyring.path("pebble-root.pem"), pem);
        keyring.file("pebble-root.pem")
    }

    /// What a machine trusts on which its own TLS and its certificates are trusted, in a file.
    pub(crate) fn roots(&self, keyring: &Keyring) -> String {
        let own = fs::read_to_string(self.folder.path().join("tls-root.pem")).expect("its root");
        write(&keyring.path("roots.pem"), own + &self.ask("roots/0"));
        keyring.file("roots.pem")
    }

    fn ask(&self, what: &str) -> String {
        let root = text(&self.folder.path().join("tls-root.pem"));
        CURL.run(&["-sS", "--fail", "--cacert", &root, &format!("https://127.0.0.1:{}/{what}", self.ports[1])])
    }

    pub(crate) fn http_port(&self) -> u16 {
        self.ports[2]
    }

    /// Where it looks for answers to http-01.
    pub(crate) fn http(&self) -> String {
        format!("127.0.0.1:{}", self.ports[2])
    }

    /// Where it looks for answers to tls-alpn-01.
    pub(crate) fn tls(&self) -> String {
        format!("127.0.0.1:{}", self.ports[3])
    }

    /// The lines of a program that puts records into its DNS and takes them out.
    pub(crate) fn dns_script(&self) -> String {
        let manager = format!("http://127.0.0.1:{}", self.ports[5]);
        format!(
            "case $KEYRING_ACME_ACTION in\n\
             present) curl -sS -d \"{{\\\"host\\\":\\\"$KEYRING_ACME_NAME.\\\",\\\"value\\\":\\\"$KEYRING_ACME_VALUE\\\"}}\" {manager}/set-txt ;;\n\
             cleanup) curl -sS -d \"{{\\\"host\\\":\\\"$KEYRING_ACME_NAME.\\\"}}\" {manager}/clear-txt ;;\n\
             esac\n"
        )
    }

    /// A web server on the port where it looks, which serves a folder.
    pub(crate) fn web_server(&self, www: &Path) -> Daemon {
        let (port, www) = (self.ports[2], text(www));
        let folder = self.folder.path().join("www");
        fs::create_dir(&folder).expect("a new folder");
        let command = move || {
            let mut command = PYTHON.command();
            command.args(["-m", "http.server", "--bind", "127.0.0.1", "--directory", &www, &port.to_string()]);
            command
        };
        Daemon::start(PYTHON, command, &[port], &folder, "none").expect("its port is free")
    }

    /// What it has said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("server/daemon.out")).unwrap_or_default()
    }

    fn count(&self, what: &str) -> usize {
        let line = |line: &str| {
            let number = line.split("There are now ").nth(1)?.strip_suffix(what)?;
            number.trim().parse().ok()
        };
        self.log().lines().filter_map(line).max().unwrap_or(0)
    }

    /// How many accounts it has.
    pub(crate) fn accounts(&self) -> usize {
        self.count("accounts in memory")
    }

    /// How many orders were placed.
    pub(crate) fn orders(&self) -> usize {
        self.count("orders in the db")
    }

    /// Has it suggest to renew the certificate of a key's version at once.
    pub(crate) fn suggest_now(&self, keyring: &Keyring, key: &str, version: u32) {
        let certificate = keyring.kept(key, version, "certificate-1.pem");
        let certificate = fs::read_to_string(certificate).expect("a certificate");
        let info = json!({"suggestedWindow": {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}});
        let body = json!({"certificate": certificate, "ariResponse": info.to_string()}).to_string();
        let root = text(&self.folder.path().join("tls-root.pem"));
        let url = format!("https://127.0.0.1:{}/set-renewal-info/", self.ports[1]);
        CURL.run(&["-sS", "--fail", "--cacert", &root, "-d", &body, &url]);
    }
}

/// A program that `tests/run` has unpacked, as Debian's own release has an older one.
fn unpacked(program: &str) -> Command {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/pebble/usr/bin").join(program);
    assert!(path.exists(), "{program} is missing: `./tests/run` unpacks a newer pebble to target/pebble");
    let mut command = Command::new(path);
    command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
    command
}

/// What its own TLS needs: a root, and a certificate for this machine.
fn write_tls(folder: &Path) {
    let mut root = CertificateParams::default();
    root.distinguished_name = DistinguishedName::new();
    root.distinguished_name.push(DnType::CommonName, "Root of Pebble's own TLS");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, KeyPair::generate().expect("a key")).expect("a root");
    let key = KeyPair::generate().expect("a key");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let leaf = CertificateParams::new(names).expect("names").signed_by(&key, &root).expect("a certificate");
    write(&folder.join("tls-root.pem"), root.pem());
    write(&folder.join("api.pem"), leaf.pem());
    write(&folder.join("api.key"), key.serialize_pem());
}
