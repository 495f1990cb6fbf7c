//! What Exchange is given, read by strangers: the PFX file by those who read PFX files, the script by a parser of PowerShell.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::common::{Authority, Keyring, Tool, text, write};
use crate::published::fingerprint;
use crate::stranger::{CERTTOOL, openssl, python, python_program, run_python_program, spki};

const KEY: &str = "mail01/imap/main";
const PASSPHRASE: &str = "correct horse";
const STEM: &str = "mail01-https-imap-smtp";
const PARSER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/powershell.py");

/// Three protocols of Exchange with one certificate, committed.
struct World {
    keyring: Keyring,
    leaf: PathBuf,
}

impl World {
    fn new(more: &[&str]) -> Self {
        let keyring = Keyring::new();
        let authority = Authority::new(keyring.path("authority"));
        std::fs::create_dir(keyring.path("exchange")).unwrap();
        write(&keyring.path("passphrase"), format!("{PASSPHRASE}\n"));
        let request = keyring.request(KEY, &["--algorithm", "rsa-2048"], &["--cn", "mail01.example.com"]);
        let leaf = authority.sign(&request);
        keyring.run(&["install-cert", KEY, &text(&leaf), &text(&authority.issuing())]);
        keyring.run(&["bind", KEY, "mail01/imap@default", "mail01/smtp@default", "mail01/https@default"]);
        let (folder, secret) = (keyring.file("exchange"), keyring.file("passphrase"));
        let said = ["--profile", "exchange", "--install-to", &folder, "--pfx-passphrase-file", &secret];
        for service in ["mail01/imap", "mail01/smtp", "mail01/https"] {
            keyring.run(&[&["set-service", service], &said[..], more].concat());
        }
        keyring.run(&["commit"]);
        Self { keyring, leaf }
    }

    fn file(&self, extension: &str) -> String {
        self.keyring.file(&format!("exchange/{STEM}.{extension}"))
    }

    fn private_key(&self) -> String {
        self.keyring.kept(KEY, 1, "private-key.pem")
    }

    /// openssl, GnuTLS and python's cryptography find the keystore's pair with its issuer, and what Exchange needs of it.
    #[track_caller]
    fn check_pfx(&self, legacy: &[&str]) {
        let pfx = self.file("pfx");
        let pass = format!("pass:{PASSPHRASE}");
        let open = [&["pkcs12", "-in", &pfx, "-passin", &pass, "-noenc"], legacy].concat();
        let keys = openssl(&[&open[..], &["-nocerts"]].concat());
        let leaf = openssl(&[&open[..], &["-nokeys", "-clcerts"]].concat());
        let others = openssl(&[&open[..], &["-nokeys", "-cacerts"]].concat());
        assert!(keys.contains("Microsoft CSP Name: Microsoft RSA SChannel Cryptographic Provider\n"), "{keys}");
        assert!(keys.contains(&format!("friendlyName: {STEM}\n")), "{keys}");
        // it says which certificate belongs to the private key
        let wanted_id = local_key_id(&keys);
        assert_eq!(local_key_id(&leaf), wanted_id);
        assert!(!others.contains("localKeyID"), "{others}");
        assert_eq!(others.matches("BEGIN CERTIFICATE").count(), 1, "{others}");
        let (key, certificate) = (self.keyring.path("out.key"), self.keyring.path("out.pem"));
        write(&key, keys);
        write(&certificate, leaf);
        let wanted = spki("key", &self.private_key());
        assert_eq!(spki("key", &text(&key)), wanted);
        assert_eq!(fingerprint(&text(&certificate)), fingerprint(&text(&self.leaf)));

        let said = CERTTOOL.run(&["--p12-info", "--inder", "--infile", &pfx, "--password", PASSPHRASE]);
        assert_eq!(said.matches("BEGIN CERTIFICATE").count(), 2, "{said}");
        assert!(said.contains("PRIVATE KEY-----"), "{said}");
        let ids = said.lines().filter_map(|line| line.trim().strip_prefix("Key ID: "));
        let ids: Vec<_> = ids.map(|id| id.replace(':', "").to_uppercase()).collect();
        assert_eq!(ids, [&wanted_id[..]; 2], "{said}");

        let said = python(&[format!("pkcs12:{pfx}")], Some(PASSPHRASE)).succeeded().stdout;
        let said: Value = serde_json::from_str(&said).unwrap();
        let expected = json!([{ "spki": wanted, "certificate": wanted, "friendly_name": STEM, "others": 1 }]);
        assert_eq!(said, expected);
    }
}

/// The first local key id that openssl shows, without spaces.
#[track_caller]
fn local_key_id(said: &str) -> String {
    let line = said.lines().find_map(|line| line.trim().strip_prefix("localKeyID:"));
    line.unwrap_or_else(|| panic!("no local key id:\n{said}")).replace(' ', "")
}

/// What the parser says of a script.
#[track_caller]
fn parse(script: &str) -> Value {
    let said = run_python_program(python_program("python").args([PARSER, script])).succeeded().stdout;
    serde_json::from_str(&said).expect("powershell.py writes JSON")
}

#[test]
fn the_file_for_exchange_is_read_by_openssl_gnutls_and_python() {
    World::new(&[]).check_pfx(&[]);
}

#[test]
fn the_file_for_windows_2016_is_read_by_them_too_with_old_algorithms() {
    let world = World::new(&["--windows-2016"]);
    world.check_pfx(&["-legacy"]);
    let pass = format!("pass:{PASSPHRASE}");
    let info = ["pkcs12", "-in", &world.file("pfx"), "-passin", &pass, "-info", "-noout", "-legacy"];
    let info = Tool::OPENSSL.finish(&info).succeeded().stderr;
    assert!(info.contains("MAC: sha1") && info.contains("pbeWithSHA1And3-KeyTripleDES-CBC"), "{info}");
}

#[test]
fn the_script_for_exchange_is_powershell_and_calls_what_is_expected() {
    let world = World::new(&[]);
    let script = world.file("ps1");
    let expected = json!({
        "faults": [],
        "commands": [
            ["Join-Path", "-Path", "-ChildPath"],
            ["Set-StrictMode", "-Version"],
            ["Get-Command", "-Name", "-ErrorAction"],
            ["Get-ExchangeCertificate", "-Server"],
            ["Where-Object"],
            ["Read-Host", "-AsSecureString", "-Prompt"],
            ["Resolve-Path", "-Path"],
            ["Import-ExchangeCertificate", "-Server", "-FileData", "-Password", "-PrivateKeyExportable"],
            ["Out-Null"],
            ["Enable-ExchangeCertificate", "-Server", "-Thumbprint", "-Services", "-Force"],
            ["Get-ExchangeCertificate", "-Server", "-Thumbprint"],
            ["Write-Warning"],
            ["Write-Output"],
        ],
        // what PowerShell itself defines
        "reads": ["$_", "$env:computername", "$false", "$psscriptroot"],
    });
    assert_eq!(parse(&script), expected);
    let text = std::fs::read_to_string(&script).unwrap();
    let said = openssl(&["x509", "-in", &self::text(&world.leaf), "-noout", "-fingerprint", "-sha1"]);
    let thumbprint = said.trim_end().rsplit('=').next().unwrap().replace(':', "");
    assert!(text.contains(&format!("$thumbprint = '{thumbprint}'\n")), "{text}");

    // the parser does refuse what is none
    for (what, instead) in [("if (-not $known) {", "if (-not $known {"), ("'Stop'", "'Stop"), ("}\n", "")] {
        assert!(text.contains(what));
        let broken = world.keyring.path("broken.ps1");
        write(&broken, text.replacen(what, instead, 1));
        assert_ne!(parse(&self::text(&broken))["faults"], json!([]), "{what}");
    }
}
