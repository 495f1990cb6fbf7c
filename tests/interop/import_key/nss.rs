//! What NSS writes.

use super::{PASSPHRASE, World};
use crate::common::{text, write};
use crate::stranger::{CERTUTIL, PK12UTIL, spki};

/// For `pk12util -c` and `-C`, and whether it is of the past.
const CIPHERS: [(&str, bool); 6] = [
    ("AES-128-CBC", false),
    ("AES-192-CBC", false),
    ("AES-256-CBC", false),
    ("PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC", true),
    ("PKCS #12 V2 PBE With SHA-1 And 128 Bit RC2 CBC", true),
    ("PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC", true),
];

#[test]
fn pkcs12_of_every_cipher_is_imported_with_its_certificate() {
    for kind in [&["-k", "rsa", "-g", "2048"][..], &["-k", "ec", "-q", "nistp256"]] {
        let world = World::new();
        let folder = world.keyring.path("nss");
        std::fs::create_dir(&folder).unwrap();
        let database = format!("sql:{}", text(&folder));
        CERTUTIL.run(&["-N", "-d", &database, "--empty-password"]);
        let noise = world.file("noise");
        write(&world.keyring.path("noise"), std::array::from_fn::<u8, 64, _>(|at| at.to_le_bytes()[0]));
        let make = ["-S", "-x", "-d", &database, "-n", "main", "-s", "CN=a.example", "-t", "u,u,u", "-z", &noise];
        CERTUTIL.run(&[&make[..], kind].concat());
        let certificate = world.keyring.path("nss.pem");
        write(&certificate, CERTUTIL.run(&["-L", "-d", &database, "-n", "main", "-a"]));
        let public_key = spki("certificate", &text(&certificate));
        let file = world.file("file.p12");
        for (cipher, legacy) in CIPHERS {
            let export = ["-o", &file, "-d", &database, "-n", "main", "-W", PASSPHRASE, "-K", ""];
            PK12UTIL.run(&[&export[..], &["-c", cipher, "-C", cipher]].concat());
            let imported = world.read(cipher, &[&file], &public_key);
            assert_eq!(imported["certificate"]["subject"], "CN=a.example", "{cipher}");
            assert_eq!(imported["from"]["friendly_name"], "main", "{cipher}");
            assert_eq!(imported["from"]["legacy"], legacy, "{cipher}: {imported}");
        }
    }
}
