//! What `docs/keystore-format.md` assumes of the file system, and a whole life of a keystore, on ext4 and on tmpfs.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::RngExt as _;

use super::inspection::{self, Live, Log};
use super::mount::{Mounted, not_run};
use super::readers::WhenDropped;
use super::scene::{Scene, dice, say};
use crate::common::PROGRAM;

const KEY: &str = "mail01/imap/main";
const ENDPOINTS: [&str; 3] = ["mail01/imap@default", "mail01/imap@192.0.2.7:993", "mail02/smtp@default"];
const ROTATIONS: usize = 25;

#[test]
fn ext4_does_what_is_assumed_of_it() {
    match Mounted::ext4() {
        Some(mounted) => everything_on(mounted.path(), "ext4 in a file of its own"),
        None => everything_on(&std::env::temp_dir(), "the disk of temporary files, as no ext4 can be mounted here"),
    }
}

#[test]
fn tmpfs_does_what_is_assumed_of_it() {
    let shared = Path::new("/dev/shm");
    match Mounted::tmpfs(16384, 16384) {
        Some(mounted) => everything_on(mounted.path(), "a tmpfs of its own"),
        None if kind_of(shared) == "tmpfs" => everything_on(shared, "/dev/shm"),
        None => not_run("tmpfs"),
    }
}

/// The name of a file system, as far as its magic number tells.
fn kind_of(folder: &Path) -> String {
    match rustix::fs::statfs(folder).map(|status| status.f_type) {
        Ok(0xef53) => "ext4 (or ext2, ext3)".to_owned(),
        Ok(0x0102_1994) => "tmpfs".to_owned(),
        Ok(0x5846_5342) => "xfs".to_owned(),
        Ok(0x9123_683e) => "btrfs".to_owned(),
        Ok(0x794c_7630) => "overlayfs".to_owned(),
        Ok(other) => format!("a file system of type {other:#x}"),
        Err(error) => format!("unknown ({error})"),
    }
}

fn everything_on(folder: &Path, name: &str) {
    say(format_args!("file systems: {}: {name}", kind_of(folder)));
    let ground = tempfile::tempdir_in(folder).unwrap();
    one_of_many_makes_a_name(ground.path());
    a_rename_is_never_seen_half_done(ground.path());
    a_lock_has_one_holder(ground.path());
    syncs_are_to_be_had(ground.path());
    a_life(folder);
}

/// `link` and an exclusive `open` make a name where none is: of many at once, exactly one.
fn one_of_many_makes_a_name(folder: &Path) {
    type Claim<'a> = &'a (dyn Fn(&Path, &Path) -> std::io::Result<()> + Sync);
    let exclusively = |from: &Path, to: &Path| {
        use std::io::Write as _;
        OpenOptions::new().write(true).create_new(true).open(to)?.write_all(&fs::read(from)?)
    };
    let claims: [(&str, Claim<'_>); 2] =
        [("link", &|from, to| fs::hard_link(from, to)), ("an exclusive open", &exclusively)];
    for (what, claim) in claims {
        for round in 0..50 {
            let name = folder.join(format!("{what}-{round}"));
            let one = |number: usize| {
                let own = name.with_extension(number.to_string());
                fs::write(&own, number.to_string()).unwrap();
                claim(&own, &name).map(|()| number).map_err(|error| error.kind())
            };
            let results: Vec<_> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..4).map(|number| scope.spawn(move || one(number))).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let winners: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
            assert_eq!(winners.len(), 1, "{what}: {results:?}");
            assert_eq!(fs::read_to_string(&name).unwrap(), winners[0].to_string(), "{what}");
            let others = results.iter().filter_map(|result| result.as_ref().err());
            others.for_each(|error| assert_eq!(*error, ErrorKind::AlreadyExists, "{what}"));
        }
    }
}

/// Who reads a file or a link that is replaced by `rename` finds the one before or the one after.
fn a_rename_is_never_seen_half_done(folder: &Path) {
    let (file, link) = (folder.join("file"), folder.join("link"));
    let texts = ["a".repeat(9000), "b".repeat(5000)];
    let replace = |text: &str| {
        fs::write(folder.join("file.new"), text).unwrap();
        fs::rename(folder.join("file.new"), &file).unwrap();
        symlink(&text[..1], folder.join("link.new")).unwrap();
        fs::rename(folder.join("link.new"), &link).unwrap();
    };
    replace(&texts[0]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stop = WhenDropped(&done);
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                let found = fs::read_to_string(&file).unwrap();
                assert!(texts.contains(&found), "{} octets", found.len());
                let target = fs::read_link(&link).unwrap();
                assert!(target == Path::new("a") || target == Path::new("b"), "{target:?}");
            }
        });
        (0..1000).for_each(|round| replace(&texts[round % 2]));
        drop(stop);
    });
}

fn a_lock_has_one_holder(folder: &Path) {
    let path = folder.join("lock");
    let open = || OpenOptions::new().create(true).append(true).open(&path).unwrap();
    let holder = open();
    holder.try_lock().unwrap();
    assert!(matches!(open().try_lock(), Err(fs::TryLockError::WouldBlock)));
    drop(holder);
    open().try_lock().unwrap();
}

fn syncs_are_to_be_had(folder: &Path) {
    let open = File::open(folder).unwrap();
    open.sync_all().unwrap();
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(&open).unwrap();
}

/// From `init` through rotations, some of them killed, while somebody reads what services read.
fn a_life(folder: &Path) {
    let mut dice = dice("file systems");
    let scene = Scene::below(folder);
    scene.certify(KEY);
    scene.world.done(&[&["bind", KEY], &ENDPOINTS[..]].concat());
    let mut takes = timed(|| _ = scene.world.done(&["commit"]));
    let (done, mut killed) = (AtomicBool::new(false), 0);
    let reads = std::thread::scope(|scope| {
        let stop = WhenDropped(&done);
        let reader = scope.spawn(|| read_like_a_service(&scene, &done));
        for _ in 0..ROTATIONS {
            scene.renew(KEY);
            killed += usize::from(commit_killed(&scene, takes.mul_f64(dice.random())));
            takes = timed(|| _ = scene.world.done(&["commit"]));
        }
        drop(stop);
        reader.join().unwrap()
    });
    let keystore = inspection::open(&scene.world.store());
    let snapshot = keystore.read().unwrap();
    Log::new().verify(&snapshot);
    let key = KEY.parse().unwrap();
    inspection::check_key(&scene.world.store(), &snapshot, &key);
    let current = snapshot.key(&key).unwrap().unwrap().current.unwrap().installed;
    assert_eq!(usize::try_from(current.version.0).unwrap(), ROTATIONS + 1);
    for endpoint in ENDPOINTS {
        assert_eq!(Live::default().check(&scene.live(endpoint)), current.summary.fingerprint);
    }
    modes_are_what_they_must_be(&scene);
    no_link_leads_out(&scene);
    say(format_args!("file systems: {ROTATIONS} rotations, {killed} killed, read {reads} times like a service"));
}

/// Reads `combined.pem` of each endpoint in turn: it is there, and the private key is the certificate's.
fn read_like_a_service(scene: &Scene, done: &AtomicBool) -> usize {
    let current = ENDPOINTS.map(|endpoint| scene.live(endpoint));
    let (mut live, mut reads) = (Live::default(), 0);
    while !done.load(Ordering::Acquire) {
        for current in &current {
            live.check_combined(current);
            reads += 1;
        }
    }
    reads
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Kills a commit at this moment of its run. Says whether that came in time.
fn commit_killed(scene: &Scene, moment: Duration) -> bool {
    let start = Instant::now();
    let mut command = scene.world.command(&["commit"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(moment.saturating_sub(start.elapsed()));
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

/// Whatever the umask: private keys are their owner's alone, certificates are for everybody.
fn modes_are_what_they_must_be(scene: &Scene) {
    for (umask, address) in [("0000", "192.0.2.8"), ("0777", "192.0.2.9")] {
        let bind = format!("umask {umask} && {PROGRAM} bind {KEY} mail03/pop3@{address}:995 && {PROGRAM} commit");
        scene.world.shell(&bind).exits(0);
    }
    let (mut private, mut public) = (0, 0);
    check_modes(&scene.world.store(), &mut |path, mode, is_folder| {
        let is_live = path.starts_with(scene.world.store().join("live")) || path == scene.world.store();
        let is_certificate =
            is_live && ["certificate.pem", "chain.pem", "fullchain.pem"].iter().any(|name| path.ends_with(name));
        let wanted = match (is_folder, is_live, is_certificate) {
            (true, true, _) => 0o711,
            (true, false, _) => 0o700,
            (false, _, true) => 0o644,
            (false, ..) => 0o600,
        };
        assert_eq!(mode, wanted, "{mode:04o} of {}", path.display());
        *(if is_certificate { &mut public } else { &mut private }) += 1;
    });
    assert!(private > 0 && public > 0);
}

fn check_modes(folder: &Path, check: &mut dyn FnMut(&Path, u32, bool)) {
    let metadata = folder.symlink_metadata().unwrap();
    if metadata.is_symlink() {
        return;
    }
    check(folder, metadata.permissions().mode() & 0o7777, metadata.is_dir());
    if metadata.is_dir() {
        fs::read_dir(folder).unwrap().for_each(|entry| check_modes(&entry.unwrap().path(), check));
    }
}

/// A folder of the keystore that is a symbolic link, even to the folder itself elsewhere, is not entered.
fn no_link_leads_out(scene: &Scene) {
    let (folder, elsewhere) = (scene.world.store().join("servers/mail01"), scene.world.path("elsewhere"));
    fs::rename(&folder, &elsewhere).unwrap();
    symlink(&elsewhere, &folder).unwrap();
    for command in [&["show", KEY][..], &["create-key", KEY, "--next"], &["create-key", "mail01/pop3/main"]] {
        let refused = scene.world.keyring(command);
        assert!(refused.code != 0, "{command:?}: {refused}");
    }
    assert!(!elsewhere.join("pop3").exists());
    fs::remove_file(&folder).unwrap();
    fs::rename(&elsewhere, &folder).unwrap();
    scene.world.done(&["show", KEY]);
}
