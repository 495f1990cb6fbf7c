//! Many processes at once: each stages changes of its own and commits what it finds staged, while others read.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use keystore::change::Change;
use keystore::name::{Endpoint, KeyPath};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::inspection::{self, Live, Log};
use super::readers::{Reader, WhenDropped};
use super::scene::{Scene, choose, dice, say};

const WRITERS: usize = 8;
const CHANGES: usize = 50;
const READERS: usize = 4;
/// How many pairs of endpoints each writer has.
const PAIRS: usize = 3;
const KEYS: [&str; 2] = ["c0/https/one", "c1/https/other"];

/// A writer's endpoints, two by two on different servers: bound and freed together.
fn pairs_of(writer: usize) -> impl Iterator<Item = [String; 2]> {
    (1..=PAIRS).map(move |pair| {
        [format!("a{writer}/https@192.0.2.{pair}:443"), format!("b{}/imap@198.51.100.{writer}:{pair}", writer % 3)]
    })
}

#[test]
fn eight_writers_and_four_readers_at_once_lose_nothing() {
    let start = Instant::now();
    let scene = Scene::new();
    KEYS.iter().for_each(|key| scene.certify(key));
    scene.world.done(&["commit"]);
    let mut dice = dice("crowd");
    let writers: Vec<_> = (0..WRITERS).map(|writer| Writer::new(&scene, writer, dice.random())).collect();
    let pairs: Vec<_> = (0..WRITERS).flat_map(pairs_of).collect();

    let done = AtomicBool::new(false);
    let (written, reads) = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|_| scope.spawn(|| Reader::new(&scene.world, &pairs, KEYS[0]).read_until(&done)))
            .collect();
        let stop = WhenDropped(&done);
        let writers: Vec<_> = writers.into_iter().map(|writer| scope.spawn(|| writer.write())).collect();
        let written: Vec<_> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        drop(stop);
        (written, readers.into_iter().map(|reader| reader.join().unwrap()).sum::<usize>())
    });
    scene.world.done(&["commit"]);
    check(&scene, &written);
    let [changes, commits] = [|writer: &Writer<'_>| writer.changes, |writer: &Writer<'_>| writer.commits];
    say(format_args!(
        "crowd: {WRITERS} writers at once staged {} changes and committed {} times, {READERS} readers read {reads} \
         times; {:.0} s",
        written.iter().map(changes).sum::<usize>(),
        written.iter().map(commits).sum::<usize>(),
        start.elapsed().as_secs_f32(),
    ));
}

/// The last word of every writer is committed, published, and what the records of the log add up to.
fn check(scene: &Scene, written: &[Writer<'_>]) {
    let keystore = inspection::open(&scene.world.store());
    let snapshot = keystore.read().unwrap();
    Log::new().verify(&snapshot);
    assert!(snapshot.stage().is_empty());
    let mut replayed: BTreeMap<Endpoint, Option<KeyPath>> = BTreeMap::new();
    for (record, _) in snapshot.records(usize::MAX).unwrap().into_iter().rev() {
        for change in record.changes {
            match change {
                Change::Bind { endpoint, key } => _ = replayed.insert(endpoint, Some(key)),
                Change::Unbind { endpoint } => _ = replayed.insert(endpoint, None),
                _ => {}
            }
        }
    }
    let mut live = Live::default();
    for (endpoint, key) in written.iter().flat_map(|writer| &writer.last_words) {
        let (endpoint, key): (Endpoint, Option<KeyPath>) =
            (endpoint.parse().unwrap(), key.map(|key| key.parse().unwrap()));
        assert_eq!(snapshot.committed_binding(&endpoint).unwrap(), key, "{endpoint}");
        assert_eq!(replayed.get(&endpoint), Some(&key), "{endpoint} in the log");
        if let Some(key) = key {
            let current = snapshot.key(&key).unwrap().unwrap().current.unwrap();
            let served = live.check(&scene.live(&endpoint.to_string()));
            assert_eq!(served, current.installed.summary.fingerprint, "{endpoint}");
        }
    }
}

/// One of the crowd: runs the program again and again, never two at once.
struct Writer<'a> {
    scene: &'a Scene,
    dice: StdRng,
    pairs: Vec<[String; 2]>,
    last_words: BTreeMap<String, Option<&'static str>>,
    changes: usize,
    commits: usize,
}

impl<'a> Writer<'a> {
    fn new(scene: &'a Scene, number: usize, seed: u64) -> Self {
        let pairs = pairs_of(number).collect();
        Self { scene, dice: StdRng::seed_from_u64(seed), pairs, last_words: BTreeMap::new(), changes: 0, commits: 0 }
    }

    fn write(mut self) -> Self {
        while self.changes < CHANGES {
            self.change();
            if self.dice.random_ratio(1, 5) {
                self.run(&["commit", "-m", "what is there"]);
                self.commits += 1;
            }
        }
        self
    }

    /// Binds a pair of endpoints to one of the keys, or frees them.
    fn change(&mut self) {
        let pair = choose(&mut self.dice, &self.pairs).clone();
        let [one, other] = pair.each_ref().map(String::as_str);
        let is_bound = self.last_words.get(one).is_some_and(Option::is_some);
        let key = if is_bound && self.dice.random_ratio(1, 3) { None } else { Some(*choose(&mut self.dice, &KEYS)) };
        match key {
            Some(key) => self.run(&["bind", key, one, other]),
            None => self.run(&["unbind", one, other]),
        }
        self.last_words.extend(pair.map(|endpoint| (endpoint, key)));
        self.changes += 1;
    }

    /// Whoever is told to wait long enough gets its turn.
    fn run(&self, arguments: &[&str]) {
        self.scene.world.done(&[arguments, &["--lock-wait", "300"]].concat());
    }
}
