//! What strangers write, imported, and the private key that is kept read back by them.

use serde_json::Value;

use crate::common::{Keyring, write};
use crate::stranger::{CERTTOOL, certtool, openssl, python_writes, spki};

const KEY: &str = "web01/https/main";
const PASSPHRASE: &str = "correct horse";
const LEGACY: [&str; 4] = ["-provider", "legacy", "-provider", "default"];

struct World {
    keyring: Keyring,
}

impl World {
    fn new() -> Self {
        let keyring = Keyring::new();
        write(&keyring.path("passphrase"), format!("{PASSPHRASE}\n"));
        Self { keyring }
    }

    fn file(&self, name: &str) -> String {
        self.keyring.file(name)
    }

    /// Runs openssl, which writes to `name`.
    #[track_caller]
    fn make(&self, name: &str, arguments: &[&str]) -> String {
        let file = self.file(name);
        openssl(&[arguments, &["-out", &file]].concat());
        file
    }

    /// A private key and a certificate signed by itself.
    fn pair(&self, algorithm: &str, option: &str) -> (String, String) {
        let key = self.make("key.pem", &["genpkey", "-quiet", "-algorithm", algorithm, "-pkeyopt", option]);
        let request = ["req", "-x509", "-new", "-key", &key, "-subj", "/CN=a.example", "-days", "30"];
        let certificate = self.make("certificate.pem", &request);
        (key, certificate)
    }

    /// Imports some files as a new key. Its private key must be the one of a file, in the keystore's own form.
    #[track_caller]
    fn import(&self, name: &str, files: &[&str], key: &str) -> Value {
        let path = format!("web01/https/{name}");
        let secret = self.file("passphrase");
        let imported = self.keyring.json(&[&["import-key", &path], files, &["--passphrase-file", &secret]].concat());
        let kept = self.keyring.kept(&path, 1, "private-key.pem");
        assert!(openssl(&["pkey", "-in", &kept, "-check", "-noout"]).contains("Key is valid"), "{files:?}");
        assert_eq!(spki("key", &kept), spki("key", key), "{files:?}");
        assert_eq!(imported["spki_sha256"], spki("key", key), "{files:?}");
        let text = std::fs::read_to_string(&kept).unwrap();
        assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{files:?}");
        imported
    }
}

#[test]
fn what_openssl_writes_is_imported_with_its_certificate() {
    for (algorithm, option) in
        [("RSA", "rsa_keygen_bits:2048"), ("RSA", "rsa_keygen_bits:2304"), ("EC", "ec_paramgen_curve:P-384")]
    {
        let world = World::new();
        let (key, certificate) = world.pair(algorithm, option);
        let pass = format!("pass:{PASSPHRASE}");
        let export = ["pkcs12", "-export", "-inkey", &key, "-in", &certificate, "-name", "main", "-passout", &pass];
        for (index, more) in
            [&[][..], &["-legacy"], &["-nomac"], &["-keypbe", "NONE", "-certpbe", "NONE"]].into_iter().enumerate()
        {
            let file = world.make("file.p12", &[&export[..], more].concat());
            let imported = world.import(&format!("p{index}"), &[&file], &key);
            assert_eq!(imported["certificate"]["subject"], "CN=a.example", "{more:?}");
            assert_eq!(imported["from"]["friendly_name"], "main", "{more:?}");
            assert_eq!(imported["from"]["legacy"], more == ["-legacy"], "{more:?}");
        }
        let traditional = world.make("old.pem", &["pkey", "-in", &key, "-traditional", "-des3", "-passout", &pass]);
        let imported = world.import("traditional", &[&traditional, &certificate], &key);
        assert_eq!(imported["certificate"]["subject"], "CN=a.example");
        let pkcs8 = ["pkcs8", "-topk8", "-in", &key, "-passout", &pass, "-v1", "PBE-MD5-DES"];
        let pkcs8 = world.make("old.p8", &[&pkcs8[..], &LEGACY].concat());
        assert_eq!(world.import("pbes1", &[&pkcs8], &key)["from"]["legacy"], true);
    }
}

#[test]
fn what_gnutls_writes_is_imported() {
    let world = World::new();
    let (key, certificate) = world.pair("RSA", "rsa_keygen_bits:2048");
    for cipher in ["aes-256", "3des-pkcs12", "rc2-40"] {
        let file = world.file("file.p12");
        certtool(&[
            "--to-p12",
            "--load-privkey",
            &key,
            "--load-certificate",
            &certificate,
            "--p12-name",
            "main",
            "--password",
            PASSPHRASE,
            "--pkcs-cipher",
            cipher,
            "--outder",
            "--outfile",
            &file,
        ]);
        let imported = world.import(&format!("p12-{cipher}"), &[&file], &key);
        assert_eq!(imported["certificate"]["subject"], "CN=a.example", "{cipher}");
        let file = world.file("file.p8");
        certtool(&[
            "--to-p8",
            "--load-privkey",
            &key,
            "--password",
            PASSPHRASE,
            "--pkcs-cipher",
            cipher,
            "--outfile",
            &file,
        ]);
        world.import(&format!("p8-{cipher}"), &[&file], &key);
    }
    let own = world.file("own.pem");
    CERTTOOL.run(&["--generate-privkey", "--key-type", "ecdsa", "--curve", "secp256r1", "--outfile", &own]);
    world.import("own", &[&own], &own);
}

#[test]
fn what_python_writes_is_imported() {
    let world = World::new();
    let (key, certificate) = world.pair("EC", "ec_paramgen_curve:P-256");
    for form in ["pkcs12", "pkcs12-3des", "pkcs8", "traditional", "openssh"] {
        let file = world.file("file");
        python_writes(form, &key, &certificate, &file, PASSPHRASE);
        let imported = world.import(form, &[&file], &key);
        assert_eq!(imported["certificate"].is_null(), !form.starts_with("pkcs12"), "{form}");
    }
}

#[test]
fn a_short_key_is_published_as_it_is() {
    let world = World::new();
    let (key, certificate) = world.pair("RSA", "rsa_keygen_bits:1024");
    let keyring = &world.keyring;
    keyring.finish(&["import-key", KEY, &key, &certificate]).ended_with(3);
    keyring.json(&["import-key", KEY, &key, &certificate, "--legacy"]);
    keyring.json(&["bind", KEY, "web01/https@default"]);
    let committed = keyring.json(&["commit"]);
    assert!(committed["warnings"].to_string().contains("1024 bits"), "{committed}");
    let folder = committed["endpoints"][0]["folder"].as_str().unwrap();
    assert_eq!(spki("key", &format!("{folder}/private-key.pem")), spki("certificate", &certificate));
}
