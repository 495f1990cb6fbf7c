//! Files that openssl makes, read by `inspect` as openssl reads them.

use serde_json::Value;

use crate::common::{Keyring, write};
use crate::stranger::{openssl, spki};

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

    /// A key and a certificate signed by itself.
    fn pair(&self, algorithm: &[&str]) -> (String, String) {
        let key = self.make("key.pem", &[&["genpkey", "-quiet"], algorithm].concat());
        let names = "subjectAltName=DNS:a.example,IP:192.0.2.7";
        let certificate = self.make(
            "certificate.pem",
            &[
                "req",
                "-x509",
                "-new",
                "-key",
                &key,
                "-subj",
                "/C=US/O=Example/CN=a.example",
                "-days",
                "30",
                "-addext",
                names,
            ],
        );
        (key, certificate)
    }

    /// What `inspect` finds.
    #[track_caller]
    fn inspect(&self, file: &str) -> Vec<Value> {
        let found = self.keyring.json(&["inspect", file, "--passphrase-file", &self.file("passphrase")]);
        found["objects"].as_array().expect("objects").clone()
    }

    /// The hash of the public key of the one private key in a file.
    #[track_caller]
    fn private_key(&self, file: &str) -> String {
        let found = self.inspect(file);
        let keys: Vec<&Value> = found.iter().filter(|object| object["kind"] == "private-key").collect();
        let [key] = keys[..] else { panic!("{found:#?}") };
        key["spki_sha256"].as_str().expect("a hash").to_owned()
    }
}

const RSA: [&str; 4] = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
const P_256: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const P_521: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"];

#[test]
fn certificates_are_read_as_openssl_reads_them() {
    for algorithm in [&RSA[..], &P_256, &P_521, &["-algorithm", "ED25519"]] {
        let world = World::new();
        let (key, certificate) = world.pair(algorithm);
        let found = world.inspect(&certificate).remove(0);
        let says = |option: &str, digest: &str| {
            let said = openssl(&["x509", "-in", &certificate, "-noout", option, digest]);
            said.trim().rsplit('=').next().expect("a value").replace(':', "").to_ascii_lowercase()
        };
        assert_eq!(found["sha256"], says("-fingerprint", "-sha256"));
        assert_eq!(found["sha1"], says("-fingerprint", "-sha1"));
        assert_eq!(
            found["serial"].as_str().map(|serial| serial.trim_start_matches('0').to_owned()).as_deref(),
            Some(says("-serial", "-sha1").trim_start_matches('0'))
        );
        assert_eq!(found["spki_sha256"], spki("certificate", &certificate));
        assert_eq!(found["subject"], "C=US,O=Example,CN=a.example");
        assert_eq!(found["names"], serde_json::json!(["dns:a.example", "ip:192.0.2.7"]));
        let dates = openssl(&["x509", "-in", &certificate, "-noout", "-enddate", "-dateopt", "iso_8601"]);
        let until = dates.trim().strip_prefix("notAfter=").expect("a date").replace(' ', "T");
        assert_eq!(found["not_after"], until);
        // the pin as RFC 7469 and the manuals of openssl make it
        let public = world.make("public.der", &["pkey", "-in", &key, "-pubout", "-outform", "DER"]);
        let digest = world.file("digest");
        openssl(&["dgst", "-sha256", "-binary", "-out", &digest, &public]);
        assert_eq!(found["spki_pin"], openssl(&["base64", "-in", &digest]).trim());
    }
}

#[test]
fn private_keys_in_every_form_are_the_ones_that_openssl_wrote() {
    let world = World::new();
    let pass = format!("pass:{PASSPHRASE}");
    for algorithm in [&RSA[..], &P_521] {
        let (key, _) = world.pair(algorithm);
        let expected = spki("key", &key);
        let check = |name: &str, arguments: &[&str]| {
            let file = world.make(name, arguments);
            assert_eq!(world.private_key(&file), expected, "{arguments:?}");
        };
        check("traditional.pem", &["pkey", "-in", &key, "-traditional"]);
        check("traditional.der", &["pkey", "-in", &key, "-traditional", "-outform", "DER"]);
        check("pkcs8.der", &["pkcs8", "-topk8", "-nocrypt", "-in", &key, "-outform", "DER"]);
        for cipher in ["-des3", "-aes128", "-aes256"] {
            check("encrypted.pem", &["pkey", "-in", &key, "-traditional", cipher, "-passout", &pass]);
        }
        let pkcs8 = ["pkcs8", "-topk8", "-in", &key, "-passout", &pass];
        for more in [
            &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"][..],
            &["-v2", "des3"],
            &["-scrypt"],
            &["-v1", "PBE-SHA1-3DES"],
            &[&["-v1", "PBE-MD5-DES"], &LEGACY[..]].concat(),
            &[&["-v1", "PBE-SHA1-RC2-40"], &LEGACY[..]].concat(),
            &[&["-v1", "PBE-SHA1-RC4-128"], &LEGACY[..]].concat(),
        ] {
            check("encrypted.der", &[&pkcs8[..], &["-outform", "DER"], more].concat());
        }
    }
}

#[test]
fn containers_hold_what_openssl_put_in() {
    let world = World::new();
    let pass = format!("pass:{PASSPHRASE}");
    let (key, certificate) = world.pair(&P_256);
    let export = ["pkcs12", "-export", "-inkey", &key, "-in", &certificate, "-name", "main", "-passout", &pass];
    for more in [&[][..], &["-legacy"], &["-nomac"], &["-keypbe", "NONE", "-certpbe", "NONE"], &["-macalg", "sha1"]] {
        let file = world.make("file.p12", &[&export[..], more].concat());
        assert_eq!(world.private_key(&file), spki("key", &key), "{more:?}");
        let found = world.inspect(&file);
        let certificate = found.iter().find(|object| object["kind"] == "certificate").expect("a certificate");
        assert_eq!(certificate["within"]["name"], "main", "{more:?}");
    }
    let bundle = world.make("bundle.p7b", &["crl2pkcs7", "-nocrl", "-certfile", &certificate, "-outform", "DER"]);
    assert_eq!(world.inspect(&bundle)[0]["spki_sha256"], spki("certificate", &certificate));
}
