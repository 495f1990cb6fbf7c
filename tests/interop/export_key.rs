//! What is exported, read by everyone who may get it.

use std::path::{Path, PathBuf};

use crate::common::{Authority, Keyring, Tool, text, write};
use crate::published::fingerprint;
use crate::stranger::{CERTTOOL, CERTUTIL, KEYTOOL, PK12UTIL, certtool, openssl, python, spki};

const KEY: &str = "mail01/imap/main";
const PASSPHRASE: &str = "correct horse";

/// A key with its certificate and the issuing authority's.
struct World {
    keyring: Keyring,
    leaf: PathBuf,
}

impl World {
    fn new(algorithm: &str) -> Self {
        let keyring = Keyring::new();
        let authority = Authority::new(keyring.path("authority"));
        write(&keyring.path("passphrase"), format!("{PASSPHRASE}\n"));
        let request = keyring.request(KEY, &["--algorithm", algorithm], &["--cn", "mail01.example.com"]);
        let leaf = authority.sign(&request);
        keyring.run(&["install-cert", KEY, &text(&leaf), &text(&authority.issuing())]);
        Self { keyring, leaf }
    }

    /// Exports, and names the file.
    #[track_caller]
    fn export(&self, name: &str, arguments: &[&str]) -> String {
        let file = self.keyring.file(name);
        self.keyring.run(&[&["export-key", KEY, "--out", &file, "--format"], arguments].concat());
        file
    }

    fn protected(&self, name: &str, arguments: &[&str]) -> String {
        let secret = self.keyring.file("passphrase");
        self.export(name, &[arguments, &["--new-passphrase-file", &secret]].concat())
    }

    fn private_key(&self) -> String {
        self.keyring.kept(KEY, 1, "private-key.pem")
    }

    /// Has openssl take a PKCS#12 file apart: the private key and the certificate are those of the keystore.
    #[track_caller]
    fn check_with_openssl(&self, file: &str, more: &[&str]) {
        let (key, certificate) = (self.keyring.file("out.key"), self.keyring.file("out.pem"));
        let pass = format!("pass:{PASSPHRASE}");
        let open = [&["pkcs12", "-in", file, "-passin", &pass, "-noenc"], more].concat();
        openssl(&[&open[..], &["-nocerts", "-out", &key]].concat());
        openssl(&[&open[..], &["-nokeys", "-clcerts", "-out", &certificate]].concat());
        assert_eq!(spki("key", &key), spki("key", &self.private_key()), "{file}");
        assert_eq!(fingerprint(&certificate), fingerprint(&text(&self.leaf)), "{file}");
        let all = openssl(&[&open[..], &["-nokeys", "-cacerts"]].concat());
        assert_eq!(all.matches("BEGIN CERTIFICATE").count(), 1, "{file}: the issuing authority's");
        let info = openssl(&[&open[..], &["-info", "-nokeys"]].concat());
        assert!(info.contains("friendlyName: main"), "{info}");
    }
}

#[test]
fn pkcs12_of_today_is_read_by_openssl_gnutls_nss_java_and_python() {
    for algorithm in ["rsa-2048", "ecdsa-p256"] {
        let world = World::new(algorithm);
        let file = world.protected("modern.p12", &["pkcs12", "--profile", "java"]);
        world.check_with_openssl(&file, &[]);
        check_with_certtool(&world, &file);
        check_with_nss(&world, &file);
        let listed = KEYTOOL.run(&["-list", "-v", "-keystore", &file, "-storepass", PASSPHRASE]);
        assert!(listed.contains("Alias name: main\n") && listed.contains("Entry type: PrivateKeyEntry"), "{listed}");
        assert!(listed.contains("Certificate chain length: 2\n"), "{listed}");
        let said = python(&[format!("pkcs12:{file}")], Some(PASSPHRASE)).succeeded().stdout;
        assert!(
            said.contains(&spki("key", &world.private_key())) && said.contains("\"friendly_name\": \"main\""),
            "{said}"
        );
    }
}

#[test]
fn pkcs12_for_windows_2016_is_read_with_legacy_algorithms_only() {
    let world = World::new("rsa-2048");
    let file = world.protected("windows.pfx", &["pkcs12", "--windows-2016", "--profile", "exchange"]);
    world.check_with_openssl(&file, &["-legacy"]);
    check_with_certtool(&world, &file);
    check_with_nss(&world, &file);
    let pass = format!("pass:{PASSPHRASE}");
    let info = Tool::OPENSSL.finish(&["pkcs12", "-in", &file, "-passin", &pass, "-info", "-noout", "-legacy"]);
    let info = info.succeeded().stderr;
    assert!(info.contains("MAC: sha1") && info.contains("pbeWithSHA1And3-KeyTripleDES-CBC"), "{info}");
    let keys = openssl(&["pkcs12", "-in", &file, "-passin", &pass, "-nocerts", "-noenc", "-legacy"]);
    assert!(keys.contains("Microsoft CSP Name: Microsoft RSA SChannel Cryptographic Provider"), "{keys}");
}

#[test]
fn pkcs12_without_passphrase_is_read_by_openssl() {
    let world = World::new("ecdsa-p256");
    let file = world.export("open.p12", &["pkcs12", "--no-passphrase"]);
    let key = world.keyring.file("open.key");
    openssl(&["pkcs12", "-in", &file, "-passin", "pass:", "-noenc", "-nocerts", "-nomacver", "-out", &key]);
    assert_eq!(spki("key", &key), spki("key", &world.private_key()));
}

#[test]
fn private_keys_and_pkcs7_are_read_by_openssl_and_gnutls() {
    let world = World::new("rsa-2048");
    let wanted = spki("key", &world.private_key());
    let der = world.export("key.der", &["pkcs8-der"]);
    let pem = world.keyring.file("key.pem");
    openssl(&["pkey", "-inform", "DER", "-in", &der, "-out", &pem]);
    assert_eq!(spki("key", &pem), wanted);
    let closed = world.protected("closed.der", &["pkcs8-der"]);
    let pass = format!("pass:{PASSPHRASE}");
    openssl(&["pkcs8", "-inform", "DER", "-in", &closed, "-passin", &pass, "-out", &pem]);
    assert_eq!(spki("key", &pem), wanted);
    let closed = world.protected("closed.pem", &["pem"]);
    openssl(&["pkey", "-in", &closed, "-passin", &pass, "-out", &pem]);
    assert_eq!(spki("key", &pem), wanted);
    let p7b = world.export("chain.p7b", &["pkcs7"]);
    assert_eq!(openssl(&["pkcs7", "-in", &p7b, "-print_certs"]).matches("BEGIN CERTIFICATE").count(), 2);
    assert_eq!(certtool(&["--p7-info", "--infile", &p7b]).matches("BEGIN CERTIFICATE").count(), 2);
}

#[track_caller]
fn check_with_certtool(world: &World, file: &str) {
    let arguments = ["--p12-info", "--inder", "--infile", file, "--password", PASSPHRASE];
    let said = CERTTOOL.run(&arguments);
    assert_eq!(said.matches("BEGIN CERTIFICATE").count(), 2, "{said}");
    assert!(said.contains("BEGIN PRIVATE KEY") || said.contains("BEGIN ENCRYPTED PRIVATE KEY"), "{said}");
    assert!(Path::new(&world.private_key()).exists());
}

#[track_caller]
fn check_with_nss(world: &World, file: &str) {
    let folder = world.keyring.path("nss");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).unwrap();
    let database = format!("sql:{}", text(&folder));
    CERTUTIL.run(&["-N", "-d", &database, "--empty-password"]);
    PK12UTIL.run(&["-i", file, "-d", &database, "-W", PASSPHRASE, "-K", ""]);
    let listed = CERTUTIL.run(&["-L", "-d", &database]);
    assert!(listed.lines().any(|line| line.starts_with("main ") && line.contains("u,u,u")), "{listed}");
}
