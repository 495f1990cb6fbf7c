//! The strangers, and the questions that each of them answers.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::common::{Finished, Tool, finish, text};

/// GnuTLS.
pub(crate) const CERTTOOL: Tool = Tool { program: "certtool", package: "gnutls-bin" };

pub(crate) const GNUTLS_CLI: Tool = Tool { program: "gnutls-cli", package: "gnutls-bin" };

/// Java.
pub(crate) const KEYTOOL: Tool = Tool { program: "keytool", package: "default-jre-headless" };

/// NSS.
pub(crate) const PK12UTIL: Tool = Tool { program: "pk12util", package: "libnss3-tools" };
pub(crate) const CERTUTIL: Tool = Tool { program: "certutil", package: "libnss3-tools" };

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/read_back.py");

const WRITER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/write.py");

/// All six algorithms of `create-key`.
pub(crate) const ALGORITHMS: [&str; 6] = ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519"];

/// Asks openssl; it must succeed.
#[track_caller]
pub(crate) fn openssl(arguments: &[&str]) -> String {
    Tool::OPENSSL.run(arguments)
}

/// Asks certtool; it must succeed.
#[track_caller]
pub(crate) fn certtool(arguments: &[&str]) -> String {
    CERTTOOL.run(arguments)
}

/// Runs `read_back.py`, successful or not.
pub(crate) fn python(questions: &[String], passphrase: Option<&str>) -> Finished {
    run_python(SCRIPT, questions, passphrase)
}

/// Runs `write.py`, which must succeed: a private key with its certificate in some form.
#[track_caller]
pub(crate) fn python_writes(form: &str, key: &str, certificate: &str, out: &str, passphrase: &str) {
    let arguments = [form, key, certificate, out].map(str::to_owned);
    run_python(WRITER, &arguments, Some(passphrase)).succeeded();
}

fn run_python(script: &str, arguments: &[String], passphrase: Option<&str>) -> Finished {
    let mut command = python_program("python");
    command.arg(script).args(arguments).env_remove("PASSPHRASE");
    command.envs(passphrase.map(|passphrase| ("PASSPHRASE", passphrase)));
    run_python_program(&mut command)
}

/// A program of the packages in `requirements.txt`, or their python itself.
pub(crate) fn python_program(name: &str) -> Command {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("cargo's target folder");
    let mut command = Command::new(target.join("python/bin").join(name));
    // nothing of the machine's own packages
    command.env_remove("PYTHONPATH").env_remove("PYTHONHOME").env("LC_ALL", "C.UTF-8");
    command
}

/// Runs one of them to its end, successful or not.
pub(crate) fn run_python_program(command: &mut Command) -> Finished {
    finish(command, "").unwrap_or_else(|error| {
        let program = command.get_program().display();
        panic!("cannot run {program}: {error}; tests/run makes it with what tests/interop/requirements.txt names")
    })
}

/// The answers of `read_back.py`; it must succeed.
#[track_caller]
pub(crate) fn python_says<const N: usize>(questions: &[String; N]) -> [Value; N] {
    let said = python(questions, None).succeeded().stdout;
    let answers: Vec<Value> = serde_json::from_str(&said).expect("read_back.py writes JSON");
    answers.try_into().expect("one answer to each question")
}

/// SHA-256 of a public key (`SubjectPublicKeyInfo` in DER), as openssl reads it from a file: `request`, `key` or
/// `certificate`.
#[track_caller]
pub(crate) fn spki(kind: &str, file: &str) -> String {
    let pem = match kind {
        "request" => openssl(&["req", "-in", file, "-noout", "-pubkey"]),
        "certificate" => openssl(&["x509", "-in", file, "-noout", "-pubkey"]),
        _ => openssl(&["pkey", "-in", file, "-pubout"]),
    };
    let blocks = keystore::pki::pem_blocks(pem.as_bytes());
    let [block] = &blocks[..] else { panic!("openssl shows no public key of {file}:\n{pem}") };
    keystore::digest::Digest::of(block.body.as_ref().expect("base64")).to_string()
}

/// The subject of a request or certificate in the order of its encoding, as openssl says it.
#[track_caller]
pub(crate) fn subject(command: &str, file: &Path) -> String {
    let options = "esc_2253,esc_ctrl,utf8,sname,sep_comma_plus";
    let said = openssl(&[command, "-in", &text(file), "-noout", "-subject", "-nameopt", options]);
    said.trim_end().strip_prefix("subject=").expect("openssl says the subject").to_owned()
}
