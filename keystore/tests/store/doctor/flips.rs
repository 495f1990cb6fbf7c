//! Every file of a keystore with a past: changed by a byte, cut off, lost.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use keystore::model::Generation;
use keystore::ops::doctor::{Code, Diagnosis};

use super::{codes, files, glance, with_history};
use crate::common::{House, mode};

/// Places in a file that are changed: enough to meet hashes, numbers, names and punctuation.
const PLACES: usize = 4;

fn names(diagnosis: &Diagnosis, file: &Path) -> bool {
    diagnosis.findings.iter().flat_map(|finding| &finding.paths).any(|path| path.as_path() == file)
}

fn generation_of(file: &Path) -> Option<Generation> {
    let name = file.strip_prefix("commits").ok()?.to_str()?;
    Some(Generation(name.strip_suffix(".json")?.parse().unwrap()))
}

/// The files that are judged: what the lock files say is of the past.
fn judged(house: &House) -> Vec<PathBuf> {
    let files: Vec<_> = files(house, "").into_iter().filter(|path| path.extension() != Some("lock".as_ref())).collect();
    let files: Vec<_> = files.into_iter().filter(|path| path != Path::new("lock")).collect();
    let kinds: BTreeSet<_> =
        files.iter().map(|path| path.components().next().unwrap().as_os_str().to_owned()).collect();
    assert_eq!(kinds.len(), 7, "{kinds:?}");
    files
}

/// Changes each file in turn and puts it back.
fn each_file(change: impl Fn(&Path, &[u8]), check: impl Fn(&Path, &Diagnosis)) {
    let house = with_history();
    for file in judged(&house) {
        let path = house.root().join(&file);
        let whole = fs::read(&path).unwrap();
        let mode = mode(&path);
        change(&path, &whole);
        check(&file, &glance(&house));
        fs::write(&path, &whole).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    assert_eq!(codes(&glance(&house)), [Code::LeftOver], "everything is as it was");
}

#[test]
fn a_changed_byte_is_found_in_every_file_and_named() {
    let house = with_history();
    for file in judged(&house) {
        let path = house.root().join(&file);
        let whole = fs::read(&path).unwrap();
        let places: BTreeSet<_> = (0..PLACES).map(|place| place * (whole.len() - 1) / (PLACES - 1)).collect();
        for place in places {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            fs::write(&path, &changed).unwrap();
            let diagnosis = glance(&house);
            assert!(names(&diagnosis, &file), "{} changed at {place}: {:#?}", file.display(), diagnosis.findings);
            if let Some(generation) = generation_of(&file) {
                assert_eq!(diagnosis.first_broken(), Some(generation));
            }
        }
        fs::write(&path, &whole).unwrap();
    }
}

#[test]
fn a_file_that_was_cut_off_is_found_and_named() {
    let truncate = |path: &Path, whole: &[u8]| fs::write(path, &whole[..whole.len() / 2]).unwrap();
    each_file(truncate, |file, diagnosis| assert!(names(diagnosis, file), "{}: {diagnosis:#?}", file.display()));
}

#[test]
fn a_file_that_was_lost_is_found_and_named() {
    let remove = |path: &Path, _: &[u8]| fs::remove_file(path).unwrap();
    each_file(remove, |file, diagnosis| match file.to_str().unwrap() {
        // An absent stage is an empty one; what it staged stands there without it.
        "stage.json" => assert!(codes(diagnosis).contains(&Code::CertificateUnused), "{diagnosis:#?}"),
        // The newest record leaves no gap; what came of it tells.
        "commits/0000000004.json" => assert!(codes(diagnosis).contains(&Code::LogCut), "{diagnosis:#?}"),
        // Nor does the newest entry of who read private keys.
        "audit/0000000006.json" => {}
        _ => assert!(names(diagnosis, file), "{}: {diagnosis:#?}", file.display()),
    });
}
