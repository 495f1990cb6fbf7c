//! The systemd units of the guides, verified by systemd itself.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The units that a guide shows, by the file names that it gives them.
fn units(guide: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides").join(guide)).unwrap();
    let mut units = Vec::new();
    for part in text.split("/etc/systemd/system/").skip(1) {
        let name = part.split('`').next().unwrap().to_owned();
        let unit = part.split("```ini\n").nth(1).and_then(|rest| rest.split("```").next());
        units.push((name, unit.expect("a unit follows its name").to_owned()));
    }
    units
}

#[test]
fn the_units_of_the_guides_are_what_systemd_takes() {
    for guide in ["renewal.md", "mail-server.md"] {
        verify(&units(guide));
    }
}

#[track_caller]
fn verify(units: &[(String, String)]) {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(units.len(), 2);
    for (name, unit) in units {
        fs::write(folder.path().join(name), unit).unwrap();
    }
    for (name, _) in units {
        let mut verify = Command::new("systemd-analyze");
        verify.args(["verify", "--man=no", "--recursive-errors=no"]).arg(folder.path().join(name));
        let output = verify.env("SYSTEMD_UNIT_PATH", format!("{}:", folder.path().display())).output();
        let output = output.expect("systemd-analyze is installed");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.is_empty(), "{name}: {said}");
    }
}
