//! What we export in every form and profile, imported again by us into another keystore.

use super::World;
use crate::common::{Authority, text, write};
use crate::published::fingerprint;
use crate::stranger::spki;

const KEY: &str = "mail01/imap/main";

/// The forms with a private key: the flags, and whether certificates come along.
const PRIVATE: [(&[&str], bool); 6] = [
    (&["pem"], false),
    (&["pkcs8-der"], false),
    (&["combined"], true),
    (&["pkcs12"], true),
    (&["pkcs12", "--profile", "exchange"], true),
    (&["pkcs12", "--profile", "java", "--friendly-name", "www"], true),
];

/// A keystore whose key is certified, exports everything, and another one takes it.
struct Moving {
    from: World,
    to: World,
    public_key: String,
    leaf: String,
}

impl Moving {
    fn new(algorithm: &str) -> Self {
        let (from, to) = (World::new(), World::new());
        let authority = Authority::new(from.keyring.path("authority"));
        let request = from.keyring.request(KEY, &["--algorithm", algorithm], &["--cn", "mail01.example.com"]);
        let leaf = text(&authority.sign(&request));
        from.keyring.run(&["install-cert", KEY, &leaf, &text(&authority.issuing())]);
        let public_key = spki("certificate", &leaf);
        Self { from, to, public_key, leaf }
    }

    #[track_caller]
    fn export(&self, arguments: &[&str]) -> String {
        let file = self.from.file("exported");
        let export = ["export-key", KEY, "--force", "--out", &file, "--format"];
        self.from.keyring.run(&[&export[..], arguments].concat());
        file
    }

    /// Exports with a private key, and imports that.
    #[track_caller]
    fn move_key(&self, arguments: &[&str], certified: bool) {
        let file = self.export(arguments);
        let imported = self.to.read(&arguments.join(" "), &[&file], &self.public_key);
        if certified {
            assert_eq!(imported["certificate"]["sha256"], fingerprint(&self.leaf), "{arguments:?}");
            assert_eq!(imported["certificate"]["chain_length"], 1, "{arguments:?}");
        } else {
            assert!(imported["certificate"].is_null(), "{arguments:?}");
        }
    }
}

#[test]
fn private_keys_come_back_in_every_form_and_profile() {
    for algorithm in ["rsa-2048", "ecdsa-p256", "ed25519"] {
        let moving = Moving::new(algorithm);
        let secret = moving.from.file("passphrase");
        for (arguments, certified) in PRIVATE {
            if arguments.contains(&"exchange") && algorithm != "rsa-2048" {
                // its provider takes no other
                continue;
            }
            let is_pkcs12 = arguments[0] == "pkcs12";
            let protected = [arguments, &["--new-passphrase-file", &secret]].concat();
            moving.move_key(&protected, certified);
            if is_pkcs12 {
                moving.move_key(&[&protected[..], &["--windows-2016"]].concat(), certified);
                moving.move_key(&[arguments, &["--no-passphrase"]].concat(), certified);
            } else {
                moving.move_key(arguments, certified);
            }
        }
    }
}

#[test]
fn certificates_come_back_in_every_form() {
    let moving = Moving::new("ecdsa-p256");
    let key_file = moving.from.keyring.path("key.pem");
    write(&key_file, std::fs::read(moving.export(&["pem"])).unwrap());
    for (index, (format, chain)) in [("certificate", 0), ("fullchain", 1), ("pkcs7", 1)].into_iter().enumerate() {
        let path = format!("mail01/imap/c{index}");
        moving.to.keyring.run(&["import-key", &path, &text(&key_file)]);
        let file = moving.export(&[format]);
        let installed = moving.to.keyring.json(&["install-cert", &path, &file]);
        assert_eq!(installed["certificate"]["sha256"], fingerprint(&moving.leaf), "{format}");
        assert_eq!(installed["certificate"]["chain_length"], chain, "{format}");
    }
    let (leaf, chain) = (moving.leaf.clone(), moving.export(&["chain"]));
    moving.to.keyring.run(&["import-key", "mail01/imap/chain", &text(&key_file)]);
    let installed = moving.to.keyring.json(&["install-cert", "mail01/imap/chain", &leaf, "--chain", &chain]);
    assert_eq!(installed["certificate"]["chain_length"], 1);
}
