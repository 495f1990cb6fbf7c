//! Files outside the keystore once they are published: whether they are still what was put there.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use keystore::model::{FileForm, Profile, ServiceSettings};
use keystore::name::Endpoint;
use keystore::ops::doctor::{Code, Request, Severity};
use keystore::ops::publish::{Unlocked, unpublished_or_differing};
use keystore::ops::{Error, set_service::set_service};
use keystore::store::Placed;

use crate::common::{House, bind, commit, endpoint, installed_key};
use crate::doctor::run;

const AT: &str = "mail01/imap@default";

/// What a profile would say: the private key in the folder of the settings, and a file that may have one of two names.
fn placing(_: &Endpoint, settings: &ServiceSettings) -> Vec<Placed> {
    let Some(folder) = &settings.install_to else { return Vec::new() };
    let path = |name: &str| format!("{folder}/{name}").parse().unwrap();
    let copy = Placed::Form { path: path("key.pem"), form: FileForm::PrivateKey, mode: 0o640 };
    vec![copy, Placed::OneOf(vec![path("one"), path("other")])]
}

/// A published endpoint whose service is said to read its files in a folder, and that folder.
fn house(above: &Path) -> (House, PathBuf) {
    let (house, folder) = (House::new(), above.join("tls"));
    let keystore = house.open();
    installed_key(&keystore, "mail01/imap/main", "mail01.example.com");
    bind(&keystore, "mail01/imap/main", &[AT]).unwrap();
    let install_to = Some(folder.to_str().unwrap().parse().unwrap());
    let settings = ServiceSettings { install_to, ..ServiceSettings::of(Profile::Files) };
    set_service::<Error>(&keystore, &endpoint(AT).service, |_| Ok(Some(settings))).unwrap();
    commit(&keystore).unwrap();
    put(&house, &folder);
    (house, folder)
}

/// Puts the files where they belong.
fn put(house: &House, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    fs::copy(house.root().join("live/mail01/imap/default/current/private-key.pem"), folder.join("key.pem")).unwrap();
    chmod(&folder.join("key.pem"), 0o640);
    fs::write(folder.join("other"), "").unwrap();
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// What the doctor says of them.
fn found(house: &House) -> Vec<String> {
    let findings = run(house, &Request { placing: Some(placing), ..Request::default() }).diagnosis.findings;
    let is_ours = |code| code == Code::InstalledDiffers && Code::InstalledDiffers.severity() == Severity::Trouble;
    assert!(findings.iter().all(|finding| is_ours(finding.code)), "{findings:?}");
    findings.into_iter().map(|finding| finding.message).collect()
}

fn would_be_published(house: &House) -> usize {
    unpublished_or_differing(&house.open().read().unwrap(), &[], Some(placing)).unwrap().len()
}

#[test]
fn whatever_became_of_them_is_found_and_published_anew() {
    type Case = (&'static str, fn(&Path), usize);
    let cases: [Case; 9] = [
        ("key.pem is missing", |folder| fs::remove_file(folder.join("key.pem")).unwrap(), 1),
        ("key.pem is not what is published", |folder| fs::write(folder.join("key.pem"), "junk").unwrap(), 1),
        ("key.pem has mode 0644, and was given 0640", |folder| chmod(&folder.join("key.pem"), 0o644), 1),
        ("key.pem has mode 0600, and was given 0640", |folder| chmod(&folder.join("key.pem"), 0o600), 1),
        (
            "key.pem is no file any more",
            |folder| {
                fs::remove_file(folder.join("key.pem")).unwrap();
                symlink("other", folder.join("key.pem")).unwrap();
            },
            1,
        ),
        ("one is missing", |folder| fs::remove_file(folder.join("other")).unwrap(), 1),
        ("key.pem is missing, with its folder", |folder| fs::remove_dir_all(folder).unwrap(), 2),
        (
            "key.pem cannot be looked at: Not a directory (os error 20)",
            |folder| {
                fs::remove_dir_all(folder).unwrap();
                fs::write(folder, "").unwrap();
            },
            2,
        ),
        (
            "key.pem cannot be looked at: ",
            |folder| {
                fs::rename(folder, folder.with_extension("moved")).unwrap();
                symlink(folder.with_extension("moved"), folder).unwrap();
            },
            2,
        ),
    ];
    for (says, damage, count) in cases {
        let above = tempfile::tempdir().unwrap();
        let (house, folder) = house(above.path());
        assert_eq!((found(&house), would_be_published(&house)), (Vec::new(), 0), "{says}");
        damage(&folder);
        let found = found(&house);
        assert!(found[0].contains(says) && found.len() == count, "{says}: {found:?}");
        assert_eq!(would_be_published(&house), 1, "{says}");
    }
}

#[test]
fn either_name_will_do_and_contents_are_not_known() {
    let above = tempfile::tempdir().unwrap();
    let (house, folder) = house(above.path());
    fs::rename(folder.join("other"), folder.join("one")).unwrap();
    fs::write(folder.join("one"), "something else").unwrap();
    assert_eq!((found(&house), would_be_published(&house)), (Vec::new(), 0));
}

/// Commits other settings and publishes nothing.
fn commit_settings_only(house: &House) {
    let keystore = house.open();
    set_service::<Error>(&keystore, &endpoint(AT).service, |settings| {
        Ok(settings.map(|it| ServiceSettings { timeout: Some(1), ..it }))
    })
    .unwrap();
    let snapshot = keystore.read().unwrap();
    let plan = keystore::ops::commit::plan(&snapshot, keystore.world().now()).unwrap().without_publishing();
    let proposal = plan.propose(&snapshot, &Unlocked::new(), None).unwrap();
    keystore.begin_commit().unwrap().prepare(&proposal).unwrap().switch().unwrap().record().unwrap();
}

#[test]
fn what_is_behind_is_not_looked_at() {
    let above = tempfile::tempdir().unwrap();
    let (house, folder) = house(above.path());
    fs::remove_dir_all(&folder).unwrap();
    commit_settings_only(&house);
    let request = Request { placing: Some(placing), ..Request::default() };
    let findings = run(&house, &request).diagnosis.findings;
    assert_eq!(findings.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::Unpublished]);
}

#[test]
fn what_an_endpoint_was_given_last_is_its_own() {
    let above = tempfile::tempdir().unwrap();
    let (house, folder) = house(above.path());
    let keystore = house.open();
    let path = |name: &str| folder.join(name).to_str().unwrap().parse().unwrap();
    let is_free_or_own =
        |at: &str, name: &str| keystore.read().unwrap().is_free_or_own(&endpoint(at), &path(name), placing).unwrap();
    let other = "mail01/pop3@default";
    assert!(is_free_or_own(AT, "key.pem") && !is_free_or_own(other, "key.pem"));
    assert!(is_free_or_own(other, "missing") && is_free_or_own(other, "missing/key.pem"));
    // somebody else's permission bits do not make it another's
    chmod(&folder.join("key.pem"), 0o644);
    assert!(is_free_or_own(AT, "key.pem"));
    // what may be called differently each time, and what it was given by no settings
    fs::copy(folder.join("key.pem"), folder.join("copy.pem")).unwrap();
    assert!(!is_free_or_own(AT, "other") && !is_free_or_own(AT, "copy.pem"));
    fs::write(folder.join("key.pem"), "junk").unwrap();
    assert!(!is_free_or_own(AT, "key.pem"));
    put(&house, &folder);
    commit_settings_only(&house);
    assert!(!is_free_or_own(AT, "key.pem"), "what was said since has given it nothing");
}
