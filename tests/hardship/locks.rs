//! Waiting for a lock that another process of the program holds: one that was stopped in the middle of its work.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::scene::{Scene, document, say};

const KEY: &str = "mail01/imap/main";

/// A keystore with a key, and enough endpoints to keep a commit busy.
fn scene() -> (Scene, Vec<String>) {
    let scene = Scene::new();
    scene.certify(KEY);
    let endpoints = (1..=60).map(|last| format!("mail01/imap@192.0.2.{last}:993")).collect();
    scene.world.done(&["commit"]);
    (scene, endpoints)
}

fn is_held(lock: &Path) -> bool {
    matches!(File::open(lock).unwrap().try_lock(), Err(fs::TryLockError::WouldBlock))
}

/// A process that stands still with a lock in its hands.
struct Stopped {
    child: Child,
    note: Value,
}

impl Stopped {
    /// Starts the program until it is caught with this lock in its hands.
    fn with(scene: &Scene, lock: &str, arguments: &mut dyn FnMut() -> Vec<String>) -> Self {
        let lock = scene.world.store().join(lock);
        for _ in 0..1000 {
            let arguments = arguments();
            let words: Vec<_> = arguments.iter().map(String::as_str).collect();
            let mut command = scene.world.command(&words);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            if let Some(note) = stop_at_work(&mut child, &lock) {
                return Self { child, note };
            }
            assert!(child.wait().unwrap().success(), "{arguments:?}");
        }
        panic!("nobody was ever caught with {} in its hands", lock.display());
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Lets it go on.
    fn go_on(mut self) {
        self.signal(Signal::CONT);
        assert!(self.child.wait().unwrap().success());
    }

    /// What others are to be told of it.
    fn description(&self, command: &str) -> String {
        let Value::String(since) = &self.note["since"] else { panic!("no time in {}", self.note) };
        format!("`keyring {command}` (process {}, since {since})", self.child.id())
    }
}

/// Stops a process as soon as it has written its note into the lock file. Its note, when it holds the lock then.
fn stop_at_work(child: &mut Child, lock: &Path) -> Option<Value> {
    let pid = Pid::from_child(child);
    while child.try_wait().unwrap().is_none() {
        let note = serde_json::from_slice::<Value>(&fs::read(lock).unwrap_or_default()).unwrap_or_default();
        if note["pid"] == child.id() {
            // it may have ended meanwhile, which is no harm: it has not been waited for
            kill_process(pid, Signal::STOP).unwrap();
            std::thread::sleep(Duration::from_millis(5));
            if is_held(lock) {
                return Some(note);
            }
            kill_process(pid, Signal::CONT).unwrap();
            return None;
        }
    }
    None
}

fn is_refused(scene: &Scene, arguments: &[&str], holder: &str) {
    let start = Instant::now();
    let output = scene.world.keyring(&[arguments, &["--lock-wait", "1", "--json"]].concat()).exits(5);
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(1), "it waited only {waited:?}");
    let error = output.error();
    assert_eq!(error["kind"], "locked");
    assert_eq!(error["code"], "locked");
    let message = error["message"].as_str().unwrap();
    assert!(message.ends_with(&format!("the keystore is in use by {holder}")), "{message}");
}

/// A writer that waits while the holder stands still, and goes on as soon as the holder does.
fn waits(scene: &Scene, holder: Stopped, arguments: &[&str]) {
    let words = [arguments, &["--lock-wait", "300"]].concat();
    let mut command = scene.world.command(&words);
    let mut waiting = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(waiting.try_wait().unwrap().is_none(), "{words:?} did not wait");
    holder.go_on();
    assert!(waiting.wait().unwrap().success(), "{words:?}");
}

#[test]
fn who_waits_for_a_commit_is_told_whose_it_is() {
    let (scene, endpoints) = scene();
    let mut round = 0;
    let mut commit = || {
        round += 1;
        let key = format!("mail01/imap/number-{round}");
        scene.certify(&key);
        let bind: Vec<_> = ["bind", &key].into_iter().chain(endpoints.iter().map(String::as_str)).collect();
        scene.world.done(&bind);
        vec!["commit".to_owned()]
    };
    let holder = Stopped::with(&scene, "publish.lock", &mut commit);
    is_refused(&scene, &["commit"], &holder.description("commit"));
    is_refused(&scene, &["publish"], &holder.description("commit"));
    // readers neither wait nor fail
    scene.world.done(&["list", "--lock-wait", "0"]);
    let log = scene.world.done(&["log", "--json", "--lock-wait", "0"]).stdout;
    let before = document(log.as_bytes())["result"]["commits"].as_array().unwrap().len();
    waits(&scene, holder, &["commit"]);
    let log = scene.world.done(&["log", "--json"]).stdout;
    assert_eq!(document(log.as_bytes())["result"]["commits"].as_array().unwrap().len(), before + 1);
    say(format_args!("locks: a commit was stopped at work after {round} tries"));
}

#[test]
fn who_waits_for_a_writer_is_told_whose_it_is() {
    let (scene, endpoints) = scene();
    // so that a commit has something to do
    scene.world.done(&["bind", KEY, "mail03/smtp@default"]);
    let mut round = 0;
    let mut bind = || {
        round += 1;
        ["bind", KEY].into_iter().map(str::to_owned).chain(endpoints.iter().skip(round % 2).cloned()).collect()
    };
    let holder = Stopped::with(&scene, "lock", &mut bind);
    for command in [&["create-key", "mail02/imap/main"][..], &["discard"], &["commit"]] {
        is_refused(&scene, command, &holder.description("bind"));
    }
    scene.world.done(&["status", "--lock-wait", "0"]);
    waits(&scene, holder, &["create-key", "mail02/imap/main"]);
    scene.world.done(&["show", "mail02/imap/main"]);
    say(format_args!("locks: a writer was stopped at work after {round} tries"));
}
