//! Whole processes side by side: `keyring` against openssl and certtool, interleaved in one run, order rotated.
//!
//! `cargo bench --bench processes [-- ROUNDS [RSA-ROUNDS]]` prints medians of wall time and means of CPU time (user
//! and system, of the child processes alone), each with its ratio to openssl's. A benchmark asserts nothing.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "a benchmark runs programs, reads the clock and prints"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use tempfile::TempDir;

/// One contestant: its name, and what one round runs.
type Contestant<'a> = (&'a str, Box<dyn Fn(usize) -> Vec<Command> + 'a>);

struct Sample {
    wall: Duration,
    cpu: Duration,
}

fn main() {
    // cargo passes --bench
    let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
    let rounds = numbers.next().unwrap_or(60);
    let rsa_rounds = numbers.next().unwrap_or(100);
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

fn tool(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Runs every contestant in every round, another one first each time.
fn compare(title: &str, rounds: usize, contestants: &[Contestant<'_>]) {
    if rounds == 0 {
        return;
    }
    let mut samples: Vec<Vec<Sample>> = contestants.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for turn in 0..contestants.len() {
            let at = (round + turn) % contestants.len();
            samples[at].push(measure(&mut (contestants[at].1)(round)));
        }
    }
    println!("\n{title} ({rounds} rounds)");
    println!("{:34} {:>12} {:>7} {:>12} {:>7}", "", "wall median", "ratio", "CPU mean", "ratio");
    let base = (median(&samples[0]), mean(&samples[0]));
    for ((name, _), samples) in contestants.iter().zip(&samples) {
        let (wall, cpu) = (median(samples), mean(samples));
        println!(
            "{name:34} {:>9.2} ms {:>7.2} {:>9.2} ms {:>7.2}",
            milliseconds(wall),
            wall.as_secs_f64() / base.0.as_secs_f64(),
            milliseconds(cpu),
            cpu.as_secs_f64() / base.1.as_secs_f64()
        );
    }
}

fn measure(commands: &mut [Command]) -> Sample {
    let (start, before) = (Instant::now(), children_cpu());
    for command in commands {
        let status = command.status().expect("the program runs");
        assert!(status.success(), "{command:?} failed");
    }
    Sample { wall: start.elapsed(), cpu: children_cpu().saturating_sub(before) }
}

fn children_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts");
    let spent = [usage.user_time(), usage.system_time()];
    spent
        .iter()
        .map(|time| Duration::from_micros(u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).unwrap_or(0)))
        .sum()
}

fn median(samples: &[Sample]) -> Duration {
    let mut walls: Vec<_> = samples.iter().map(|sample| sample.wall).collect();
    walls.sort_unstable();
    walls[walls.len() / 2]
}

fn mean(samples: &[Sample]) -> Duration {
    let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    samples.iter().map(|sample| sample.cpu).sum::<Duration>() / count
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
