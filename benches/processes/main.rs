//! Whole processes side by side: `keyring` against openssl and certtool, interleaved in one run, order rotated.
//!
//! `cargo bench --bench processes [-- ROUNDS [RSA-ROUNDS [RENEWAL-ROUNDS]]]` prints medians of wall time and means of CPU
//! time (user and system, of the child processes alone), each with its ratio to the first's. A benchmark asserts nothing.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "a benchmark runs programs, reads the clock and prints"
)]

mod measure;
mod renewals;

use std::path::Path;
use std::process::Command;

use measure::{compare, tool};
use tempfile::TempDir;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [generate, algorithm, count] = arguments.as_slice()
        && generate == "--generate"
    {
        return renewals::generate(algorithm, count);
    }
    // cargo passes --bench
    let mut numbers = arguments.iter().filter_map(|argument| argument.parse().ok());
    let rounds = numbers.next().unwrap_or(60);
    let rsa_rounds = numbers.next().unwrap_or(100);
    renewals::renewals(numbers.next().unwrap_or(5));
    let folder = TempDir::new().expect("a temporary folder");
    let bench = Bench { folder: folder.path() };
    bench.keyring(&["init"]).status().expect("keyring runs");
    bench.small_keystore();

    compare(
        "start",
        rounds,
        &[
            ("openssl version", Box::new(|_| vec![tool("openssl", &["version"])])),
            ("certtool --version", Box::new(|_| vec![tool("certtool", &["--version"])])),
            ("keyring --version", Box::new(|_| vec![bench.keyring(&["--version"])])),
            ("keyring list (10 keys)", Box::new(|_| vec![bench.keyring(&["list"])])),
            ("keyring show", Box::new(|_| vec![bench.keyring(&["show", "small0/https/main"])])),
        ],
    );
    compare(
        "P-256 key and request, durable in keyring only",
        rounds,
        &[
            ("openssl genpkey, req", Box::new(|round| bench.openssl_ec(round))),
            ("certtool key, request", Box::new(|round| bench.certtool_ec(round))),
            ("keyring create-key, make-csr", Box::new(|round| bench.keyring_ec(round))),
            ("keyring make-csr --new-key", Box::new(|round| bench.keyring_new_key(round))),
        ],
    );
    for bits in ["2048", "3072", "4096"] {
        compare(
            &format!("RSA-{bits} key"),
            rsa_rounds,
            &[
                ("openssl genrsa", Box::new(move |_| vec![tool("openssl", &["genrsa", bits])])),
                (
                    "certtool --generate-privkey",
                    Box::new(move |_| {
                        vec![tool("certtool", &["--generate-privkey", "--key-type", "rsa", "--bits", bits])]
                    }),
                ),
                ("keyring create-key", Box::new(|round| bench.keyring_rsa(bits, round))),
            ],
        );
    }
}

struct Bench<'a> {
    folder: &'a Path,
}

impl Bench<'_> {
    fn keyring(&self, arguments: &[&str]) -> Command {
        let mut command = tool(env!("CARGO_BIN_EXE_keyring"), &["--no-input", "--store"]);
        command.arg(self.folder.join("keystore")).args(arguments);
        command
    }

    fn small_keystore(&self) {
        for number in 0..10 {
            let key = format!("small{number}/https/main");
            self.keyring(&["create-key", &key]).status().expect("keyring runs");
            self.keyring(&["make-csr", &key, "--cn", "www.example.com"]).status().expect("keyring runs");
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn openssl_ec(&self, round: usize) -> Vec<Command> {
        let (key, request) = (self.path(&format!("o{round}.key")), self.path(&format!("o{round}.csr")));
        let genpkey = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &key];
        let san = "subjectAltName=DNS:www.example.com";
        let req = ["req", "-new", "-key", &key, "-subj", "/CN=www.example.com", "-addext", san, "-out", &request];
        vec![tool("openssl", &genpkey), tool("openssl", &req)]
    }

    fn certtool_ec(&self, round: usize) -> Vec<Command> {
        let (key, request) = (self.path(&format!("c{round}.key")), self.path(&format!("c{round}.csr")));
        let template = self.path("template.cfg");
        std::fs::write(&template, "cn = www.example.com\ndns_name = www.example.com\n").expect("the folder is there");
        let key_args = ["--generate-privkey", "--key-type", "ecdsa", "--curve", "secp256r1", "--outfile", &key];
        let request_args =
            ["--generate-request", "--load-privkey", &key, "--template", &template, "--outfile", &request];
        vec![tool("certtool", &key_args), tool("certtool", &request_args)]
    }

    fn keyring_ec(&self, round: usize) -> Vec<Command> {
        let key = format!("ec{round}/https/main");
        vec![self.keyring(&["create-key", &key]), self.keyring(&["make-csr", &key, "--cn", "www.example.com"])]
    }

    fn keyring_new_key(&self, round: usize) -> Vec<Command> {
        let key = format!("new{round}/https/main");
        vec![self.keyring(&["make-csr", &key, "--new-key", "--cn", "www.example.com"])]
    }

    fn keyring_rsa(&self, bits: &str, round: usize) -> Vec<Command> {
        let key = format!("rsa{bits}-{round}/https/main");
        vec![self.keyring(&["create-key", &key, "--algorithm", &format!("rsa-{bits}")])]
    }
}
