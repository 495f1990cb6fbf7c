//! docs/formats.md says of each format which test confirmed it: those tests are there, and they ask whom it says.
#![allow(clippy::disallowed_methods, reason = "reads the repository's documents and tests")]

use std::path::{Path, PathBuf};

/// The programs, and a word that stands in a test which runs them.
const STRANGERS: [(&str, &str); 7] = [
    ("openssl", "openssl"),
    ("GnuTLS", "certtool"),
    ("NSS", "certutil"),
    ("Java", "keytool"),
    ("python", "python"),
    ("ssh-keygen", "ssh_keygen"),
    ("kept files", "fixture"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The texts in backquotes that are paths of tests.
fn tests_in(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).filter(|code| code.contains("::") && !code.contains(['[', ' '])).collect()
}

/// The file of a test: `module::test` below tests/interop, `keystore::module::test` in the library.
fn file_of(test: &str) -> PathBuf {
    let (module, _) = test.rsplit_once("::").expect("a path");
    match module.strip_prefix("keystore::") {
        Some(module) => root().join("keystore/src").join(module.replace("::", "/")).join("tests.rs"),
        None => root().join("tests/interop").join(module.replace("::", "/")).with_extension("rs"),
    }
}

/// The file of a test, which must have that test.
fn text_of(test: &str) -> String {
    let file = file_of(test);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{test}: {}: {error}", file.display()));
    let (_, name) = test.rsplit_once("::").expect("a path");
    assert!(text.contains(&format!("#[test]\nfn {name}() {{")), "{}: no test {name}", file.display());
    text
}

/// The strangers of `openssl, GnuTLS: `, and the tests behind them.
fn check_cell(format: &str, cell: &str) {
    assert!(!tests_in(cell).is_empty(), "{format}: no test in \"{cell}\"");
    for part in cell.split(';') {
        let Some((who, tests)) = part.split_once(": `") else {
            assert!(part.contains("was at hand"), "{format}: no test in \"{part}\"");
            continue;
        };
        let texts: String = tests_in(&format!("`{tests}")).into_iter().map(text_of).collect();
        let named: Vec<_> = STRANGERS.iter().filter(|(stranger, _)| who.contains(stranger)).collect();
        assert!(!named.is_empty(), "{format}: nobody is named in \"{who}\"");
        for (stranger, word) in named {
            assert!(texts.to_lowercase().contains(word), "{format}: {stranger} is not asked in \"{tests}\"");
        }
    }
}

#[test]
fn every_cell_of_the_table_is_a_test() {
    let document = std::fs::read_to_string(root().join("docs/formats.md")).unwrap();
    let rows = document.lines().filter(|line| line.starts_with('|')).skip(2);
    let rows: Vec<Vec<&str>> = rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect();
    assert!(rows.len() > 15, "{rows:?}");
    for row in &rows {
        let [format, read, confirmed_reading, written, confirmed_writing] = row[..] else { panic!("{row:?}") };
        for (done, confirmed) in [(read, confirmed_reading), (written, confirmed_writing)] {
            assert_eq!(done.is_empty(), confirmed.is_empty(), "{format}");
            if !done.is_empty() {
                check_cell(format, confirmed);
            }
        }
    }
    for test in tests_in(&document) {
        text_of(test);
    }
}
