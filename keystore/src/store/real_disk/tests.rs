use std::io::ErrorKind;

use rustix::fs::{self as sys, Mode, OFlags};

use super::{Disk as _, RealDisk, tells_of_failed_syncs};
use crate::store::disk::{Access, Kind, Status};
use crate::store::layout::StorePath;

fn disk() -> (tempfile::TempDir, RealDisk) {
    let folder = tempfile::tempdir().unwrap();
    let disk = RealDisk::create(&folder.path().join("a/keystore")).unwrap();
    (folder, disk)
}

fn path(text: &str) -> StorePath {
    text.split('/').fold(StorePath::root(), |path, part| path.join(part))
}

#[test]
fn everything_is_synced_at_once_only_where_a_failure_is_told() {
    for (release, tells) in [
        ("5.7.19", false),
        ("4.19.0-27-amd64", false),
        ("5.8.0", true),
        ("5.10.0-8-amd64", true),
        ("6.1", true),
        ("", false),
    ] {
        assert_eq!(tells_of_failed_syncs(release), tells, "{release}");
    }
}

#[test]
fn folders_above_the_keystore_are_made_where_they_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    for below in ["a/b/c/keystore", "a/b/c/keystore", "a/b/keystore"] {
        let disk = RealDisk::create(&folder.path().join(below)).unwrap();
        assert_eq!(disk.status(&StorePath::root()).unwrap().mode, 0o711);
    }
    disk_at_a_file(&folder.path().join("file"));
}

fn disk_at_a_file(file: &std::path::Path) {
    sys::open(file, OFlags::CREATE | OFlags::WRONLY, Mode::from_raw_mode(0o600)).unwrap();
    assert!(RealDisk::create(&file.join("keystore")).is_err());
    assert!(RealDisk::create(file).is_err());
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    let (_folder, disk) = disk();
    assert_eq!(disk.status(&StorePath::root()).unwrap().mode, 0o711);
    disk.create_folder(&path("live"), 0o711).unwrap();
    disk.create_file(&path("live/public"), b"x", 0o666.into(), true).unwrap();
    disk.create_file(&path("live/private"), b"x", 0o600.into(), true).unwrap();
    assert_eq!(disk.status(&path("live")).unwrap().mode, 0o711);
    assert_eq!(disk.status(&path("live/public")).unwrap().mode, 0o666);
    assert_eq!(disk.status(&path("live/private")).unwrap().mode, 0o600);
}

#[test]
fn modes_can_be_mended_where_a_file_may_not_be_read_and_never_through_a_link() {
    let (_folder, disk) = disk();
    disk.create_folder(&path("folder"), 0o777).unwrap();
    disk.create_file(&path("folder/file"), b"x", 0o222.into(), true).unwrap();
    disk.symlink("file", &path("folder/link")).unwrap();
    for (name, mode) in [("folder/file", 0o600), ("folder", 0o700)] {
        disk.set_mode(&path(name), mode).unwrap();
        assert_eq!(disk.status(&path(name)).unwrap().mode, mode);
    }
    assert!(disk.set_mode(&path("folder/link"), 0o644).is_err());
    assert_eq!(disk.status(&path("folder/file")).unwrap().mode, 0o600);
    disk.set_mode(&StorePath::root(), 0o700).unwrap();
    assert_eq!(disk.status(&StorePath::root()).unwrap().mode, 0o700);
}

#[test]
fn a_file_that_is_larger_than_any_that_is_kept_is_refused() {
    let (_folder, disk) = disk();
    disk.create_file(&path("file"), b"x", 0o600.into(), false).unwrap();
    let file = sys::openat(&disk.folder, "file", OFlags::WRONLY, Mode::empty()).unwrap();
    sys::ftruncate(&file, 1 << 40).unwrap();
    assert_eq!(disk.read(&path("file")).unwrap_err().kind(), ErrorKind::FileTooLarge);
    sys::ftruncate(&file, 1 << 20).unwrap();
    assert_eq!(disk.read(&path("file")).unwrap().len(), 1 << 20);
}

#[test]
fn never_writes_over_a_file_and_never_follows_a_link() {
    let (folder, disk) = disk();
    disk.create_file(&path("file"), b"first", 0o600.into(), true).unwrap();
    let again = disk.create_file(&path("file"), b"second", 0o600.into(), true).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);

    let outside = folder.path().join("outside");
    disk.symlink(outside.to_str().unwrap(), &path("link")).unwrap();
    assert!(disk.create_file(&path("link"), b"x", 0o600.into(), true).is_err());
    assert!(disk.create_file(&path("link/below"), b"x", 0o600.into(), true).is_err());
    assert!(disk.read(&path("link")).is_err());
    assert!(disk.list(&path("link")).is_err());
    assert!(disk.try_lock(&path("link")).is_err());
    assert_eq!(disk.status(&path("link")).unwrap().kind, Kind::Link);
    assert!(!outside.exists());
    assert_eq!(disk.read(&path("file")).unwrap(), b"first");
}

#[test]
fn a_second_lock_is_refused_until_the_first_is_dropped() {
    let (_folder, disk) = disk();
    let mut held = disk.try_lock(&path("lock")).unwrap().unwrap();
    held.describe("held by a test").unwrap();
    assert!(disk.try_lock(&path("lock")).unwrap().is_none());
    assert_eq!(disk.read(&path("lock")).unwrap().trim_ascii_end(), b"held by a test");
    drop(held);
    assert!(disk.try_lock(&path("lock")).unwrap().is_some());
}

#[test]
fn a_link_is_made_only_where_nothing_stands() {
    let (_folder, disk) = disk();
    disk.create_file(&path("one"), b"1", 0o600.into(), true).unwrap();
    disk.create_file(&path("two"), b"2", 0o600.into(), true).unwrap();
    assert_eq!(disk.link(&path("one"), &path("two")).unwrap_err().kind(), ErrorKind::AlreadyExists);
    disk.link(&path("one"), &path("three")).unwrap();
    assert_eq!(disk.read(&path("three")).unwrap(), b"1");
    assert_eq!(disk.list(&StorePath::root()).unwrap().len(), 3);
}

#[test]
fn the_whole_disk_can_be_synced() {
    let (_folder, disk) = disk();
    assert_eq!(disk.sync_everything().is_ok(), disk.can_sync_everything());
    disk.sync_folder(&StorePath::root()).unwrap();
}

#[test]
fn folders_are_found_at_once_and_by_steps_alike() {
    let (_folder, disk) = disk();
    disk.create_folder(&path("a"), 0o700).unwrap();
    disk.create_folder(&path("a/b"), 0o700).unwrap();
    disk.create_file(&path("a/b/file"), b"x", 0o600.into(), false).unwrap();
    disk.symlink("a", &path("link")).unwrap();
    for (name, is_there) in [("a/b", true), ("a/b/file", false), ("link/b", false), ("c", false)] {
        let name = std::path::Path::new(name);
        assert_eq!(disk.folder_at(name).is_ok(), is_there, "{}", name.display());
        assert_eq!(disk.folder_by_steps(name).is_ok(), is_there, "{}", name.display());
    }
}

#[test]
fn a_folder_outside_is_opened_as_it_is_and_not_through_a_link() {
    let (folder, disk) = disk();
    let place = folder.path().join("elsewhere");
    assert_eq!(disk.outside(&place).err().map(|error| error.kind()), Some(ErrorKind::NotFound));
    sys::mkdir(&place, Mode::from_raw_mode(0o755)).unwrap();
    let outside = disk.outside(&place).unwrap();
    outside.create_file(&path("file"), b"x", 0o640.into(), true).unwrap();
    assert_eq!(outside.root(), place);
    assert_eq!(outside.status(&path("file")).unwrap().mode, 0o640);
    sys::symlink(&place, folder.path().join("link")).unwrap();
    assert!(disk.outside(&folder.path().join("link")).is_err());
}

#[test]
fn a_file_is_given_away_before_anybody_can_read_it() {
    let (_folder, disk) = disk();
    let (owner, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let access = Access { mode: 0o640, owner: Some(owner), group: Some(group) };
    disk.create_file(&path("ours"), b"x", access, true).unwrap();
    let Status { mode, owner: of, .. } = disk.status(&path("ours")).unwrap();
    assert_eq!((mode, of), (0o640, owner));
    let foreign = Access { owner: Some(65534), group: Some(65534), ..access };
    let given = disk.create_file(&path("given"), b"x", foreign, true);
    if owner == 0 {
        given.unwrap();
        let Status { mode, owner, group, .. } = disk.status(&path("given")).unwrap();
        assert_eq!((mode, owner, group), (0o640, 65534, 65534));
    } else {
        // Nobody but root gives files away, and then nothing is in it.
        assert_eq!(given.unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(disk.read(&path("given")).unwrap(), b"");
    }
}
