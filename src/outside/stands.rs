//! What stands where a file is to be written: nothing but a file is ever replaced, whatever was said.

use std::fs::FileType;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use super::OutsideError;

/// Refuses what would be written over a file that is there, before anything is done or asked for it; and with `force`
/// too over anything else: a rename would put a file where a device was, and root has the rights for it.
pub(crate) fn refuse_existing(path: &Path, force: bool) -> Result<(), OutsideError> {
    // what can't be looked at can't be written either, and says why
    let Ok(stands) = path.symlink_metadata() else { return Ok(()) };
    let name = || path.display().to_string();
    match word(stands.file_type()) {
        Some(what) => Err(OutsideError::NotAFile { name: name(), what }),
        None if force => Ok(()),
        None => Err(OutsideError::Exists { name: name() }),
    }
}

/// What it is; none for a file.
fn word(kind: FileType) -> Option<&'static str> {
    match kind {
        kind if kind.is_file() => None,
        kind if kind.is_symlink() => Some("a symbolic link"),
        kind if kind.is_dir() => Some("a folder"),
        kind if kind.is_fifo() => Some("a FIFO"),
        kind if kind.is_socket() => Some("a socket"),
        _ => Some("a device"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::super::{NewFile, write, write_all};
    use super::{OutsideError, refuse_existing, word};

    /// Everything that writes for the user, by force.
    fn writers(path: &Path) -> [Result<(), OutsideError>; 4] {
        let (folder, name) = (path.parent().unwrap(), path.file_name().unwrap().to_str().unwrap().to_owned());
        let bit_by_bit = || {
            let mut file = NewFile::create(path, 0o600, true)?;
            file.write_all(b"new").unwrap();
            file.finish()
        };
        [
            refuse_existing(path, true),
            write(path, b"new", true),
            bit_by_bit(),
            write_all(folder, &[(name, "new".to_owned())], true),
        ]
    }

    #[test]
    fn nothing_but_a_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "old").unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        symlink("file", at("link")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        let cases = [
            ("folder", "a folder"),
            ("link", "a symbolic link"),
            ("dangling", "a symbolic link"),
            ("socket", "a socket"),
        ];
        for (name, is) in cases {
            for result in writers(&at(name)) {
                assert!(
                    matches!(&result, Err(OutsideError::NotAFile { what, .. }) if *what == is),
                    "{name}: {result:?}"
                );
            }
            assert!(matches!(refuse_existing(&at(name), false), Err(OutsideError::NotAFile { .. })), "{name}");
        }
        assert_eq!(folder.path().read_dir().unwrap().count(), 5, "no temporary file is left");
        assert_eq!(std::fs::read(at("file")).unwrap(), b"old");
        for result in writers(&at("file")) {
            result.unwrap();
        }
        // asked only what it is, never written to
        assert_eq!(word(Path::new("/dev/null").metadata().unwrap().file_type()), Some("a device"));
    }
}
