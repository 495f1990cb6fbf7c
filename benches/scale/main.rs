//! What the program costs at 1,000, 10,000 and 100,000 keys, side by side with a small keystore.
//!
//! `cargo bench --bench scale -- 100k [ROUNDS]`, and in the same way `1k` and `10k`. The keystores are made once and
//! kept under `target/scale`. With cold caches only as root, as they are dropped by /proc/sys/vm/drop_caches. A
//! benchmark asserts nothing but that everything works.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "a benchmark runs programs, reads the clock and prints"
)]

#[path = "../../keystore/tests/store/common/counting_disk.rs"]
mod counting_disk;
mod large;
mod measure;
mod programs;

use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{fs, io};

use keystore::parallel;
use keystore::pki::{KeyAlgorithm, PrivateKey};
use large::{Large, Shape, threads};
use measure::{Contestant, compare, milliseconds, peak_memory, timed};
use programs::{keyring, openssl};

const SMALL: [Shape; 2] = [Shape { keys: 100, servers: 1 }, Shape { keys: 100, servers: 100 }];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|first| first == "--peak-memory") {
        return measure::print_peak_memory(&arguments[1..]);
    }
    let keys = match arguments.first().map_or("1k", String::as_str) {
        "1k" => 1_000,
        "10k" => 10_000,
        "100k" => 100_000,
        other => panic!("{other} is none of 1k, 10k, 100k"),
    };
    let rounds = arguments.get(1).map_or(20, |rounds| rounds.parse().expect("a number of rounds"));
    let large = Large::get(Shape { keys, servers: 1_000 });
    let small = SMALL.map(Large::get);
    let stores: Vec<&Large> = small.iter().chain([&large]).collect();
    println!("{} threads", threads());
    one_key(&stores, rounds);
    all_keys(&large, rounds);
    after_a_crash(&large, rounds.min(5));
    many_new_keys(keys.min(10_000), rounds.min(10));
}

/// One key among few and among many.
fn one_key(stores: &[&Large], rounds: usize) {
    let each = |what: &str, run: &dyn Fn(&Large, usize) -> Command, before: &dyn Fn(&Large, usize)| {
        let contestants: Vec<_> = stores
            .iter()
            .map(|store| Contestant::program(store.shape.name(), move |round| run(store, round)))
            .zip(stores)
            .map(|(contestant, store)| contestant.after(move |round| before(store, round)))
            .collect();
        let contestants: Vec<_> = std::iter::once(openssl()).chain(contestants).collect();
        compare(what, rounds, 1, &contestants);
    };
    each("show KEY", &|store, _| keyring(&store.root(), &["show", &store.key()]), &|_, _| ());
    each(
        "bind KEY ENDPOINT",
        &|store, round| keyring(&store.root(), &["bind", &store.key(), &store.free_endpoint(round)]),
        &|store, _| _ = timed(&mut keyring(&store.root(), &["discard"])),
    );
    each("commit of one renewed key", &|store, _| keyring(&store.root(), &["commit"]), &|store, round| {
        timed(&mut keyring(&store.root(), &["discard"]));
        timed(&mut keyring(&store.root(), &["install-cert", &store.key(), &store.reply(round)]));
    });
}

/// Everything that there is.
fn all_keys(large: &Large, rounds: usize) {
    let commands: [&[&str]; 4] = [&["list", "--json"], &["status", "--json"], &["list"], &["status"]];
    let run = |arguments: &'static [&'static str]| {
        let root = large.root();
        Contestant::program(arguments.join(" "), move |_| keyring(&root, arguments))
    };
    let title = format!("everything, {}, warm", large.shape.name());
    let contestants: Vec<_> = std::iter::once(openssl()).chain(commands.map(run)).collect();
    compare(&title, rounds, 0, &contestants);
    if drop_caches() {
        let cold = |contestant: Contestant<'static>| contestant.after(|_| _ = drop_caches());
        let contestants: Vec<_> = std::iter::once(openssl()).chain(commands.map(run)).map(cold).collect();
        compare(&title.replace("warm", "cold"), rounds.min(5), 0, &contestants);
    } else {
        println!("\nNOT MEASURED: cold caches, which only root can drop");
    }
    println!("\npeak memory");
    for arguments in commands {
        println!("{:14} {:>8.1} MB", arguments.join(" "), peak_memory(&keyring(&large.root(), arguments)));
    }
}

fn drop_caches() -> bool {
    rustix::fs::sync();
    fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}

/// The first command that changes something, after a commit that was cut off when it had switched its endpoints.
fn after_a_crash(large: &Large, rounds: usize) {
    let recover = |endpoints: usize| {
        let name = format!("bind, {endpoints} endpoints switched");
        let bind = move |round| keyring(&large.root(), &["bind", &large.key(), &large.free_endpoint(round)]);
        Contestant::program(name, bind).after(move |_| {
            timed(&mut keyring(&large.root(), &["discard"]));
            large.crash(endpoints);
        })
    };
    let title = format!("after a crash in a commit, {}", large.shape.name());
    compare(&title, rounds, 0, &[openssl(), recover(1), recover(1000)]);
    timed(&mut keyring(&large.root(), &["discard"]));
}

/// `create-key --from` against the making of the same private keys and nothing else.
fn many_new_keys(count: usize, rounds: usize) {
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_MANIFEST_DIR")).join("target/scale")).expect("writable");
    let list = folder.path().join("keys.txt");
    let keys: Vec<String> = (0..count).map(new_key).collect();
    fs::write(&list, keys.join("\n")).expect("writable");
    let generate = || {
        std::thread::scope(|scope| {
            for _ in 0..threads() {
                scope.spawn(|| {
                    for _ in 0..count / threads() {
                        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).expect("there is randomness");
                        std::hint::black_box((key.to_pem(), key.public_key().hash()));
                    }
                });
            }
        });
    };
    let list = list.display().to_string();
    let root = |round: usize| folder.path().join(format!("keystore{round}"));
    let create = Contestant::program(format!("create-key --from, {count} keys"), |round| {
        keyring(&root(round), &["create-key", "--from", &list])
    });
    let create = create.after(|round| _ = timed(&mut keyring(&root(round), &["init"])));
    let pure = Contestant::own(format!("generating and encoding {count} keys"), generate);
    let fresh = || tempfile::tempdir_in(folder.path()).expect("writable").keep();
    let only = Contestant::own("the same folders and files, nothing in them checked or known", || {
        let root = fresh();
        each_server(|server| {
            (server..count).step_by(SERVERS).try_for_each(|index| make_version(&root.join(new_key(index))))
        });
        rustix::fs::syncfs(fs::File::open(&root).expect("it was made")).expect("the disk takes it");
    });
    let least = Contestant::own("one empty folder for each key, not synced", || {
        let root = fresh();
        each_server(|server| {
            let folder = |index| root.join(format!("{server}/{index}"));
            (server..count).step_by(SERVERS).try_for_each(|index| fs::create_dir_all(folder(index)))
        });
    });
    let medians: Vec<Duration> = compare("many new keys", rounds, 0, &[pure, only, least, create]);
    let each = |median: Duration| milliseconds(median) * 1000.0 / count as f64;
    println!(
        "{:.1} us a key; {:.1} us are the making of the private key, {:.1} us that of such folders and files alone, \
         {:.1} us that of one empty folder",
        each(medians[3]),
        each(medians[0]),
        each(medians[1]),
        each(medians[2])
    );
}

/// Servers among which many new keys are spread.
const SERVERS: usize = 1000;

/// One of many new keys.
fn new_key(index: usize) -> String {
    format!("server{:04}/https/key{}", index % SERVERS, index / SERVERS)
}

/// Does the work of every server, on as many threads as the program has.
fn each_server(work: impl Fn(usize) -> io::Result<()> + Sync) {
    let servers = Vec::from_iter(0..SERVERS);
    parallel::each(threads(), &servers, |server| work(*server)).expect("writable");
}

/// What a file system has to make for a key.
fn make_version(key: &Path) -> io::Result<()> {
    let version = key.join("1");
    fs::create_dir_all(&version)?;
    fs::write(version.join("private-key.pem"), [b'x'; 241])?;
    fs::write(version.join("version.json"), [b'x'; 400])
}
