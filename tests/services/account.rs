//! Who runs the daemons: root, who has them give up root, or anybody.

use std::io::Write as _;

use nix::unistd::{Gid, Group, Uid, User, geteuid};

/// Whether the tests run as root.
pub(crate) fn is_root() -> bool {
    geteuid().is_root()
}

/// The account that runs the tests.
pub(crate) fn own() -> User {
    named(User::from_uid(geteuid()), "the account of this process")
}

/// An account without rights, for daemons started by root.
pub(crate) fn nobody() -> User {
    named(User::from_name("nobody"), "nobody")
}

/// The group of an account.
pub(crate) fn group(gid: Gid) -> String {
    named(Group::from_gid(gid), "the group").name
}

/// Gives a folder to an account.
pub(crate) fn give(folder: &std::path::Path, uid: Uid, gid: Gid) {
    std::os::unix::fs::chown(folder, Some(uid.as_raw()), Some(gid.as_raw())).expect("root gives a folder away");
}

fn named<T>(found: nix::Result<Option<T>>, what: &str) -> T {
    found.unwrap_or_else(|error| panic!("{what}: {error}")).unwrap_or_else(|| panic!("{what} has no name here"))
}

/// Whether root runs a test whose daemons become other users. Others are told what was not run; with CI=true that fails.
#[track_caller]
pub(crate) fn may_become_others(test: &str) -> bool {
    if !is_root() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "with CI=true nothing may be left out: run {test} as root"
        );
        let _ =
            writeln!(std::io::stderr(), "NOT RUN: {test}: its daemons become other users, which only root can start");
    }
    is_root()
}

/// An account that a package makes.
pub(crate) fn of_package(name: &str, package: &str) -> User {
    User::from_name(name).ok().flatten().unwrap_or_else(|| {
        panic!("there is no account {name}: the Debian package {package} makes it (tests/run sees to it)")
    })
}
