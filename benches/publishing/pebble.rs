//! Pebble, an ACME server for tests, that waits for nothing.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::nginx::free;
use crate::program;

/// One that runs, ended when it is dropped.
pub(crate) struct Pebble {
    children: [Child; 2],
    /// Where it looks for answers to http-01.
    pub(crate) http: u16,
    /// Its directory.
    pub(crate) directory: String,
    /// The root of its own TLS.
    pub(crate) root: PathBuf,
}

impl Pebble {
    pub(crate) fn start(folder: &Path) -> Self {
        let [api, management, http, tls, dns, dns_management] = free();
        let path = |name: &str| folder.join(name).display().to_string();
        write_tls(folder);
        let (key, certificate) = (path("api.key"), path("api.pem"));
        let config = format!(
            r#"{{"pebble": {{"listenAddress": "127.0.0.1:{api}", "managementListenAddress": "127.0.0.1:{management}",
                "certificate": "{certificate}", "privateKey": "{key}", "httpPort": {http}, "tlsPort": {tls}}}}}"#
        );
        fs::write(folder.join("pebble.json"), config).expect("the folder is there");
        let address = |port: u16| format!("127.0.0.1:{port}");
        let mut names = program("pebble-challtestsrv", &["-http01", "", "-https01", "", "-tlsalpn01", ""]);
        names.args(["-defaultIPv6", "", "-dns01", &address(dns), "-management", &address(dns_management)]);
        let mut server = program("pebble", &["-config", &path("pebble.json"), "-dnsserver", &address(dns)]);
        server.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "0").env("PEBBLE_AUTHZREUSE", "0");
        let start = |command: &mut Command| command.spawn().expect("pebble is installed");
        let pebble = Self {
            children: [start(&mut names), start(&mut server)],
            http,
            directory: format!("https://127.0.0.1:{api}/dir"),
            root: folder.join("root.pem"),
        };
        while [api, dns_management].iter().any(|port| TcpStream::connect(address(*port)).is_err()) {
            sleep(Duration::from_millis(10));
        }
        pebble
    }
}

/// What its own TLS needs: a root, and a certificate for this machine.
fn write_tls(folder: &Path) {
    let mut root = CertificateParams::default();
    // not the name that the other has, as if that had signed itself
    root.distinguished_name.push(DnType::CommonName, "Root of Pebble's own TLS");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, KeyPair::generate().expect("a key")).expect("a root");
    let key = KeyPair::generate().expect("a key");
    let names = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("an address");
    let leaf = names.signed_by(&key, &root).expect("a certificate");
    for (name, text) in [("root.pem", root.pem()), ("api.pem", leaf.pem()), ("api.key", key.serialize_pem())] {
        fs::write(folder.join(name), text).expect("the folder is there");
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
