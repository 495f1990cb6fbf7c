//! Readers that never stop: each thing they read is of one generation, and none older than what they read before.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::scene::document;
use crate::common::World;

/// How long a reader rests after five commands: others are to have a turn on two processors.
const PAUSE: Duration = Duration::from_millis(20);

/// One reader.
pub(crate) struct Reader<'a> {
    world: &'a World,
    /// Endpoints of different servers that are always bound and freed together.
    pairs: &'a [[String; 2]],
    /// A key that is there.
    key: &'a str,
    newest: u64,
    /// How often each command was run.
    pub(crate) runs: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(world: &'a World, pairs: &'a [[String; 2]], key: &'a str) -> Self {
        Self { world, pairs, key, newest: 0, runs: 0 }
    }

    /// Reads again and again until the others are done. Returns how often.
    pub(crate) fn read_until(mut self, done: &AtomicBool) -> usize {
        while !done.load(Ordering::Acquire) {
            self.list();
            self.log();
            self.read(&["status"]);
            self.list();
            self.read(&["show", self.key]);
            std::thread::sleep(PAUSE);
        }
        self.runs
    }

    /// Runs a command that reads, for which nothing is a reason to fail or to wait.
    fn read(&mut self, arguments: &[&str]) -> Value {
        self.runs += 1;
        let output = self.world.command(&[arguments, &["--json", "--lock-wait", "0"]].concat()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {}: {stderr}", String::from_utf8_lossy(&output.stdout));
        document(&output.stdout)["result"].take()
    }

    fn saw(&mut self, generation: u64) {
        assert!(generation >= self.newest, "generation {generation} after {}", self.newest);
        self.newest = generation;
    }

    fn list(&mut self) {
        let list = self.read(&["list"]);
        self.saw(list["generation"].as_u64().unwrap());
        for pair in self.pairs {
            let [one, other] = pair.each_ref().map(|endpoint| binding(&list, endpoint));
            assert_eq!(one, other, "generation {}: half of a change of {pair:?}", list["generation"]);
        }
    }

    /// The newest records, each the parent of the next.
    fn log(&mut self) {
        let log = self.read(&["log", "--limit", "20"]);
        let commits = log["commits"].as_array().unwrap();
        for two in commits.windows(2) {
            assert_eq!(two[0]["parent"], two[1]["hash"]);
            assert_eq!(two[0]["generation"].as_u64(), two[1]["generation"].as_u64().map(|generation| generation + 1));
        }
        if let Some(newest) = commits.first() {
            self.saw(newest["generation"].as_u64().unwrap());
        }
    }
}

/// What `list` says of an endpoint: what it is bound to, and what it will be.
fn binding<'a>(list: &'a Value, endpoint: &str) -> [Option<&'a str>; 2] {
    let services = list["services"].as_array().unwrap();
    let mut bindings = services.iter().flat_map(|service| service["bindings"].as_array().unwrap());
    let found = bindings.find(|binding| binding["endpoint"] == endpoint);
    ["committed", "upcoming"].map(|side| found.and_then(|binding| binding[side].as_str()))
}

/// Says that the work is done when it is dropped, be it by a panic, so that nobody goes on for ever.
pub(crate) struct WhenDropped<'a>(pub(crate) &'a AtomicBool);

impl Drop for WhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
