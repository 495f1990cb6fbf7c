//! The program on a disk that fills up at every step of every command.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keystore::digest::Digest;
use keystore::model::VersionFacts;
use keystore::name::{KeyPath, ServicePath};

use super::inspection::{self, Live, Log, check_key};
use super::mount::{Mounted, not_run};
use super::scene::{Scene, live, say};
use crate::common::{Output, World};

const KEY: &str = "mail01/imap/main";
const ENDPOINTS: [&str; 3] = ["mail01/imap@default", "mail01/imap@192.0.2.7:993", "mail02/smtp@default"];
const BLOCKS: u64 = 1024;
const INODES: u64 = 1024;

/// What runs out.
#[derive(Clone, Copy, Debug)]
enum Resource {
    Blocks,
    Inodes,
}

/// One command, and a keystore on which it has something to do.
struct Case {
    name: &'static str,
    arguments: Vec<String>,
    template: PathBuf,
}

#[test]
fn a_full_disk_costs_nothing_but_the_command() {
    let Some(mounted) = Mounted::tmpfs(BLOCKS, INODES) else { return not_run("full disk") };
    let mut scene = Scene::new();
    let cases = cases(&scene);
    let store = mounted.path().join("keystore");
    scene.world.set("KEYRING_STORE", store.to_str().unwrap());
    for case in &cases {
        let trial = Trial { scene: &scene, case, disk: mounted.path(), store: &store };
        let [blocks, inodes] = [Resource::Blocks, Resource::Inodes].map(|resource| trial.run_out_of(resource));
        say(format_args!(
            "full disk: {:30} refused with up to {blocks} blocks or {inodes} inodes left, done with more",
            case.name
        ));
    }
}

#[test]
fn a_keystore_is_made_whole_or_not_on_a_full_disk() {
    let Some(mounted) = Mounted::tmpfs(BLOCKS, INODES) else { return not_run("full disk, init") };
    let mut world = World::empty();
    let store = mounted.path().join("keystore");
    world.set("KEYRING_STORE", store.to_str().unwrap());
    for resource in [Resource::Blocks, Resource::Inodes] {
        for left in 0.. {
            let filler = Filler::leave(mounted.path(), resource, left);
            let output = world.keyring(&["init", "--json"]);
            drop(filler);
            if output.code != 0 {
                check_error(&output);
                // what was left is no obstacle
                world.done(&["init"]);
            }
            world.done(&["create-key", KEY]);
            fs::remove_dir_all(&store).unwrap();
            if output.code == 0 {
                say(format_args!("full disk: init needs {left} {resource:?}"));
                break;
            }
        }
    }
}

/// A command that was refused says that the disk is full, and what to do.
#[track_caller]
fn check_error(output: &Output) {
    assert!([1, 6].contains(&output.code), "{output}");
    let error = output.error();
    assert!(error["message"].as_str().unwrap().contains("No space left on device"), "{output}");
    assert!(error["hint"].is_string(), "{output}");
}

fn cases(scene: &Scene) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name: &'static str, arguments: &[&str]| {
        let template = scene.world.path(&format!("template-{}", cases.len()));
        let keystore = scene.world.store();
        copy(&keystore, &template);
        cases.push(Case { name, arguments: arguments.iter().map(|word| (*word).to_owned()).collect(), template });
    };
    let bind = |key| [&["bind", key], &ENDPOINTS[..]].concat();
    let world = &scene.world;

    add("create-key", &["create-key", KEY]);
    world.done(&["create-key", KEY]);
    add("make-csr", &["make-csr", KEY, "--cn", "service.example.com"]);
    // a file of its own, as the reply to the next request takes the name of this one
    world.write("first.pem", world.read(&scene.reply(KEY, &scene.request(KEY))));
    add("install-cert", &["install-cert", KEY, "first.pem"]);
    world.done(&["install-cert", KEY, "first.pem"]);
    add("bind", &bind(KEY));
    world.done(&bind(KEY));
    add("unbind", &["unbind", ENDPOINTS[0]]);
    add("discard", &["discard"]);
    add("commit of a first certificate", &["commit"]);
    world.done(&["commit", "--no-publish"]);
    add("publish", &["publish"]);
    world.done(&["publish"]);
    add("copy-key", &["copy-key", KEY, "mail05/imap/copy"]);
    add("rename-key", &["rename-key", KEY, "mail05/imap/renamed"]);
    add("delete-key", &["delete-key", KEY, "--unbind"]);
    add("mark-compromised", &["mark-compromised", KEY, "--reason", "a backup was lost"]);
    world.done(&["rename-key", KEY, "mail05/imap/renamed"]);
    add("commit of a renamed key", &["commit"]);
    world.done(&["discard"]);
    add("create-key --next", &["create-key", KEY, "--next"]);
    scene.renew(KEY);
    add("commit of a next certificate", &["commit"]);
    add("commit --no-publish", &["commit", "--no-publish"]);
    world.done(&["commit"]);
    add("rollback", &["rollback", "1"]);
    world.done(&["rollback", "1"]);
    add("commit of a rollback", &["commit"]);
    leave_half_a_commit(scene);
    add("bind after a commit that died", &["bind", KEY, "mail03/smtp@default"]);
    add("commit after one that died", &["commit"]);
    cases
}

/// Kills a commit between its intent and its first switch.
fn leave_half_a_commit(scene: &Scene) {
    let intent = scene.world.store().join("intent.json");
    let before = Picture::of(&scene.world.store()).served;
    for round in 1..1000 {
        let mut command = scene.world.command(&["commit"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !intent.exists() && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
        let ended = child.wait().unwrap().success();
        if !ended && intent.exists() && Picture::of(&scene.world.store()).served == before {
            return;
        }
        let bind = ["bind", KEY, &format!("mail04/smtp@192.0.2.7:{round}")].map(str::to_owned);
        scene.world.done(&bind.each_ref().map(String::as_str));
    }
    panic!("no commit was ever killed on its way");
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(copied.success());
}

struct Trial<'a> {
    scene: &'a Scene,
    case: &'a Case,
    disk: &'a Path,
    store: &'a Path,
}

impl Trial<'_> {
    /// Runs the command with nothing left, then with a little more, until it has enough twice in a row. Returns the
    /// most that was not enough.
    fn run_out_of(&self, resource: Resource) -> String {
        let before = self.renew();
        self.keyring().exits(0);
        let after = self.picture();
        assert_ne!(before, after, "a command that does nothing proves nothing");
        let mut enough = Vec::new();
        for left in 0.. {
            assert!(left < 200, "{}: never enough {resource:?}", self.case.name);
            let succeeded = self.with(resource, left, &before, &after);
            enough.push(succeeded);
            if enough.ends_with(&[true, true]) {
                break;
            }
        }
        let most = enough.iter().rposition(|enough| !enough);
        most.map_or_else(|| "no".to_owned(), |most| most.to_string())
    }

    /// A fresh copy of the keystore. Returns how it looks.
    fn renew(&self) -> Picture {
        if self.store.exists() {
            fs::remove_dir_all(self.store).unwrap();
        }
        copy(&self.case.template, self.store);
        self.picture()
    }

    /// Runs the command with so much left. Says whether that was enough.
    fn with(&self, resource: Resource, left: u64, before: &Picture, after: &Picture) -> bool {
        self.renew();
        let filler = Filler::leave(self.disk, resource, left);
        let output = self.keyring();
        let what = format!("{} with {left} {resource:?} left: {output}", self.case.name);
        let found = self.picture();
        assert!(found == *after || found == *before && output.code != 0, "{what}: between: {found:#?}");
        if output.code != 0 {
            check_error(&output);
        }
        drop(filler);

        if found == *before {
            let again = self.keyring().exits(0);
            assert_eq!(self.picture(), *after, "{what}; with room again: {again}");
        }
        // whatever was left to be done behind a commit, the next writer does it
        self.scene.world.done(&["create-key", "mail09/smtp/next-writer"]);
        assert!(!self.store.join("intent.json").exists(), "{what}");
        output.code == 0
    }

    fn keyring(&self) -> Output {
        let arguments: Vec<_> = self.case.arguments.iter().map(String::as_str).chain(["--json"]).collect();
        self.scene.world.keyring(&arguments)
    }

    fn picture(&self) -> Picture {
        Picture::of(self.store)
    }
}

/// What there is, in words that are the same however often it took to make it.
#[derive(PartialEq, Eq, Debug)]
struct Picture {
    lines: Vec<String>,
    /// The certificates that services read, each with its private key.
    served: Vec<(String, Digest)>,
}

impl Picture {
    fn of(store: &Path) -> Self {
        let keystore = inspection::open(store);
        let snapshot = keystore.read().unwrap();
        Log::new().verify(&snapshot);
        let mut lines = vec![format!("generation {}, {:?}", snapshot.generation(), snapshot.stage().changes().count())];
        for server in snapshot.servers().unwrap() {
            for (protocol, keys) in snapshot.facts(&server).unwrap().protocols {
                for name in keys.into_keys() {
                    let service = ServicePath { server: server.clone(), protocol: protocol.clone() };
                    let key = KeyPath { service, name };
                    // versions that were copied and are in no tree are nobody's yet
                    let Some(view) = snapshot.key(&key).unwrap() else { continue };
                    check_key(store, &snapshot, &key);
                    let told = |version: &VersionFacts| (version.requests.len(), version.compromised.is_some());
                    let versions: Vec<_> = view.facts.versions.iter().map(told).collect();
                    let upcoming = view.upcoming().map(|installed| installed.summary.fingerprint);
                    let current = view.current.as_ref().map(|current| current.installed.summary.fingerprint);
                    lines.push(format!("{key}: {versions:?} {current:?} {upcoming:?} {:?}", view.bound));
                }
            }
        }
        let servers = snapshot.servers().unwrap().into_iter();
        let published = servers.flat_map(|server| snapshot.live_endpoints(&server).unwrap());
        let published = published.map(|endpoint| endpoint.to_string());
        let published = published.map(|endpoint| (live(store, &endpoint), endpoint));
        let published = published.filter(|(current, _)| current.symlink_metadata().is_ok());
        let served = published.map(|(current, endpoint)| (endpoint, Live::default().check(&current))).collect();
        Self { lines, served }
    }
}

/// Takes all that a file system has but a little, until it is dropped.
struct Filler {
    folder: PathBuf,
}

impl Filler {
    fn leave(disk: &Path, resource: Resource, left: u64) -> Self {
        let folder = disk.join("filler");
        fs::create_dir(&folder).unwrap();
        let filler = Self { folder };
        match resource {
            Resource::Blocks => {
                let mut file = fs::File::create(filler.folder.join("blocks")).unwrap();
                let status = rustix::fs::statvfs(disk).unwrap();
                let bytes = (status.f_bfree - left) * status.f_frsize;
                file.write_all(&vec![0; usize::try_from(bytes).unwrap()]).unwrap();
                assert_eq!(rustix::fs::statvfs(disk).unwrap().f_bfree, left);
            }
            Resource::Inodes => {
                for number in 0..rustix::fs::statvfs(disk).unwrap().f_ffree - left {
                    fs::File::create(filler.folder.join(number.to_string())).unwrap();
                }
                assert_eq!(rustix::fs::statvfs(disk).unwrap().f_ffree, left);
            }
        }
        filler
    }
}

impl Drop for Filler {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }
}
