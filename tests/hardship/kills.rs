//! The program, killed (SIGKILL) at random moments of its run while others read and write.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use keystore::model::{Generation, KeyView, Next};
use keystore::name::{Endpoint, KeyPath};
use keystore::store::Keystore;
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::Value;

use super::inspection::{self, Live, Log};
use super::promises::Promises;
use super::readers::{Reader, WhenDropped};
use super::scene::{Scene, choose, dice, document, say};

/// How many commands must have died.
const DEATHS: usize = 500;
/// Keys whose private keys, certificates and bindings change.
const KEYS: [&str; 6] =
    ["m0/https/main", "m0/imap/main", "m1/https/main", "m1/https/other", "m2/smtp/main", "m3/https/main"];
/// How long the writer beside rests after each commit: the victims are to run, not to wait.
const PAUSE: Duration = Duration::from_millis(30);
/// The keys of the writer beside, and a pair of endpoints that it always binds together.
const BESIDE: [&str; 2] = ["w0/imap/one", "w0/imap/other"];
const PAIR: [&str; 2] = ["w1/imap@default", "w2/smtp@192.0.2.7:25"];

/// A command without arguments.
const ALONE: [&str; 0] = [];

fn endpoints() -> Vec<Endpoint> {
    let of = |server: usize| {
        (1..=4)
            .map(move |last| format!("m{server}/https@192.0.2.{last}:443"))
            .chain([format!("m{server}/https@default")])
    };
    (0..4).flat_map(of).map(|endpoint| endpoint.parse().unwrap()).collect()
}

#[test]
fn nothing_is_lost_whenever_a_command_is_killed() {
    let start = Instant::now();
    let scene = Scene::new();
    for key in KEYS.iter().chain(&BESIDE) {
        scene.certify(key);
    }
    let mut victim = Victim::new(&scene);
    victim.bind_everything();
    scene.world.done(&["bind", BESIDE[0], PAIR[0], PAIR[1]]);
    scene.world.done(&["commit"]);

    let done = AtomicBool::new(false);
    let pairs = [PAIR.map(str::to_owned)];
    let (mut beside, reads) = std::thread::scope(|scope| {
        let stop = WhenDropped(&done);
        let writer = scope.spawn(|| Beside::new(&scene).write_until(&done));
        let readers = [0, 1].map(|_| scope.spawn(|| Reader::new(&scene.world, &pairs, KEYS[0]).read_until(&done)));
        while victim.deaths() < DEATHS {
            victim.step();
        }
        drop(stop);
        (writer.join().unwrap(), readers.map(|reader| reader.join().unwrap()).iter().sum::<usize>())
    });
    victim.check_everything();
    beside.check();
    victim.report();
    say(format_args!(
        "kills: beside them {} commands that wrote ({} excused) and {reads} that read; generation {}; {:.0} s",
        beside.runs,
        beside.excused,
        victim.keystore.read().unwrap().generation(),
        start.elapsed().as_secs_f32(),
    ));
}

/// What happened to the runs of one command.
#[derive(Default)]
struct Fate {
    runs: usize,
    died: usize,
    /// How long the last runs took that nobody killed.
    undisturbed: Vec<Duration>,
}

impl Fate {
    /// When to kill the next run: at any moment of the time that it takes. Now and then one is left alone, to know
    /// that time.
    fn moment(&mut self, dice: &mut StdRng) -> Option<Duration> {
        self.runs += 1;
        if self.runs % 8 == 1 {
            return None;
        }
        Some(median(&self.undisturbed[self.undisturbed.len().saturating_sub(9)..]).mul_f64(dice.random()))
    }
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}

/// Runs one command after the other and kills it.
struct Victim<'a> {
    scene: &'a Scene,
    keystore: Keystore,
    dice: StdRng,
    /// Keys that change: all of these are certified, and made ones that may not be.
    certified: Vec<KeyPath>,
    made: Vec<KeyPath>,
    endpoints: Vec<Endpoint>,
    promises: Promises,
    log: Log,
    live: Live,
    fates: BTreeMap<&'static str, Fate>,
    /// Commits and publications that were left to be undone and to be finished, as far as nobody was quicker.
    left: [usize; 2],
}

impl<'a> Victim<'a> {
    fn new(scene: &'a Scene) -> Self {
        Self {
            scene,
            keystore: inspection::open(&scene.world.store()),
            dice: dice("kills"),
            certified: KEYS.iter().map(|key| key.parse().unwrap()).collect(),
            made: Vec::new(),
            endpoints: endpoints(),
            promises: Promises::default(),
            log: Log::new(),
            live: Live::default(),
            fates: BTreeMap::new(),
            left: [0; 2],
        }
    }

    fn deaths(&self) -> usize {
        self.fates.values().map(|fate| fate.died).sum()
    }

    fn bind_everything(&mut self) {
        let (key, endpoints) = (self.certified[0].clone(), self.endpoints.clone());
        self.bind(&key, &endpoints);
    }

    /// One command that is killed, with what must go before it; then everything it could harm is looked at.
    fn step(&mut self) {
        let keys = [&self.certified[..], &self.made].concat();
        let key = choose(&mut self.dice, &keys).clone();
        match self.dice.random_range(0..100) {
            0..40 => {
                self.stage();
                self.kill("commit", &["-m", "whatever becomes of it"]);
            }
            40..78 => self.advance(&key),
            78..84 => self.bind_killed(),
            84..88 => self.unbind_killed(),
            88..91 => {
                self.promises.may_discard(&self.keystore.read().unwrap(), &key);
                self.kill("discard", &[&key.to_string()]);
            }
            91..95 => self.create_killed(),
            _ => {
                self.stage();
                self.run(&["commit", "--no-publish"]);
                self.kill("publish", &ALONE);
            }
        }
        self.check(&key);
    }

    /// Takes a key a step further to its next certificate.
    fn advance(&mut self, key: &KeyPath) {
        let view = self.keystore.read().unwrap().key(key).unwrap().unwrap();
        let name = key.to_string();
        match view.next {
            None => {
                let made = self.kill("create-key", &[&name, "--next"]);
                made.iter().for_each(|result| self.promises.made(key, result));
            }
            Some(Next::New(_)) => {
                let made = self.kill("make-csr", &[&name, "--cn", "service.example.com"]);
                made.iter().for_each(|result| self.promises.requested(key, result));
            }
            Some(Next::Pending { ref version, .. }) => {
                let request = version.requests.last().unwrap();
                let request = self.keystore.read().unwrap().request_file(key, version, request).unwrap();
                self.install_killed(&view, std::str::from_utf8(&request).unwrap());
            }
            Some(Next::Installed(_)) => _ = self.kill("commit", &ALONE),
        }
    }

    fn create_killed(&mut self) {
        // another name each time: who was killed may have made the key and said nothing
        let number = self.fates.get("create-key").map_or(0, |fate| fate.runs);
        let key: KeyPath = format!("m{}/ldap/made-{number}", number % 4).parse().unwrap();
        if let Some(result) = self.kill("create-key", &[&key.to_string()]) {
            self.promises.made(&key, &result);
            self.made.push(key);
        }
    }

    fn install_killed(&mut self, view: &KeyView, request: &str) {
        let key = &view.path;
        let reply = self.scene.reply(&key.to_string(), request);
        let fingerprint = inspection::fingerprint(&self.scene.world.read(&reply)).to_string();
        let before = view.upcoming().map(|installed| installed.summary.fingerprint.to_string());
        self.promises.has(key, before);
        self.promises.may_have(key, Some(fingerprint.clone()));
        if self.kill("install-cert", &[&key.to_string(), &reply]).is_some() {
            self.promises.has(key, Some(fingerprint));
        }
    }

    fn some_endpoints(&mut self) -> Vec<Endpoint> {
        let many = self.dice.random_range(1..=8);
        let chosen: BTreeSet<_> = (0..many).map(|_| choose(&mut self.dice, &self.endpoints).clone()).collect();
        chosen.into_iter().collect()
    }

    /// Stages something to commit, undisturbed: whoever was killed before, the next writer works.
    fn stage(&mut self) {
        let endpoints = self.some_endpoints();
        let key = choose(&mut self.dice, &self.certified).clone();
        self.bind(&key, &endpoints);
    }

    fn bind(&mut self, key: &KeyPath, endpoints: &[Endpoint]) {
        self.run(&words(&["bind", &key.to_string()], endpoints));
        self.promises.bound(endpoints, Some(key));
    }

    fn bind_killed(&mut self) {
        let endpoints = self.some_endpoints();
        let key = choose(&mut self.dice, &self.certified).clone();
        self.promises.may_bind(&endpoints, Some(&key));
        if self.kill("bind", &words(&[&key.to_string()], &endpoints)).is_some() {
            self.promises.bound(&endpoints, Some(&key));
        }
    }

    fn unbind_killed(&mut self) {
        let mut endpoints = self.some_endpoints();
        endpoints.retain(|endpoint| self.promises.binding(endpoint).is_some());
        if endpoints.is_empty() {
            return;
        }
        self.promises.may_bind(&endpoints, None);
        if self.kill("unbind", &words(&[], &endpoints)).is_some() {
            self.promises.bound(&endpoints, None);
        }
    }

    /// Runs a command to its end.
    fn run(&self, arguments: &[impl AsRef<str>]) {
        let arguments: Vec<_> = arguments.iter().map(AsRef::as_ref).collect();
        let output = self.scene.world.keyring(&[&arguments[..], &["--json"]].concat());
        assert!(output.code == 0 || is_excused(arguments[0], &output.stdout), "{arguments:?}: {output}");
    }

    /// Runs a command that is killed at some moment, unless it ends before. Its result, when it had one to tell.
    fn kill(&mut self, name: &'static str, arguments: &[impl AsRef<str>]) -> Option<Value> {
        let fate = self.fates.entry(name).or_default();
        let moment = fate.moment(&mut self.dice);
        let words: Vec<_> = [name].into_iter().chain(arguments.iter().map(AsRef::as_ref)).chain(["--json"]).collect();
        let mut command = self.scene.world.command(&words);
        let start = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if let Some(moment) = moment {
            std::thread::sleep(moment.saturating_sub(start.elapsed()));
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        if output.status.signal().is_some() {
            fate.died += 1;
            self.count_what_was_left(name);
            return None;
        }
        if moment.is_none() {
            fate.undisturbed.push(start.elapsed());
        }
        let stdout = String::from_utf8(output.stdout).unwrap();
        if is_excused(name, &stdout) {
            return None;
        }
        assert!(output.status.success(), "{words:?}: {stdout}{}", String::from_utf8_lossy(&output.stderr));
        Some(document(stdout.as_bytes())["result"].take())
    }

    /// What the dead left is for the next writer: the one beside may have been quicker than this look.
    fn count_what_was_left(&mut self, name: &str) {
        let Ok(intent) = std::fs::read(self.scene.world.store().join("intent.json")) else { return };
        if ["commit", "publish"].contains(&name) {
            let generation = document(&intent)["generation"].as_u64().unwrap();
            let is_recorded = self.keystore.read().unwrap().generation() >= Generation(generation);
            self.left[usize::from(is_recorded && name == "commit")] += 1;
        }
    }

    /// What must hold now.
    fn check(&mut self, key: &KeyPath) {
        let snapshot = self.keystore.read().unwrap();
        self.log.verify(&snapshot);
        self.promises.check(&snapshot);
        self.promises.check_keys(&self.scene.world.store(), &snapshot, [key]);
        for endpoint in self.promises.endpoints().map(ToString::to_string).chain(PAIR.map(str::to_owned)) {
            self.live.check(&self.scene.live(&endpoint));
        }
    }

    /// What must hold in the end, when the last writer has cleared up.
    fn check_everything(&mut self) {
        self.run(&["commit"]);
        self.run(&["publish"]);
        let snapshot = self.keystore.read().unwrap();
        Log::new().verify(&snapshot);
        self.promises.check(&snapshot);
        self.promises.check_keys(&self.scene.world.store(), &snapshot, self.promises.keys());
        for endpoint in self.promises.endpoints() {
            let Some(key) = snapshot.committed_binding(endpoint).unwrap() else { continue };
            assert_eq!(self.promises.binding(endpoint), Some(&key), "{endpoint}");
            let current = snapshot.key(&key).unwrap().unwrap().current.unwrap();
            let served = self.live.check(&self.scene.live(&endpoint.to_string()));
            assert_eq!(served, current.installed.summary.fingerprint, "{endpoint}");
        }
        assert!(snapshot.stage().is_empty());
        assert!(!self.scene.world.store().join("intent.json").exists());
    }

    fn report(&self) {
        for (name, fate) in &self.fates {
            let Fate { runs, died, undisturbed } = fate;
            let typical = median(undisturbed).as_secs_f32() * 1e3;
            say(format_args!("kills: {name:12} {runs:3} runs, {died:3} killed, {typical:4.1} ms when left alone"));
        }
        let [undo, finish] = self.left;
        say(format_args!(
            "kills: {} in all; at least {undo} left to be undone, {finish} to be finished",
            self.deaths()
        ));
        assert!(undo > 0, "no commit was killed on its way: these kills prove nothing");
    }
}

fn words(before: &[&str], endpoints: &[Endpoint]) -> Vec<String> {
    before.iter().map(|word| (*word).to_owned()).chain(endpoints.iter().map(ToString::to_string)).collect()
}

/// Whether a command failed as it may where others write: nothing is discarded while it is being committed, and a commit
/// before which others are always quicker gives up in the end.
fn is_excused(name: &str, stdout: &str) -> bool {
    let allowed = match name {
        "discard" => "commit-running",
        "commit" => "keystore-moved",
        _ => return false,
    };
    let document = document(stdout.as_bytes());
    document["ok"] == false && document["error"]["code"] == allowed
}

/// The writer beside, who is never killed and never told that anything is wrong.
struct Beside<'a> {
    scene: &'a Scene,
    promises: Promises,
    runs: usize,
    excused: usize,
}

impl<'a> Beside<'a> {
    fn new(scene: &'a Scene) -> Self {
        Self { scene, promises: Promises::default(), runs: 0, excused: 0 }
    }

    fn write_until(mut self, done: &AtomicBool) -> Self {
        let pair = PAIR.map(|endpoint| endpoint.parse().unwrap());
        for round in 0.. {
            if done.load(Ordering::Acquire) {
                break;
            }
            let key = BESIDE[round % 2];
            self.run(&["bind", key, PAIR[0], PAIR[1]]);
            self.promises.bound(&pair, Some(&key.parse().unwrap()));
            if round % 4 == 0 {
                self.certify(&format!("w{}/imap/made-{round}", round % 8), round % 8 == 0);
            }
            self.run(&["commit"]);
            std::thread::sleep(PAUSE);
        }
        self
    }

    /// A new key with its certificate, which is thrown away again or committed.
    fn certify(&mut self, name: &str, discard: bool) {
        let key = name.parse().unwrap();
        self.run(&["create-key", name]).iter().for_each(|made| self.promises.made(&key, made));
        let request = self.run(&["make-csr", name, "--cn", "service.example.com"]).unwrap();
        self.promises.requested(&key, &request);
        let reply = self.scene.reply(name, request["request_pem"].as_str().unwrap());
        self.run(&["install-cert", name, &reply]);
        if discard {
            self.run(&["discard", name]);
        }
    }

    fn run(&mut self, arguments: &[&str]) -> Option<Value> {
        self.runs += 1;
        let output = self.scene.world.keyring(&[arguments, &["--json"]].concat());
        if is_excused(arguments[0], &output.stdout) {
            self.excused += 1;
            return None;
        }
        Some(output.exits(0).result())
    }

    fn check(&mut self) {
        let store = self.scene.world.store();
        let keystore = inspection::open(&store);
        let snapshot = keystore.read().unwrap();
        self.promises.check(&snapshot);
        self.promises.check_keys(&store, &snapshot, self.promises.keys());
    }
}
