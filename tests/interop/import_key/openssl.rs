//! What openssl writes, with its legacy provider and without.

use super::{ED25519, LEGACY, P_384, PASSPHRASE, RSA, World};
use crate::stranger::spki;

/// Encryptions of PKCS#12, and whether they are of the past.
const PKCS12: [(&str, bool); 10] = [
    ("AES-128-CBC", false),
    ("AES-192-CBC", false),
    ("AES-256-CBC", false),
    ("DES-EDE3-CBC", true),
    ("PBE-SHA1-3DES", true),
    ("PBE-SHA1-2DES", true),
    ("PBE-SHA1-RC4-128", true),
    ("PBE-SHA1-RC4-40", true),
    ("PBE-SHA1-RC2-128", true),
    ("PBE-SHA1-RC2-40", true),
];

#[test]
fn pkcs12_of_every_encryption_and_mac_is_imported_with_its_certificate() {
    let world = World::new();
    let (key, certificate) = world.pair(&P_384);
    let public_key = spki("key", &key);
    let pass = format!("pass:{PASSPHRASE}");
    let export = ["pkcs12", "-export", "-inkey", &key, "-in", &certificate, "-name", "main", "-passout", &pass];
    let check = |more: &[&str], legacy: Option<bool>| {
        let file = world.make("file.p12", &[&export[..], more].concat());
        let imported = world.read(&more.join(" "), &[&file], &public_key);
        assert_eq!(imported["certificate"]["subject"], "CN=a.example", "{more:?}");
        assert_eq!(imported["from"]["friendly_name"], "main", "{more:?}");
        if let Some(legacy) = legacy {
            assert_eq!(imported["from"]["legacy"], legacy, "{more:?}: {imported}");
        }
    };
    check(&[], Some(false));
    check(&["-legacy"], Some(true));
    check(&["-nomac"], Some(false));
    check(&["-keypbe", "NONE", "-certpbe", "NONE"], None);
    check(&["-keypbe", "NONE", "-certpbe", "NONE", "-nomac"], None);
    check(&["-descert", "-legacy"], Some(true));
    check(&["-noiter", "-nomaciter"], None);
    check(&["-iter", "100000"], Some(false));
    for (encryption, legacy) in PKCS12 {
        let more = ["-keypbe", encryption, "-certpbe", encryption];
        check(&[&more[..], &LEGACY].concat(), Some(legacy));
    }
    for mac in ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"] {
        check(&["-macalg", mac], None);
    }
}

#[test]
fn pkcs8_of_every_scheme_is_imported() {
    let world = World::new();
    let (key, _) = world.pair(&RSA);
    let public_key = spki("key", &key);
    let pass = format!("pass:{PASSPHRASE}");
    let check = |form: &str, more: &[&str], legacy: Option<bool>| {
        let pkcs8 = ["pkcs8", "-topk8", "-in", &key, "-outform", form, "-passout", &pass];
        let file = world.make("file.p8", &[&pkcs8[..], more].concat());
        let imported = world.read(&more.join(" "), &[&file], &public_key);
        if let Some(legacy) = legacy {
            assert_eq!(imported["from"]["legacy"], legacy, "{more:?}: {imported}");
        }
    };
    for form in ["PEM", "DER"] {
        check(form, &["-nocrypt"], None);
        check(form, &["-v2", "aes-256-cbc"], Some(false));
        check(form, &["-scrypt"], Some(false));
    }
    for cipher in ["aes-128-cbc", "aes-192-cbc"] {
        check("PEM", &["-v2", cipher], Some(false));
    }
    for cipher in ["des3", "des-cbc", "rc2-cbc", "rc2-40-cbc", "rc2-64-cbc"] {
        check("PEM", &[&["-v2", cipher], &LEGACY[..]].concat(), Some(true));
    }
    for hash in ["SHA1", "SHA224", "SHA256", "SHA384", "SHA512"] {
        check("PEM", &["-v2", "aes-256-cbc", "-v2prf", &format!("hmacWith{hash}")], None);
    }
    for scheme in [
        "PBE-MD5-DES",
        "PBE-SHA1-DES",
        "PBE-MD5-RC2-64",
        "PBE-SHA1-RC2-64",
        "PBE-SHA1-3DES",
        "PBE-SHA1-2DES",
        "PBE-SHA1-RC4-128",
        "PBE-SHA1-RC4-40",
        "PBE-SHA1-RC2-128",
        "PBE-SHA1-RC2-40",
    ] {
        check("PEM", &[&["-v1", scheme], &LEGACY[..]].concat(), Some(true));
    }
}

#[test]
fn traditional_keys_are_imported_however_they_are_encrypted() {
    for algorithm in [&RSA[..], &P_384] {
        let world = World::new();
        let (key, certificate) = world.pair(algorithm);
        let public_key = spki("key", &key);
        let pass = format!("pass:{PASSPHRASE}");
        let traditional = ["pkey", "-in", &key, "-traditional"];
        for form in ["PEM", "DER"] {
            let file = world.make("open", &[&traditional[..], &["-outform", form]].concat());
            world.read(form, &[&file, &certificate], &public_key);
        }
        for cipher in ["-des", "-des3", "-aes128", "-aes192", "-aes256"] {
            let arguments = [&traditional[..], &[cipher, "-passout", &pass], &LEGACY[..]].concat();
            let file = world.make("closed.pem", &arguments);
            let imported = world.read(cipher, &[&file, &certificate], &public_key);
            assert_eq!(imported["certificate"]["subject"], "CN=a.example", "{cipher}");
            assert_eq!(imported["from"]["legacy"], true, "{cipher}: MD5 derives the key");
        }
    }
}

#[test]
fn keys_of_every_algorithm_and_unusual_size_are_imported() {
    let long = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2304"];
    let p_256 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    for algorithm in [&RSA[..], &long, &p_256, &P_384, &ED25519] {
        let world = World::new();
        let (key, certificate) = world.pair(algorithm);
        world.read("PKCS#8", &[&key, &certificate], &spki("key", &key));
    }
}

#[test]
fn what_is_not_read_is_refused_by_its_name() {
    let world = World::new();
    let (key, _) = world.pair(&P_384);
    let pass = format!("pass:{PASSPHRASE}");
    for (cipher, name) in [("camellia-256-cbc", "Camellia-256-CBC"), ("aria-256-cbc", "ARIA-256-CBC")] {
        let arguments = ["pkcs8", "-topk8", "-in", &key, "-passout", &pass, "-v2", cipher];
        let file = world.make("file.p8", &arguments);
        let said = world.refused(&[&file]).stderr;
        assert!(said.contains("not supported") && said.contains(name), "{said}");
    }
    for (algorithm, name) in [
        (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"][..], "P-521"),
        (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "secp256k1"),
        (&["-algorithm", "ED448"], "Ed448"),
        (&["-algorithm", "X25519"], "X25519"),
    ] {
        let file = world.make("other.pem", &[&["genpkey", "-quiet"], algorithm].concat());
        let said = world.refused(&[&file]).stderr;
        assert!(said.contains(name), "{said}");
    }
}

#[test]
fn a_short_key_is_published_as_it_is() {
    let world = World::new();
    let (key, certificate) = world.pair(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    let (keyring, path) = (&world.keyring, "web01/https/main");
    keyring.finish(&["import-key", path, &key, &certificate]).ended_with(3);
    keyring.json(&["import-key", path, &key, &certificate, "--legacy"]);
    keyring.json(&["bind", path, "web01/https@default"]);
    let committed = keyring.json(&["commit"]);
    assert!(committed["warnings"].to_string().contains("1024 bits"), "{committed}");
    let folder = committed["endpoints"][0]["folder"].as_str().unwrap();
    assert_eq!(spki("key", &format!("{folder}/private-key.pem")), spki("certificate", &certificate));
}
