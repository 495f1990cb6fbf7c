//! Replies of an authority in every form that reaches an administrator.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{Authority, Keyring, text, write};
use crate::published::fingerprint;
use crate::stranger::{CERTUTIL, certtool, openssl, python_writes};

const KEY: &str = "mail01/imap/main";

/// A key whose request was signed, and the forms to put the reply in.
struct Desk {
    keyring: Keyring,
    authority: Authority,
    leaf: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let keyring = Keyring::new();
        let authority = Authority::new(keyring.path("authority"));
        let request = keyring.request(KEY, &[], &["--subject", "C=NL,O=Example Corp,CN=mail01.example.com"]);
        let leaf = authority.sign(&request);
        Self { keyring, authority, leaf }
    }

    fn bytes(&self, path: &Path) -> Vec<u8> {
        std::fs::read(path).unwrap()
    }

    /// Leaf, issuing CA and root, one text after the other.
    fn pem(&self, parts: &[&Path]) -> String {
        parts.iter().map(|part| String::from_utf8(self.bytes(part)).unwrap()).collect()
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        write(&self.keyring.path(name), bytes);
        self.keyring.file(name)
    }

    fn der(&self, pem: &Path) -> String {
        let out = text(&pem.with_extension("der"));
        openssl(&["x509", "-in", &text(pem), "-outform", "DER", "-out", &out]);
        out
    }

    fn pkcs7(&self, form: &str) -> String {
        let out = self.keyring.file(&format!("{form}.p7b"));
        let (leaf, issuing, root) = (text(&self.leaf), text(&self.authority.issuing()), text(&self.authority.root()));
        let files = ["-certfile", &root, "-certfile", &issuing, "-certfile", &leaf];
        openssl(&[&["crl2pkcs7", "-nocrl", "-outform", form, "-out", &out], &files[..]].concat());
        out
    }

    /// Installs these files: the leaf comes with its one intermediate, whatever the form.
    #[track_caller]
    fn install(&self, what: &str, files: &[&str]) -> Value {
        let installed = self.keyring.json(&[&["install-cert", KEY], files].concat());
        assert_eq!(installed["certificate"]["sha256"], fingerprint(&text(&self.leaf)), "{what}");
        assert_eq!(installed["certificate"]["chain_length"], 1, "{what}");
        assert_eq!(installed["changed"], true, "{what}");
        assert_eq!(installed["left_out"], Value::Array(Vec::new()), "{what}");
        self.keyring.run(&["discard"]);
        installed
    }
}

/// As Windows' Notepad stores "Unicode": UTF-16, little end first, with its mark and CRLF.
fn utf16(text: &str) -> Vec<u8> {
    let text = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn are_understood_in_whatever_order_they_come() {
    let desk = Desk::new();
    let (leaf, issuing, root) = (&*desk.leaf, &*desk.authority.issuing(), &*desk.authority.root());
    let [leaf_file, issuing_file, root_file] = [leaf, issuing, root].map(text);
    desk.install("two files", &[&leaf_file, &issuing_file]);
    desk.install("two files, the chain named", &[&leaf_file, "--chain", &issuing_file]);
    desk.install("two files in the wrong order", &[&issuing_file, &leaf_file]);
    let installed = desk.install("three files with the root", &[&root_file, &issuing_file, &leaf_file]);
    assert_eq!(installed["root_left_out"], "O=Keyring Tests,CN=Test Root");
    let upside_down = desk.file("upside-down.pem", desk.pem(&[root, issuing, leaf]));
    desk.install("one file in the wrong order, with the root", &[&upside_down]);
    let twice = desk.file("twice.pem", desk.pem(&[leaf, issuing, leaf, issuing]));
    desk.install("everything twice", &[&twice]);
}

#[test]
fn are_understood_in_whatever_form_they_come() {
    let desk = Desk::new();
    let (leaf, issuing) = (&*desk.leaf, &*desk.authority.issuing());
    let issuing_file = text(issuing);
    desk.install("DER", &[&desk.der(leaf), &desk.der(issuing)]);
    let joined = [desk.bytes(Path::new(&desk.der(leaf))), desk.bytes(Path::new(&desk.der(issuing)))].concat();
    desk.install("DER, one after the other", &[&desk.file("joined.der", joined)]);
    desk.install("PKCS#7 in PEM", &[&desk.pkcs7("PEM")]);
    desk.install("PKCS#7 in DER", &[&desk.pkcs7("DER")]);
    let bare = openssl(&["base64", "-in", &desk.der(leaf)]);
    desk.install("bare base64", &[&desk.file("bare.txt", &bare), &issuing_file]);
    let one_line = bare.replace('\n', "");
    desk.install("bare base64 in one line", &[&desk.file("one-line.txt", one_line), &issuing_file]);
    let bare_pkcs7 = openssl(&["base64", "-in", &desk.pkcs7("DER")]);
    desk.install("bare base64 of PKCS#7", &[&desk.file("bare-pkcs7.txt", bare_pkcs7)]);
}

#[test]
fn are_understood_from_editors_and_mail_programs() {
    let desk = Desk::new();
    let pem = desk.pem(&[&desk.leaf, &desk.authority.issuing()]);
    let crlf = pem.replace('\n', "\r\n");
    desk.install("CRLF", &[&desk.file("crlf.pem", &crlf)]);
    desk.install("UTF-8 with mark and CRLF", &[&desk.file("bom.pem", format!("\u{feff}{crlf}"))]);
    desk.install("UTF-16 with mark and CRLF", &[&desk.file("utf16.pem", utf16(&pem))]);
    let pkcs7 = desk.pem(&[Path::new(&desk.pkcs7("PEM"))]);
    desk.install("PKCS#7 in UTF-16", &[&desk.file("utf16.p7b", utf16(&pkcs7))]);
    let bare = openssl(&["base64", "-in", &desk.der(&desk.leaf)]);
    let issuing = text(&desk.authority.issuing());
    desk.install("bare base64 in UTF-16", &[&desk.file("utf16.txt", utf16(&bare)), &issuing]);
    let said = openssl(&["x509", "-in", &text(&desk.leaf), "-text"]);
    let mail =
        format!("Dear customer,\n\nhere is your certificate:\n\n{said}\n\nand our own:\n\n{pem}\n-- \nThe authority\n");
    desk.install("a letter with openssl's text around", &[&desk.file("letter.txt", mail)]);
    let quoted: String = crlf.lines().map(|line| format!("    {line}\r\n")).collect();
    desk.install("indented", &[&desk.file("indented.txt", quoted)]);
}

#[test]
fn of_gnutls_nss_python_and_signed_mail_are_understood() {
    let desk = Desk::new();
    let (leaf, issuing) = (text(&desk.leaf), text(&desk.authority.issuing()));
    let both = desk.file("both.pem", desk.pem(&[&desk.leaf, &desk.authority.issuing()]));
    let out = desk.keyring.file("stranger.p7b");
    for form in ["--outder", "--no-outder"] {
        certtool(&["--p7-generate", "--load-certificate", &both, form, "--outfile", &out]);
        desk.install(&format!("PKCS#7 of certtool, {form}"), &[&out]);
    }
    for form in ["pkcs7-pem", "pkcs7-der"] {
        python_writes(form, &text(&desk.keyring.path("authority/issuing.key")), &both, &out, "unused");
        desk.install(form, &[&out]);
    }
    let signer = desk.keyring.file("authority/issuing.key");
    let sign = ["-sign", "-signer", &issuing, "-inkey", &signer, "-certfile", &leaf, "-in", &leaf, "-out", &out];
    for (command, more) in [
        ("smime", &["-nodetach", "-outform", "PEM"][..]),
        ("cms", &["-nodetach", "-outform", "DER"]),
        // BER of indefinite lengths
        ("cms", &["-nodetach", "-stream", "-outform", "DER"]),
    ] {
        openssl(&[&[command][..], &sign, more].concat());
        desk.install(&format!("signed by {command} {more:?}"), &[&out]);
    }
    let folder = desk.keyring.path("nss");
    std::fs::create_dir(&folder).unwrap();
    let database = format!("sql:{}", text(&folder));
    CERTUTIL.run(&["-N", "-d", &database, "--empty-password"]);
    for (name, file) in [("leaf", &leaf), ("issuing", &issuing)] {
        CERTUTIL.run(&["-A", "-d", &database, "-n", name, "-t", ",,", "-i", file]);
    }
    let files = ["leaf", "issuing"].map(|name| {
        let said = CERTUTIL.run(&["-L", "-d", &database, "-n", name, "-a"]);
        desk.file(&format!("nss-{name}.pem"), said)
    });
    desk.install("certutil -L -a", &[&files[0], &files[1]]);
}

#[test]
fn lists_beside_the_certificates_are_left_alone() {
    let desk = Desk::new();
    let list = revocation_list(&desk, "");
    let (leaf, issuing) = (text(&desk.leaf), text(&desk.authority.issuing()));
    let out = desk.keyring.file("with-crl.p7b");
    openssl(&["crl2pkcs7", "-in", &list, "-certfile", &leaf, "-certfile", &issuing, "-outform", "DER", "-out", &out]);
    desk.install("PKCS#7 with a list", &[&out]);
}

/// A list of the issuing authority, made by certtool, that revokes what is in a file.
fn revocation_list(desk: &Desk, revoked: &str) -> String {
    let template = desk.file("list.template", "crl_next_update = 7\ncrl_number = 5\n");
    let (key, issuing) = (desk.keyring.file("authority/issuing.key"), text(&desk.authority.issuing()));
    let out = desk.keyring.file("list.crl");
    let make = ["--generate-crl", "--load-ca-privkey", &key, "--load-ca-certificate", &issuing];
    let more = ["--template", &template, "--outfile", &out];
    let revoked: &[&str] = if revoked.is_empty() { &[] } else { &["--load-certificate", revoked] };
    certtool(&[&make[..], &more, revoked].concat());
    out
}

#[test]
fn lists_of_gnutls_and_openssl_are_heeded() {
    let desk = Desk::new();
    let (leaf, issuing, root) = (text(&desk.leaf), text(&desk.authority.issuing()), text(&desk.authority.root()));
    desk.keyring.run(&["install-cert", KEY, &leaf, &issuing, "--roots", &root]);
    let clean = revocation_list(&desk, "");
    let verify = |list: &str| desk.keyring.finish(&["verify", KEY, "--roots", &root, "--crl", list]);
    verify(&clean).succeeded();
    let found = desk.keyring.json(&["inspect", &clean]);
    assert_eq!(found["objects"][0]["kind"], "crl", "{found}");
    let list = revocation_list(&desk, &leaf);
    let said = verify(&list).ended_with(12);
    assert!(format!("{}{}", said.stdout, said.stderr).contains("revoked"), "{} {}", said.stdout, said.stderr);
    // the same list as openssl writes it, in DER
    let der = desk.keyring.file("list.der");
    openssl(&["crl", "-in", &list, "-outform", "DER", "-out", &der]);
    verify(&der).ended_with(12);
}
